//! What is said when the arguments are wrong: one line that names the argument and what to do.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory};

use crate::Edgekv;
use crate::exit::Status;

/// The variables that stand for flags.
const VARIABLES: [(&str, &str); 5] = [
    ("--code-cache", "EDGEKV_CODE_CACHE"),
    ("--engine", "EDGEKV_ENGINE"),
    ("--listen", "EDGEKV_LISTEN"),
    ("--log", "EDGEKV_LOG"),
    ("--log-format", "EDGEKV_LOG_FORMAT"),
];

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
    let is_given = own_arguments().iter().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let variable = VARIABLES.iter().find(|(of, name)| *of == flag && env::var_os(name).is_some());
    match variable {
        Some((_, name)) if !is_given => name,
        _ => flag,
    }
}

/// The arguments that are ours and not the program's. With `run` those are flags with their values, up to the first
/// argument that is none; with other commands all of them.
fn own_arguments() -> Vec<OsString> {
    let commands = Edgekv::command();
    let takes_value = |flag: &str| {
        let all = commands.get_subcommands().flat_map(Command::get_arguments).chain(commands.get_arguments());
        let mut named = all.filter(|arg| arg.get_long() == Some(flag));
        named.any(|arg| arg.get_action().takes_values())
    };
    let mut own = Vec::new();
    let mut command = None;
    let mut is_value = false;
    for argument in env::args_os().skip(1) {
        let text = argument.to_string_lossy();
        match text.strip_prefix("--") {
            _ if is_value => is_value = false,
            Some("") => break,
            Some(flag) => is_value = !flag.contains('=') && takes_value(flag),
            None if text.starts_with('-') => {}
            None if command.as_deref() == Some("run") => break,
            None => command = command.or_else(|| Some(text.into_owned())),
        }
        own.push(argument);
    }
    own
}

/// The first of a program's arguments that looks like a flag of a command, `edgekv run` before others, and the command.
pub(crate) fn flag_of_ours(arguments: &[String]) -> Option<(&str, String)> {
    let edgekv = Edgekv::command();
    let named = |command: &Command, name: &str| {
        command.get_arguments().filter_map(Arg::get_long).any(|long| long == name)
    };
    arguments.iter().find_map(|argument| {
        let flag = argument.strip_prefix("--")?;
        let name = flag.split_once('=').map_or(flag, |(name, _)| name);
        if named(&edgekv, name) {
            return Some((argument.as_str(), "run".to_owned()));
        }
        // `run` comes first among them.
        let command = edgekv.get_subcommands().find(|command| named(command, name))?;
        Some((argument.as_str(), command.get_name().to_owned()))
    })
}

/// The line; `None` if help is the better answer.
fn line(error: &clap::Error) -> Option<String> {
    let argument = || text(error.get(ContextKind::InvalidArg));
    let own = own_arguments();
    let commands = ["run", "serve", "compile", "store", "kv"];
    let command = commands.into_iter().find(|command| own.iter().any(|argument| argument == command));
    let help = match command {
        Some(command) => format!("see `edgekv {command} --help`"),
        None => "see `edgekv --help`".to_owned(),
    };
    Some(match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => return None,
        ErrorKind::UnknownArgument => {
            let meant = match error.get(ContextKind::SuggestedArg) {
                Some(ContextValue::String(meant)) => format!("did you mean {meant}? "),
                _ => String::new(),
            };
            format!("unexpected argument {:?}; {meant}{help}", argument())
        }
        ErrorKind::MissingRequiredArgument => {
            format!("the argument {} is missing; {help}", argument().trim_end_matches("..."))
        }
        ErrorKind::InvalidUtf8 => format!("{} is not valid UTF-8; {help}", not_utf8()),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let line = first_line(error);
            let flag = argument();
            // The flag comes with the name of its value.
            let flag = flag.split([' ', '=']).next().unwrap_or_default();
            match VARIABLES.iter().find(|(of, _)| *of == flag) {
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
