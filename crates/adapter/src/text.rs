//! The adapter, as text: one form for each function, global and import, of which a component gets those that it needs.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::OnceLock;

/// The module that has the adapter's own memory.
pub(crate) const STATE: &str = include_str!("text/state.wat");

/// All else.
const FILES: [&str; 11] = [
    include_str!("text/imports.wat"),
    include_str!("text/memory.wat"),
    include_str!("text/handles.wat"),
    include_str!("text/bodies.wat"),
    include_str!("text/trailers.wat"),
    include_str!("text/kv_store.wat"),
    include_str!("text/waits.wat"),
    include_str!("text/forgetting.wat"),
    include_str!("text/object_store.wat"),
    include_str!("text/async_io.wat"),
    include_str!("text/platform.wat"),
];

/// The functions of WASI.
const WASI: &str = include_str!("text/wasi.wat");

/// Marks a function of WIT whose lists are in the program's memory.
const IN_GUEST: &str = " in guest";

/// A function, a global, or an import.
#[derive(Debug)]
struct Form {
    text: &'static str,
    /// The names in it.
    names: Vec<&'static str>,
}

impl Form {
    fn is_import(&self) -> bool {
        self.text.starts_with("(import")
    }

    /// What it defines.
    fn definition(&self) -> Option<&'static str> {
        let item = self.import().map_or(self.text, |(.., item)| item);
        let name = item.strip_prefix("(func ").or_else(|| item.strip_prefix("(global "))?;
        name.split([' ', '\n', ')']).next().filter(|name| name.starts_with('$'))
    }

    /// Module, name, and the rest of an import.
    fn import(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let mut parts = self.text.strip_prefix("(import \"")?.splitn(4, '"');
        let (module, _, name, item) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some((module, name, item.trim().strip_suffix(')')?))
    }
}

/// A function of WIT that the adapter calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WitImport {
    /// What the adapter calls the module that it is in, which says where its lists are.
    pub(crate) module: &'static str,
    /// Its canonical name.
    pub(crate) name: &'static str,
    /// Its core type, as the text has it: `(func $name (param ..))`.
    pub(crate) item: &'static str,
}

impl WitImport {
    /// The interface that it is in.
    pub(crate) fn interface(&self) -> &'static str {
        self.module.trim_end_matches(IN_GUEST)
    }

    /// Whether it takes lists from the program's memory, and puts them there.
    pub(crate) fn is_in_guest(&self) -> bool {
        self.module.ends_with(IN_GUEST)
    }
}

/// A function that the adapter passes on to the table of the shim.
#[derive(Debug)]
pub(crate) struct Other {
    /// Module and name, as the adapter imports it.
    pub(crate) module: &'static str,
    pub(crate) name: String,
    /// Its type, in the text format.
    pub(crate) ty: String,
}

/// What is chosen for one component.
#[derive(Debug)]
pub(crate) struct Adapter {
    forms: Vec<&'static Form>,
    functions: Vec<String>,
}

/// All forms, in their order, and where each name is.
#[derive(Debug)]
struct Forms {
    all: Vec<Form>,
    by_name: HashMap<&'static str, usize>,
}

fn forms() -> &'static Forms {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    FORMS.get_or_init(|| {
        let all: Vec<Form> = FILES.into_iter().chain([WASI]).flat_map(split).collect();
        let by_name =
            all.iter().enumerate().filter_map(|(index, form)| Some((form.definition()?, index))).collect();
        Forms { all, by_name }
    })
}

/// Whether the adapter has a function for programs of this name, such as `fastly_kv_store.open`.
pub(crate) fn has(function: &str) -> bool {
    // All else is the adapter's own, also what it imports, however a program's imports are named.
    let is_public = function.starts_with("fastly_") || function.starts_with("wasi_snapshot_preview1.");
    is_public && forms().by_name.contains_key(format!("${function}").as_str())
}

impl Adapter {
    /// These functions, and all that they need.
    pub(crate) fn with(functions: &[String]) -> Self {
        let forms = forms();
        let mut chosen = BTreeSet::new();
        let mut open: Vec<usize> = functions
            .iter()
            .filter_map(|name| forms.by_name.get(format!("${name}").as_str()))
            .copied()
            .collect();
        while let Some(index) = open.pop() {
            if chosen.insert(index)
                && let Some(form) = forms.all.get(index)
            {
                open.extend(form.names.iter().filter_map(|name| forms.by_name.get(name)));
            }
        }
        Self {
            forms: chosen.into_iter().filter_map(|index| forms.all.get(index)).collect(),
            functions: functions.to_vec(),
        }
    }

    /// The functions of WIT that it calls.
    pub(crate) fn imports(&self) -> impl Iterator<Item = WitImport> {
        self.forms
            .iter()
            .filter_map(|form| form.import())
            .filter(|(module, ..)| module.contains(':'))
            .map(|(module, name, item)| WitImport { module, name, item })
    }

    /// Its text. The table of the shim gets its functions, from the first place on, which are exported under their numbers as well; and
    /// behind them functions of others, which it imports only for that. To run a program is to call these functions of it, one after
    /// the other.
    pub(crate) fn text(&self, others: &[Other], calls: &[&str]) -> String {
        let mut text = format!(
            "(module $edgekv-adapter
(import \"guest\" \"memory\" (memory $guest 0))
(import \"state\" \"memory\" (memory $own 1))
(import \"shim\" \"table\" (table $shim {} funcref))\n",
            self.functions.len() + others.len()
        );
        for (index, name) in calls.iter().enumerate() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "(import \"guest\" \"{name}\" (func $call.{index}))");
        }
        for (index, other) in others.iter().enumerate() {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "(import \"{}\" \"{}\" (func $other.{index} {}))",
                other.module, other.name, other.ty
            );
        }
        let (imports, rest): (Vec<&Form>, Vec<&Form>) = self.forms.iter().partition(|form| form.is_import());
        for form in imports.into_iter().chain(rest) {
            text.push_str(form.text);
            text.push('\n');
        }
        text.push_str("(func (export \"run\") (result i32)");
        for index in 0..calls.len() {
            let _ = write!(text, " (call $call.{index})");
        }
        text.push_str(" (i32.const 0))\n(elem (table $shim) (i32.const 0) func");
        for function in &self.functions {
            let _ = write!(text, " ${function}");
        }
        for index in 0..others.len() {
            let _ = write!(text, " $other.{index}");
        }
        text.push(')');
        for (index, function) in self.functions.iter().enumerate() {
            let _ = write!(text, "\n(export \"{index}\" (func ${function}))");
        }
        text.push(')');
        text
    }
}

/// The forms of a text, with the comments that are in them, and without those between them.
fn split(text: &'static str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut names = Vec::new();
    let (mut depth, mut begin, mut at) = (0_usize, 0, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match byte {
            b';' => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            b'"' => rest.iter().skip(1).position(|byte| *byte == b'"').map_or(rest.len(), |end| end + 2),
            b'$' => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'(' | b')');
                let end = rest.iter().position(is_end).unwrap_or(rest.len());
                names.extend(text.get(at..at + end));
                end
            }
            b'(' => {
                if depth == 0 {
                    begin = at;
                }
                depth += 1;
                1
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let names = std::mem::take(&mut names);
                    forms.extend(text.get(begin..=at).map(|text| Form { text, names }));
                }
                1
            }
            _ => 1,
        };
        at += length;
    }
    forms
}
