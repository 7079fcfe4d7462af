//! Any bytes as a `.zip` or a `.tar.gz` that holds a delivery.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = rentree::feed::fuzzing::archive(bytes);
});
