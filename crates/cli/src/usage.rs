//! What is said when the arguments are wrong: one line that names the argument and what to do.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit::Status;

/// The variables that stand for flags.
const VARIABLES: [(&str, &str); 2] = [("--engine", "EDGEKV_ENGINE"), ("--log", "EDGEKV_LOG")];

/// Shows help, or what is wrong with the arguments.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody is left to be told when even this cannot be printed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    match line(error) {
        Some(line) => eprintln!("edgekv: {line}"),
        None => drop(error.print()),
    }
    Status::Usage.into()
}

/// How a user has given the value of a flag: by the flag, or by its variable.
pub(crate) fn origin(flag: &'static str) -> &'static str {
    let is_given = own_arguments().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let variable = VARIABLES.iter().find(|(of, name)| *of == flag && env::var_os(name).is_some());
    match variable {
        Some((_, name)) if !is_given => name,
        _ => flag,
    }
}

/// The arguments that are ours and not the program's.
fn own_arguments() -> impl Iterator<Item = OsString> {
    env::args_os().skip(1).take_while(|argument| argument != "--")
}

/// The line; `None` if help is the better answer.
fn line(error: &clap::Error) -> Option<String> {
    let argument = || text(error.get(ContextKind::InvalidArg));
    let help = if own_arguments().any(|argument| argument == "run") {
        "see `edgekv run --help`"
    } else {
        "see `edgekv --help`"
    };
    Some(match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => return None,
        ErrorKind::UnknownArgument => {
            let meant = match error.get(ContextKind::SuggestedArg) {
                Some(ContextValue::String(meant)) => format!("did you mean {meant}? "),
                _ => String::new(),
            };
            format!(
                "unexpected argument {:?}; {meant}arguments of the program go after `--`; {help}",
                argument()
            )
        }
        ErrorKind::MissingRequiredArgument => format!("the argument {} is missing; {help}", argument()),
        ErrorKind::InvalidUtf8 => format!("{} is not valid UTF-8; {help}", not_utf8()),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let line = first_line(error);
            let flag = argument();
            match VARIABLES.iter().find(|(of, _)| flag.starts_with(of)) {
                Some((of, _)) if origin(of) != *of => format!("{}: {line}", origin(of)),
                _ => line,
            }
        }
        _ => format!("{}; {help}", first_line(error)),
    })
}

/// The line of the message that says what is wrong.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn text(value: Option<&ContextValue>) -> String {
    match value {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(" "),
        _ => String::new(),
    }
}

/// The arguments and variables that are not text; the error does not say which.
fn not_utf8() -> String {
    let arguments = env::args_os().skip(1).filter(|argument| argument.to_str().is_none());
    let arguments = arguments.map(|argument| format!("the argument {argument:?}"));
    let variables = VARIABLES.iter().map(|(_, name)| *name);
    let variables = variables.filter(|name| env::var_os(name).is_some_and(|value| value.to_str().is_none()));
    arguments.chain(variables.map(str::to_owned)).collect::<Vec<_>>().join(" or ")
}
