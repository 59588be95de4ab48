//! The users of a run, by number. Their ids have the 36 bytes of a UUID, as the peer's.

use stagedoor_domain::UserId;

/// User number `index`.
pub(crate) fn user(index: usize) -> UserId {
    UserId::new(format!("00000000-0000-4000-8000-{index:012}")).expect("a UUID is an id")
}

/// Which number a user of [`user`] has.
pub(crate) fn index_of(user: &UserId) -> usize {
    user.as_str().rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// A number below `n` that jumps about as `i` counts: the peer's way to spread over users.
pub(crate) fn spread(i: usize, n: usize) -> usize {
    i.wrapping_mul(7919) % n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_number_that_made_them() {
        assert_eq!(index_of(&user(49_999)), 49_999);
        assert_eq!(user(7).as_str().len(), 36);
    }
}
