//! Any bytes as tables: of pupils with a relative beside them, of teachers, and as a spreadsheet.
#![no_main]

libfuzzer_sys::fuzz_target!(
    // The reader catches the panics of the spreadsheet parsers, which are not ours: those are not to end the run.
    init: {
        let end = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !rentree::feed::table::panic_is_caught() {
                end(panic);
            }
        }));
    },
    |bytes: &[u8]| {
        let _ = rentree::feed::fuzzing::table(bytes);
    }
);
