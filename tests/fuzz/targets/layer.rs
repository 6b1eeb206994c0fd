#![no_main]

libfuzzer_sys::fuzz_target!(|image: fuzz::Image| fuzz::layer(&image));
