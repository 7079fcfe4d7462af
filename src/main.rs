fn main() -> std::process::ExitCode {
    if std::env::args().nth(1).as_deref() == Some("__typeset") {
        return rentree::letters::child_main();
    }
    std::process::ExitCode::FAILURE
}
