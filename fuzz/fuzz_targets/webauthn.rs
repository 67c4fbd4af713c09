#![no_main]
#[path = "../../crates/protocols/tests/protocols/fuzz.rs"]
mod fuzz;
#[path = "../../crates/protocols/tests/protocols/vectors/mod.rs"]
mod vectors;
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::webauthn(data));
