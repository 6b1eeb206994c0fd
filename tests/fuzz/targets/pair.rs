#![no_main]

libfuzzer_sys::fuzz_target!(|edits: fuzz::Edits| fuzz::pair(&edits));
