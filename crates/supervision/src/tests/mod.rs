//! The rules of OTP, one by one.
