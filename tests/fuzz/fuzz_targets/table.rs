//! Any bytes as tables: of pupils with a relative beside them, of teachers, and as a spreadsheet.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = rentree::feed::fuzzing::table(bytes);
});
