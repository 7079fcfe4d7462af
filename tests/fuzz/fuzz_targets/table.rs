//! Any bytes as tables: of pupils with a relative beside them, of teachers, and as a spreadsheet.
#![no_main]

libfuzzer_sys::fuzz_target!(
    // The reader catches the panics of the spreadsheet parsers, which are not ours: only a panic that nobody catches is
    // to end the run, and libFuzzer's own hook would end it before.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| {
        let _ = rentree::feed::fuzzing::table(bytes);
    }
);
