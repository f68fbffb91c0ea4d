//! What is said when a guest trapped.

use std::fmt;
use std::path::{Path, PathBuf};

use wasmtime::{Trap, WasmBacktrace};

use crate::escaped::Escaped;
use crate::limits::MemoryLimit;

/// Most functions of a backtrace that are shown.
const MAX_FRAMES: usize = 12;

/// Functions between the mistake and the trap, or between the start and the program, by the beginnings of their names.
const MACHINERY: [&str; 10] = [
    "__main_void",
    "__original_main",
    "__rust",
    "__wasm_call_",
    "alloc::alloc::",
    "core::option::",
    "core::ops::function::",
    "core::panicking::",
    "core::result::",
    "std::",
];

/// More of them, by their whole names.
const MACHINERY_NAMES: [&str; 7] =
    ["_start", "_start.command_export", "abort", "dlabort", "main", "rust_begin_unwind", "rust_panic"];

/// What trapped, where, and what that usually means. Its text has several lines: the program and the cause, the functions
/// that were running, the innermost first, and perhaps a hint.
#[derive(Debug)]
pub struct TrapReport {
    program: PathBuf,
    cause: String,
    functions: Vec<Frame>,
    hint: Option<String>,
}

/// A function that was running.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    function: String,
    /// The module that it is in, where there are several and they have names.
    module: Option<String>,
}

impl TrapReport {
    /// Whether an error of Wasmtime comes from running code, and not from preparing to.
    pub(crate) fn is_trap(error: &wasmtime::Error) -> bool {
        error.is::<WasmBacktrace>() || error.is::<Trap>() || error.is::<wasmtime_wasi::I32Exit>()
    }

    /// In a component there are several modules, which are named beside their functions.
    pub(crate) fn new(
        program: &Path,
        is_component: bool,
        error: &wasmtime::Error,
        memory: &MemoryLimit,
    ) -> Self {
        let trap = error.downcast_ref::<Trap>();
        let cause = match trap {
            Some(trap) => trap.to_string(),
            // A function of the host has ended the guest; the backtrace is a context of its reason.
            None => error.root_cause().to_string(),
        };
        let backtrace = error.downcast_ref::<WasmBacktrace>();
        let functions = backtrace.iter().flat_map(|backtrace| backtrace.frames()).map(|frame| Frame {
            function: match frame.func_name() {
                Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
                None => format!("function {}", frame.func_index()),
            },
            module: frame.module().name().filter(|_| is_component).map(str::to_owned),
        });
        let hint = if memory.was_reached() {
            Some(format!(
                "the program wanted more memory than {} MiB; allow more by --max-memory",
                memory.max_mebibytes()
            ))
        } else {
            trap.and_then(|trap| hint(*trap)).map(str::to_owned)
        };
        Self {
            program: program.to_owned(),
            cause: cause.strip_prefix("wasm trap: ").unwrap_or(&cause).to_owned(),
            functions: trim(functions.collect()),
            hint,
        }
    }
}

/// Takes off what is not the program's own at both ends, unless nothing would be left.
fn trim(functions: Vec<Frame>) -> Vec<Frame> {
    let own = |Frame { function, .. }: &Frame| {
        !MACHINERY.iter().any(|beginning| function.starts_with(beginning))
            && !MACHINERY_NAMES.contains(&function.as_str())
    };
    match (functions.iter().position(own), functions.iter().rposition(own)) {
        (Some(first), Some(last)) => functions.into_iter().take(last + 1).skip(first).collect(),
        _ => functions,
    }
}

/// What a trap usually means for the author of the program.
const fn hint(trap: Trap) -> Option<&'static str> {
    match trap {
        Trap::UnreachableCodeReached => {
            Some("the program panicked or aborted; what it printed before says why, if it printed anything")
        }
        Trap::StackOverflow => Some("the program called itself without end, or too deeply"),
        Trap::MemoryOutOfBounds => {
            Some("the program used an address outside of its memory; a pointer was wrong")
        }
        Trap::BadSignature | Trap::IndirectCallToNull | Trap::TableOutOfBounds => {
            Some("the program called a function through a pointer that was wrong")
        }
        _ => None,
    }
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} trapped: {}", self.program.display(), Escaped::message(&self.cause))?;
        for (number, Frame { function, module }) in self.functions.iter().take(MAX_FRAMES).enumerate() {
            let word = if number == 0 { "in" } else { "by" };
            write!(f, "\n  {word} {}", Escaped::name(function))?;
            if let Some(module) = module {
                write!(f, " ({})", Escaped::name(module))?;
            }
        }
        if let more @ 1.. = self.functions.len().saturating_sub(MAX_FRAMES) {
            write!(f, "\n  and {more} more")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: impl Into<String>) -> Frame {
        Frame { function: function.into(), module: None }
    }

    fn names<const N: usize>(names: [&str; N]) -> Vec<Frame> {
        names.map(frame).into()
    }

    #[test]
    fn a_backtrace_keeps_the_programs_own_functions() {
        let all = names([
            "__rustc[123]::rust_panic",
            "std::panicking::panic_with_hook",
            "core::panicking::panic_fmt",
            "app::deep",
            "core::iter::map",
            "app::main",
            "std::rt::lang_start",
            "main",
            "__main_void",
            "_start",
            "_start.command_export",
        ]);
        assert_eq!(trim(all), names(["app::deep", "core::iter::map", "app::main"]));
        assert_eq!(trim(names(["abort", "_start"])), names(["abort", "_start"]), "rather that than nothing");
    }

    #[test]
    fn a_long_backtrace_is_cut() {
        let report = TrapReport {
            program: "app.wasm".into(),
            cause: "call stack exhausted".into(),
            functions: (0..14).map(|number| frame(format!("f{number}"))).collect(),
            hint: Some("h".into()),
        };
        let text = report.to_string();
        assert!(text.starts_with("app.wasm trapped: call stack exhausted\n  in f0\n  by f1\n"), "{text}");
        assert!(text.ends_with("  by f11\n  and 2 more\n  hint: h"), "{text}");
    }

    #[test]
    fn names_from_the_module_are_escaped_and_cut() {
        let report = TrapReport {
            program: "app.wasm".into(),
            cause: "a\nb".into(),
            functions: vec![
                Frame { module: Some("m\n".into()), ..frame("\x1b[31mred") },
                frame("f".repeat(1000)),
            ],
            hint: None,
        };
        let long = "f".repeat(120);
        assert_eq!(
            report.to_string(),
            format!("app.wasm trapped: a\\nb\n  in \\u{{1b}}[31mred (m\\n)\n  by {long}…")
        );
    }
}
