//! The model as the Rust modules of `crates/sys/src/generated`.

use std::fmt::Write as _;

use super::model::{Abi, Module, Named, Number, Record, Ty, TypeDef, TypeKind};
use super::safety;

const HEAD: &str = "// @generated from witx/ by `cargo xtask codegen`; do not edit.\n\n";

/// A file of types: its name, what it says about itself, and what writes its items.
type Kind = (&'static str, &'static str, fn(&Abi) -> String);

/// Renders the files, each with its name in the folder. They still need `rustfmt`.
pub(super) fn render(abi: &Abi) -> Vec<(String, String)> {
    let kinds: [Kind; 5] = [
        ("handles", "Handles: numbers that name objects of the host.", handles),
        (
            "enums",
            "Statuses and other enums, as numbers with names: a number without a name is legal.",
            enums,
        ),
        ("flags", "Masks: which fields of a record are set.", flags),
        ("records", "Records that guests pass by address, and their layout.", records),
        ("aliases", "Other names for types.", aliases),
    ];
    let mut files = Vec::new();
    let mut index = format!(
        "{HEAD}//! The ABI, one file for each kind of type and one module for each import module.\n\n"
    );
    let mut uses = String::new();
    for (name, about, body) in kinds {
        let body = body(abi);
        if !body.is_empty() {
            let _ = writeln!(index, "mod {name};");
            let _ = writeln!(uses, "pub use {name}::*;");
            let imports = prelude(abi, name);
            files.push((format!("{name}.rs"), format!("{HEAD}//! {about}\n\n{imports}{body}")));
        }
    }
    for module in &abi.modules {
        let _ = writeln!(index, "pub mod {};", ident(&module.name));
        files.push((format!("{}.rs", module.name), import_module(abi, module)));
    }
    files.push(("mod.rs".to_owned(), format!("{index}\n{uses}")));
    files
}

/// The `use` lines that a file of types needs.
fn prelude(abi: &Abi, file: &str) -> String {
    let mut named = Vec::new();
    for def in &abi.types {
        match &def.kind {
            TypeKind::Record(record) if file == "records" => {
                named.extend(record.fields.iter().filter_map(|field| named_type(&field.ty)));
            }
            TypeKind::Alias(of) if file == "aliases" => named.extend(named_type(of)),
            _ => {}
        }
    }
    let in_this_file = |name: &str| {
        abi.types.iter().any(|def| {
            def.name == name
                && match def.kind {
                    TypeKind::Record(_) => file == "records",
                    TypeKind::Alias(_) => file == "aliases",
                    _ => false,
                }
        })
    };
    named.retain(|name| !in_this_file(name));
    let std = match file {
        "enums" => "use core::fmt;\n\n",
        "records" => "use core::mem::offset_of;\n\n",
        _ => "",
    };
    format!("{std}{}", use_super(named))
}

/// Imports the types of the other files by name.
fn use_super(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names.into_iter().map(camel).collect();
    format!("use super::{{{}}};\n\n", names.join(", "))
}

fn handles(abi: &Abi) -> String {
    each(abi, |def, out| {
        if !matches!(def.kind, TypeKind::Handle) {
            return;
        }
        let name = camel(&def.name);
        docs(out, &def.docs);
        let _ = write!(
            out,
            "#[repr(transparent)]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct {name}(pub u32);

            impl {name} {{
                /// Names no object; what a guest stores before a call that gives a handle.
                pub const INVALID: Self = Self(0xFFFF_FFFE);
            }}

            "
        );
    })
}

fn enums(abi: &Abi) -> String {
    each(abi, |def, out| {
        let TypeKind::Enum { repr, cases } = &def.kind else { return };
        let name = camel(&def.name);
        let repr = number(*repr);
        docs(out, &def.docs);
        if def.name == abi.status {
            out.push_str("#[must_use = \"a status may be an error\"]\n");
        }
        let _ = write!(
            out,
            "#[repr(transparent)]
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct {name}(pub {repr});

            impl {name} {{
            "
        );
        for (value, case) in cases.iter().enumerate() {
            constant(out, case, &format!("Self({value})"));
        }
        let all: Vec<String> = cases.iter().map(|case| format!("Self::{}", screaming(&case.name))).collect();
        let arms: Vec<String> = cases
            .iter()
            .enumerate()
            .map(|(value, case)| format!("{value} => Some(\"{}\"),", case.name))
            .collect();
        let _ = write!(
            out,
            "
                /// Every value that has a name, in order.
                pub const ALL: &[Self] = &[{}];

                /// The name of the value in the witx text, or `None` when the number has none.
                #[must_use]
                pub const fn name(self) -> Option<&'static str> {{
                    match self.0 {{ {} _ => None }}
                }}
            }}

            impl fmt::Debug for {name} {{
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
                    match self.name() {{
                        Some(name) => write!(f, \"{name}({{name}})\"),
                        None => write!(f, \"{name}({{}})\", self.0),
                    }}
                }}
            }}

            ",
            all.join(", "),
            arms.join("\n"),
        );
    })
}

fn flags(abi: &Abi) -> String {
    let body = each(abi, |def, out| {
        let TypeKind::Flags { repr, bits } = &def.kind else { return };
        let mut text = String::new();
        docs(&mut text, &def.docs);
        let _ = writeln!(
            text,
            "#[repr(transparent)]\n#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]"
        );
        let _ = writeln!(text, "pub struct {}: {} {{", camel(&def.name), number(*repr));
        for (bit, named) in bits.iter().enumerate() {
            let mut item = String::new();
            docs(&mut item, &named.docs);
            let _ = writeln!(item, "const {} = 1 << {bit};", screaming(&named.name));
            text.push_str(&indent(&item));
        }
        text.push_str("}\n");
        out.push_str(&indent(&text));
        out.push('\n');
    });
    if body.is_empty() {
        body
    } else {
        format!("bitflags::bitflags! {{\n{}}}\n", body.trim_end_matches('\n').to_owned() + "\n")
    }
}

fn records(abi: &Abi) -> String {
    each(abi, |def, out| {
        let TypeKind::Record(record) = &def.kind else { return };
        let name = camel(&def.name);
        docs(out, &def.docs);
        let _ = writeln!(out, "#[repr(C)]\n#[derive(Clone, Copy, Debug)]\npub struct {name} {{");
        for field in &record.fields {
            docs(out, &field.docs);
            let _ = writeln!(out, "pub {}: {},", ident(&field.name), ty(&field.ty));
        }
        let _ = writeln!(out, "}}\n\nimpl {name} {{");
        let _ = writeln!(out, "/// Nothing set: numbers are 0, pointers null, handles invalid.");
        let _ = writeln!(out, "pub const EMPTY: Self = Self {{");
        for field in &record.fields {
            let _ = writeln!(out, "{}: {},", ident(&field.name), empty(abi, &field.ty));
        }
        out.push_str("};\n}\n\n");
        layout(out, &name, record, record.has_pointers(abi));
    })
}

/// Asserts the layout at compile time.
///
/// Records with pointers have it on wasm32 only. The others have it everywhere but on the 32-bit machines whose
/// 64-bit numbers are aligned to 4; so guests' unit tests on a developer's machine check them as well.
fn layout(out: &mut String, name: &str, record: &Record, has_pointers: bool) {
    let targets = if has_pointers {
        "target_arch = \"wasm32\""
    } else {
        "any(target_arch = \"wasm32\", target_pointer_width = \"64\")"
    };
    let _ = writeln!(out, "#[cfg({targets})]\nconst _: () = {{");
    let _ = writeln!(out, "assert!(size_of::<{name}>() == {});", record.size);
    let _ = writeln!(out, "assert!(align_of::<{name}>() == {});", record.align);
    for field in &record.fields {
        let _ = writeln!(out, "assert!(offset_of!({name}, {}) == {});", ident(&field.name), field.offset);
    }
    out.push_str("};\n\n");
}

fn aliases(abi: &Abi) -> String {
    each(abi, |def, out| {
        let TypeKind::Alias(of) = &def.kind else { return };
        docs(out, &def.docs);
        let _ = writeln!(out, "pub type {} = {};\n", camel(&def.name), ty(of));
    })
}

fn import_module(abi: &Abi, module: &Module) -> String {
    let mut out = HEAD.to_owned();
    for line in module.docs.lines() {
        let _ = writeln!(out, "//! {line}");
    }
    let params = module.funcs.iter().flat_map(|func| &func.params);
    let mut named: Vec<&str> = params.filter_map(|param| named_type(&param.ty)).collect();
    named.push(&abi.status);
    let _ = write!(out, "\n{}", use_super(named));
    // rustfmt leaves the inside of a macro call alone, so this has to be laid out here.
    let _ = writeln!(out, "crate::imports! {{\n    module \"{}\";", module.name);
    for func in &module.funcs {
        let mut item = String::new();
        docs(&mut item, &func.docs);
        docs(&mut item, &safety::section(abi, func));
        let params: Vec<String> = func
            .params
            .iter()
            .map(|param| format!("    {}: {},\n", ident(&param.name), ty(&param.ty)))
            .collect();
        let _ = writeln!(item, "fn {}(\n{}) -> {};", ident(&func.name), params.concat(), camel(&abi.status));
        out.push('\n');
        out.push_str(&indent(&item));
    }
    out.push_str("}\n");
    out
}

fn each(abi: &Abi, mut render: impl FnMut(&TypeDef, &mut String)) -> String {
    let mut out = String::new();
    for def in &abi.types {
        render(def, &mut out);
    }
    out
}

fn constant(out: &mut String, named: &Named, value: &str) {
    docs(out, &named.docs);
    let _ = writeln!(out, "pub const {}: Self = {value};", screaming(&named.name));
}

fn docs(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("/// {line}").trim_end());
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// The value of a field that nobody has set.
fn empty(abi: &Abi, of: &Ty) -> String {
    match of {
        Ty::Number(Number::F32 | Number::F64) => "0.0".to_owned(),
        Ty::Number(_) => "0".to_owned(),
        Ty::Pointer { mutable: true, .. } => "core::ptr::null_mut()".to_owned(),
        Ty::Pointer { mutable: false, .. } => "core::ptr::null()".to_owned(),
        Ty::Named(name) => {
            let rust = camel(name);
            match abi.types.iter().find(|def| def.name == *name).map(|def| &def.kind) {
                Some(TypeKind::Handle) => format!("{rust}::INVALID"),
                Some(TypeKind::Enum { .. }) => format!("{rust}(0)"),
                Some(TypeKind::Flags { .. }) => format!("{rust}::empty()"),
                Some(TypeKind::Alias(of)) => empty(abi, of),
                Some(TypeKind::Record(_)) | None => format!("{rust}::EMPTY"),
            }
        }
    }
}

fn named_type(of: &Ty) -> Option<&str> {
    match of {
        Ty::Number(_) => None,
        Ty::Named(name) => Some(name),
        Ty::Pointer { to, .. } => named_type(to),
    }
}

pub(super) fn ty(of: &Ty) -> String {
    match of {
        Ty::Number(of) => number(*of).to_owned(),
        Ty::Named(name) => camel(name),
        Ty::Pointer { mutable: true, to } => format!("*mut {}", ty(to)),
        Ty::Pointer { mutable: false, to } => format!("*const {}", ty(to)),
    }
}

fn number(of: Number) -> &'static str {
    match of {
        Number::Char8 | Number::U8 => "u8",
        Number::U16 => "u16",
        Number::U32 => "u32",
        Number::U64 => "u64",
        Number::S8 => "i8",
        Number::S16 => "i16",
        Number::S32 => "i32",
        Number::S64 => "i64",
        Number::F32 => "f32",
        Number::F64 => "f64",
        Number::Usize => "usize",
    }
}

/// `kv_insert_config` as `KvInsertConfig`.
pub(super) fn camel(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}

pub(super) fn screaming(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// A name as an identifier, also when the language wants the word for itself.
fn ident(name: &str) -> String {
    if NEVER_RAW.contains(&name) {
        format!("{name}_")
    } else if RESERVED.split(' ').any(|word| word == name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// Words of the language, and those that it keeps for later, up to edition 2024.
const RESERVED: &str = "\
    abstract as async await become box break const continue do dyn else enum extern false final fn for gen if \
    impl in let loop macro match mod move mut override priv pub ref return static struct trait true try type \
    typeof unsafe unsized use virtual where while yield";

/// Words that cannot be raw identifiers either.
pub(super) const NEVER_RAW: [&str; 3] = ["crate", "self", "super"];

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    fn rendered(file: &str) -> String {
        let document = witx::parse(
            "(typename $status (enum (@witx tag u32) $ok $again))
            ;;; A key that is on its way.
            (typename $promise_handle (handle))
            (typename $port u16)
            (typename $detail (record (field $type u8) (field $at u64) (field $p $port) (field $h $promise_handle)))
            (module $fastly_async_io
              ;;; Waits for one.
              (@interface func (export \"select\")
                (param $hs (list $promise_handle))
                (param $done_out (@witx pointer u32))
                (result $err (expected (error $status)))))",
        )
        .unwrap();
        let files = render(&load::lower(&document).unwrap());
        files.into_iter().find(|(name, _)| name == file).unwrap_or_else(|| panic!("no {file}")).1
    }

    #[test]
    fn a_module_says_what_each_pointer_must_be_valid_for() {
        let text = rendered("fastly_async_io.rs");
        assert!(
            text.contains("/// - `hs` must be valid for reads of `hs_len` values of `PromiseHandle`.\n"),
            "{text}"
        );
        assert!(text.contains("/// - `done_out` must be valid for writes of one `u32`.\n"), "{text}");
        assert!(text.contains("use super::{PromiseHandle, Status};"), "{text}");
        assert!(text.contains("hs: *const PromiseHandle,\n        hs_len: usize,"), "{text}");
    }

    #[test]
    fn a_record_without_pointers_is_asserted_on_the_host_as_well() {
        let text = rendered("records.rs");
        assert!(text.contains("pub r#type: u8,"), "{text}");
        assert!(text.contains("any(target_arch = \"wasm32\", target_pointer_width = \"64\")"), "{text}");
        assert!(text.contains("assert!(offset_of!(Detail, at) == 8);"), "{text}");
        assert!(text.contains("p: 0,\nh: PromiseHandle::INVALID,"), "{text}");
    }

    #[test]
    fn words_of_the_language_become_names() {
        assert_eq!(["type", "gen", "self", "key"].map(ident), ["r#type", "r#gen", "self_", "key"]);
    }

    #[test]
    fn files_of_kinds_that_are_not_used_are_not_written() {
        let text = rendered("mod.rs");
        assert!(!text.contains("mod flags;"), "{text}");
        assert!(text.contains("pub mod fastly_async_io;"), "{text}");
    }
}
