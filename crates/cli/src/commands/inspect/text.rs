//! What is in a file, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgekv_compose::{Component, Inspection, Interface, Kind, Module};
use edgekv_runtime::Escaped;

use super::memory::{Bytes, Limits, owned};
use super::picture::{self, Style};
use crate::provision::{self, Provided};

/// Most lines of one list; programs that want all of it read JSON.
const MAX_LINES: usize = 200;

pub(super) fn report(
    file: &str,
    bytes: usize,
    inspection: &Inspection,
    is_verbose: bool,
    style: Style,
) -> String {
    let mut text = Text { out: String::new(), is_verbose };
    let size = Bytes(bytes as u64);
    match inspection {
        Inspection::Module(module) => {
            let what = if module.is_program { "a program" } else { "a library: it has no function `_start`" };
            text.line(
                0,
                format_args!("{file}: core module{}, {size}, {what}", called(module.name.as_deref())),
            );
            text.module(module);
        }
        Inspection::Component(component) => {
            let name = called(component.name.as_deref());
            text.line(0, format_args!("{file}: component{name}, {size}, {}", purpose(component)));
            text.out.push_str(&picture::draw(component, style));
            text.component(component);
        }
        _ => text.line(0, format_args!("{file}: {size}")),
    }
    text.out
}

fn called(name: Option<&str>) -> String {
    name.map(|name| format!(" {}", Escaped::name(name))).unwrap_or_default()
}

/// What can be done with a component.
fn purpose(component: &Component) -> &'static str {
    let exports =
        |name: &str| component.exports.iter().any(|export| export.name.split('@').next() == Some(name));
    match (exports("wasi:http/incoming-handler"), exports("wasi:cli/run")) {
        (true, true) => "a program, for `edgekv run` and `edgekv serve`",
        (true, false) => "a program, for `edgekv serve`",
        (false, true) => "a program, for `edgekv run`",
        (false, false) if exports("edgekv:kv/kv-store") => "a layer below programs, for `edgekv compose`",
        (false, false) => "a library",
    }
}

struct Text {
    out: String,
    is_verbose: bool,
}

impl Text {
    fn line(&mut self, depth: usize, line: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:1$}{line}", "", 2 * depth);
    }

    /// A heading, and as many lines below it as people read.
    fn list(
        &mut self,
        heading: impl std::fmt::Display,
        lines: impl ExactSizeIterator<Item = (usize, String)>,
    ) {
        self.line(0, heading);
        let more = lines.len().saturating_sub(MAX_LINES);
        for (depth, line) in lines.take(MAX_LINES) {
            self.line(depth, line);
        }
        if more > 0 {
            self.line(1, format_args!("and {more} more; --json has all of them"));
        }
    }

    fn module(&mut self, module: &Module) {
        let mut modules: BTreeMap<&str, Vec<(&str, Kind, Provided)>> = BTreeMap::new();
        for import in &module.imports {
            let provided = match import.kind {
                Kind::Function => provision::function(&import.module, &import.name),
                // The host has functions and nothing else.
                _ => Provided::No,
            };
            modules.entry(&import.module).or_default().push((&import.name, import.kind, provided));
        }
        let width = modules.keys().map(|name| Escaped::name(name).to_string().chars().count()).max();
        let mut lines = Vec::new();
        for (name, imports) in &modules {
            let name = Escaped::name(name).to_string();
            let count = of_kinds(imports.iter().map(|(_, kind, _)| *kind));
            let all: Vec<_> = imports.iter().map(|(_, _, provided)| *provided).collect();
            let notes = notes(&all);
            lines.push((1, format!("{name:0$}  {count}{notes}", width.unwrap_or_default())));
            for (name, kind, provided) in imports {
                let is_shown = self.is_verbose || matches!(provided, Provided::No | Provided::OtherVersion);
                if is_shown {
                    lines.push((2, with_note(&Escaped::name(name).to_string(), *kind, *provided)));
                }
            }
        }
        let all = modules.values().flatten().map(|(_, _, provided)| *provided);
        self.list(format_args!("imports: {}{}", module.imports.len(), there(all)), lines.into_iter());
        let exports = module.exports.iter().map(|export| {
            let kind =
                if export.kind == Kind::Function { String::new() } else { format!(" ({})", export.kind) };
            (1, format!("{}{kind}", Escaped::name(&export.name)))
        });
        self.list(format_args!("exports: {}", module.exports.len()), exports);
        let memories = module.memories.iter().map(|memory| (1, Limits(*memory).to_string()));
        self.list(format_args!("memories: {}", module.memories.len()), memories);
    }

    fn component(&mut self, component: &Component) {
        let all: Vec<_> = component.imports.iter().map(provided).collect();
        let heading = format!("imports: {}{}", all.len(), there(all.iter().copied()));
        self.interfaces(&heading, &component.imports, provided);
        let heading = format!("exports: {}", component.exports.len());
        self.interfaces(&heading, &component.exports, |_| Provided::Yes);
        let owned = owned(component);
        let listed = owned.iter().map(|owned| owned.instances).fold(0, u64::saturating_add);
        let memories: Vec<_> = owned
            .into_iter()
            .map(|owned| {
                let path: Vec<_> = owned.path.iter().map(|name| Escaped::name(name).to_string()).collect();
                let times = if owned.instances == 1 {
                    String::new()
                } else {
                    format!(" ({} times)", owned.instances)
                };
                (1, format!("{}{times}: {}", path.join(" / "), Limits(owned.memory)))
            })
            .collect();
        self.list(format_args!("memories: {}", component.memory_count), memories.into_iter());
        match component.memory_count.saturating_sub(listed) {
            0 => {}
            more => self.line(1, format_args!("and {more} more")),
        }
    }

    fn interfaces(&mut self, heading: &str, interfaces: &[Interface], provided: fn(&Interface) -> Provided) {
        let mut lines = Vec::new();
        for interface in interfaces {
            let name = Escaped::name(&interface.name).to_string();
            lines.push((1, with_note(&name, interface.kind, provided(interface))));
            if self.is_verbose {
                lines.extend(interface.functions.iter().map(|name| (2, Escaped::name(name).to_string())));
            }
        }
        self.list(heading, lines.into_iter());
    }
}

/// What becomes of an import of a component.
pub(super) fn provided(import: &Interface) -> Provided {
    match import.kind {
        Kind::Instance => provision::interface(&import.name),
        // Types need nobody.
        Kind::Type => Provided::Yes,
        _ => Provided::No,
    }
}

/// A name, and what is not as usual with it.
fn with_note(name: &str, kind: Kind, provided: Provided) -> String {
    let kind = match kind {
        Kind::Function | Kind::Instance => None,
        other => Some(other.to_string()),
    };
    let note = match provided {
        Provided::Yes => None,
        other => Some(other.to_string()),
    };
    match kind.into_iter().chain(note).collect::<Vec<_>>().join(", ") {
        nothing if nothing.is_empty() => name.to_owned(),
        words => format!("{name}  ({words})"),
    }
}

/// `3 functions, 1 memory`.
fn of_kinds(kinds: impl Iterator<Item = Kind>) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    kinds.for_each(|kind| *counts.entry(kind).or_default() += 1);
    let words = counts.into_iter().map(|(kind, count)| match (kind, count) {
        (kind, 1) => format!("1 {kind}"),
        (Kind::Memory, count) => format!("{count} memories"),
        (kind, count) => format!("{count} {kind}s"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// How many of these imports are there, as the end of a heading.
fn there(provided: impl Iterator<Item = Provided>) -> String {
    let (mut all, mut there) = (0, 0);
    for provided in provided {
        all += 1;
        there += usize::from(provided == Provided::Yes);
    }
    match (all, there) {
        (0, _) => String::new(),
        (all, there) if all == there => ", and this host has all of them".to_owned(),
        (_, 0) => ", and this host has none of them".to_owned(),
        (_, there) => format!(", and this host has {there} of them"),
    }
}

/// What is to be said of several imports together.
fn notes(provided: &[Provided]) -> String {
    let count = |what: Provided| provided.iter().filter(|provided| **provided == what).count();
    let mut notes = String::new();
    match count(Provided::Unsupported) {
        0 => {}
        count => notes.push_str(&format!("; calls of {count} are answered `unsupported`")),
    }
    match count(Provided::No) {
        0 => {}
        count => notes.push_str(&format!("; this host does not have {count}:")),
    }
    notes
}
