//! Exits with the status that its argument names.

use std::process::ExitCode;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref().map(str::parse) {
        Some(Ok(code)) => std::process::exit(code),
        _ => {
            eprintln!("usage: exit-code STATUS");
            ExitCode::from(64)
        }
    }
}
