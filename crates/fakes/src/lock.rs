use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what stays whole whatever panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
