//! The rules of OTP, one by one, in paused time; and the holes of ractor, each with a test that falls into it.

mod addresses;
mod backoff;
mod commands;
mod dynamic_crash;
mod dynamic_race;
mod dynamic_restart;
mod dynamic_start;
mod dynamic_stop;
mod intensity;
mod model;
mod ractor_holes;
mod records;
mod restart_types;
mod shutdown;
mod significant;
mod start;
mod strategies;
mod support;
mod tree_race;
mod when_needed;
