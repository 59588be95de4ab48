#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stagedoor_platforms::fuzzing::twitch_frame(data));
