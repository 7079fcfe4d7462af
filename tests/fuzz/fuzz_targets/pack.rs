//! Any bytes as what is inside a print pack, and as a receipt.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = rentree::letters::fuzz_pack(bytes);
});
