//! What is said when the arguments are wrong: one line that names the argument and what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory};

use crate::Edgekv;
use crate::exit::{Failure, Form, Status};
use crate::quoted::Line;

/// Shows help, or what is wrong with the arguments.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody is left to be told when even this cannot be printed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let form = form();
    match (line(error), form) {
        (Some(line), _) => Failure::said(Status::Usage, line).report(form),
        (None, Form::Json) => {
            let line = format!("the command is missing; see `{} --help`", own_arguments().command);
            Failure::said(Status::Usage, line).report(form)
        }
        (None, Form::Text) => {
            drop(error.print());
            Status::Usage.into()
        }
    }
}

/// How errors were asked for, as far as that can be seen in arguments that are wrong.
fn form() -> Form {
    let own = own_arguments();
    let can_json = matches!(own.command.split(' ').nth(1), Some("inspect" | "kv" | "store"));
    if can_json && own.arguments.iter().any(|argument| argument == "--json") {
        Form::Json
    } else {
        Form::Text
    }
}

/// How a user has given the value of a flag: by the flag, or by its variable.
pub(crate) fn origin(flag: &str) -> String {
    match variables().remove(flag) {
        Some(variable) if !is_given(flag) && env::var_os(&variable).is_some() => variable,
        _ => flag.to_owned(),
    }
}

/// Whether the flag is among the arguments.
pub(crate) fn is_given(flag: &str) -> bool {
    own_arguments().arguments.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// The variables that stand for flags, of all commands, by their flags.
fn variables() -> BTreeMap<String, String> {
    fn add(command: &Command, variables: &mut BTreeMap<String, String>) {
        for arg in command.get_arguments() {
            if let (Some(long), Some(variable)) = (arg.get_long(), arg.get_env()) {
                variables.insert(format!("--{long}"), variable.to_string_lossy().into_owned());
            }
        }
        command.get_subcommands().for_each(|command| add(command, variables));
    }
    let mut variables = BTreeMap::new();
    add(&Edgekv::command(), &mut variables);
    variables
}

/// The arguments that are ours and not a program's.
struct Own {
    arguments: Vec<OsString>,
    /// The command that they are for, as it is typed.
    command: String,
}

/// With `run`, the flags and their values up to the first argument that is none are ours; with other commands all are.
fn own_arguments() -> Own {
    let edgekv = Edgekv::command();
    let mut own = Own { arguments: Vec::new(), command: edgekv.get_name().to_owned() };
    let mut command = &edgekv;
    let mut is_value = false;
    for argument in env::args_os().skip(1) {
        let text = argument.to_string_lossy();
        match text.strip_prefix("--") {
            _ if is_value => is_value = false,
            Some("") => break,
            Some(flag) => {
                // Flags of all commands may come before and behind the name of one.
                let mut args = command.get_arguments().chain(edgekv.get_arguments());
                let takes_value = args
                    .find(|arg| arg.get_long() == Some(flag))
                    .is_some_and(|arg| arg.get_action().takes_values());
                is_value = !flag.contains('=') && takes_value;
            }
            None if text.starts_with('-') => {}
            None if command.get_name() == "run" => break,
            None => {
                if let Some(found) = command.find_subcommand(&*text) {
                    command = found;
                    own.command = format!("{} {text}", own.command);
                }
            }
        }
        own.arguments.push(argument);
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
    let help = format!("see `{} --help`", own_arguments().command);
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
            match origin(flag) {
                variable if variable != flag => format!("{variable}: {line}"),
                _ => line,
            }
        }
        _ => format!("{}; {help}", first_line(error)),
    })
}

/// The line of the message that says what is wrong.
fn first_line(error: &clap::Error) -> String {
    let said = error.render().to_string();
    // A value may have lines of its own.
    let value = text(error.get(ContextKind::InvalidValue));
    let said =
        if value.contains(char::is_control) { said.replace(&value, &Line(&value).to_string()) } else { said };
    let line = said.lines().next().unwrap_or_default();
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
    let variables = variables().into_values();
    let variables = variables.filter(|name| env::var_os(name).is_some_and(|value| value.to_str().is_none()));
    arguments.chain(variables).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" or ")
}
