//! Any bytes as a file of pupils.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = rentree::feed::fuzzing::aaf(bytes);
});
