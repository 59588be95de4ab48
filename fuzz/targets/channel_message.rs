#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stagedoor_gateway::fuzzing::channel_message(data));
