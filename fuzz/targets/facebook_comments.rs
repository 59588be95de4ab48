#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stagedoor_platforms::fuzzing::facebook_comments(data));
