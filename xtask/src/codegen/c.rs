//! The model as a C header, for guests in C, C++ and languages that read C headers.

use std::fmt::Write as _;

use super::model::{Abi, Func, Module, Number, Record, Ty, TypeDef, TypeKind};

const HEAD: &str = "\
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* @generated from witx/ by `cargo xtask codegen`; do not edit. */

/*
 * The guest side of the edge ABI: KV stores, HTTP, bodies, logs. Compile with a clang that targets wasm32; on any
 * other target the header declares the same types and functions, without import attributes, for tests that bring
 * their own definitions.
 *
 * A handle, a status and an enum are numbers. A host may send a number that no constant names, so a `switch` over
 * one needs a `default`.
 */

#ifndef EDGEKV_H
#define EDGEKV_H

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define EDGEKV_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#else
#define EDGEKV_IMPORT(module, name)
#endif

#if defined(__cplusplus)
#define EDGEKV_ASSERT(condition) static_assert(condition, #condition)
#define EDGEKV_ALIGNOF(type) alignof(type)
extern \"C\" {
#else
#define EDGEKV_ASSERT(condition) _Static_assert(condition, #condition)
#define EDGEKV_ALIGNOF(type) _Alignof(type)
#endif
";

const TAIL: &str = "
#if defined(__cplusplus)
}
#endif

#endif /* EDGEKV_H */
";

/// Renders the whole header.
pub(super) fn render(abi: &Abi) -> String {
    let mut out = HEAD.to_owned();
    for def in &abi.types {
        out.push('\n');
        docs(&mut out, "", &def.docs);
        type_def(&mut out, def);
    }
    for module in &abi.modules {
        import_module(&mut out, abi, module);
    }
    out.push_str(TAIL);
    out
}

fn type_def(out: &mut String, def: &TypeDef) {
    let name = type_name(&def.name);
    let prefix = prefixed(&def.name).to_ascii_uppercase();
    match &def.kind {
        TypeKind::Handle => {
            let _ = writeln!(out, "typedef uint32_t {name};");
            let _ = writeln!(out, "/* Names no object. */");
            let _ = writeln!(out, "#define {prefix}_INVALID (({name})UINT32_C(0xFFFFFFFE))");
        }
        TypeKind::Enum { repr, cases } => {
            let _ = writeln!(out, "typedef {} {name};", number(*repr));
            for (value, case) in cases.iter().enumerate() {
                docs(out, "", &case.docs);
                let _ =
                    writeln!(out, "#define {prefix}_{} (({name}){value})", case.name.to_ascii_uppercase());
            }
        }
        TypeKind::Flags { repr, bits } => {
            let _ = writeln!(out, "typedef {} {name};", number(*repr));
            for (bit, named) in bits.iter().enumerate() {
                docs(out, "", &named.docs);
                let _ = writeln!(
                    out,
                    "#define {prefix}_{} (({name})1 << {bit})",
                    named.name.to_ascii_uppercase()
                );
            }
        }
        TypeKind::Record(record) => record_def(out, &name, record),
        TypeKind::Alias(of) => {
            let _ = writeln!(out, "typedef {};", declared(of, &name));
        }
    }
}

fn record_def(out: &mut String, name: &str, record: &Record) {
    let _ = writeln!(out, "typedef struct {{");
    for field in &record.fields {
        docs(out, "    ", &field.docs);
        let _ = writeln!(out, "    {};", declared(&field.ty, &ident(&field.name)));
    }
    let _ = writeln!(out, "}} {name};");
    out.push_str("#if defined(__wasm32__)\n");
    let _ = writeln!(out, "EDGEKV_ASSERT(sizeof({name}) == {});", record.size);
    let _ = writeln!(out, "EDGEKV_ASSERT(EDGEKV_ALIGNOF({name}) == {});", record.align);
    for field in &record.fields {
        let field_name = ident(&field.name);
        let _ = writeln!(out, "EDGEKV_ASSERT(offsetof({name}, {field_name}) == {});", field.offset);
    }
    out.push_str("#endif\n");
}

fn import_module(out: &mut String, abi: &Abi, module: &Module) {
    let _ = writeln!(out, "\n/* ---- {} ---- */\n", module.name);
    docs(out, "", &module.docs);
    for func in &module.funcs {
        out.push('\n');
        docs(out, "", &func.docs);
        let _ = writeln!(out, "EDGEKV_IMPORT(\"{}\", \"{}\")", module.name, func.name);
        let _ = writeln!(
            out,
            "{} {}_{}({});",
            type_name(&abi.status),
            prefixed(&module.name),
            func.name,
            params(func)
        );
    }
}

fn params(func: &Func) -> String {
    if func.params.is_empty() {
        return "void".to_owned();
    }
    let params: Vec<String> =
        func.params.iter().map(|param| declared(&param.ty, &ident(&param.name))).collect();
    params.join(", ")
}

/// `fastly_http_body` as `edgekv_http_body`: the header has one prefix, its own, so that it can be included next to
/// other headers for the same ABI.
fn prefixed(name: &str) -> String {
    format!("edgekv_{}", name.strip_prefix("fastly_").unwrap_or(name))
}

fn type_name(name: &str) -> String {
    format!("{}_t", prefixed(name))
}

/// A name with its type before it, the star at the name.
fn declared(of: &Ty, name: &str) -> String {
    match of {
        Ty::Number(of) => format!("{} {name}", number(*of)),
        Ty::Named(of) => format!("{} {name}", type_name(of)),
        Ty::Pointer { mutable: true, to } => declared(to, &format!("*{name}")),
        Ty::Pointer { mutable: false, to } => format!("const {}", declared(to, &format!("*{name}"))),
    }
}

/// A name of a field or a parameter, also when C or C++ wants the word for itself. (All other names have a prefix.)
fn ident(name: &str) -> String {
    if RESERVED.split(' ').any(|word| word == name) { format!("{name}_") } else { name.to_owned() }
}

/// Words of C23 and C++23, and of their operators, without those that begin with an underscore.
const RESERVED: &str = "\
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class \
    co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype \
    default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline \
    int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public \
    register reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast \
    struct switch template this thread_local throw true try typedef typeid typename typeof typeof_unqual union \
    unsigned using virtual void volatile while wchar_t xor xor_eq";

fn number(of: Number) -> &'static str {
    match of {
        Number::Char8 => "char",
        Number::U8 => "uint8_t",
        Number::U16 => "uint16_t",
        Number::U32 => "uint32_t",
        Number::U64 => "uint64_t",
        Number::S8 => "int8_t",
        Number::S16 => "int16_t",
        Number::S32 => "int32_t",
        Number::S64 => "int64_t",
        Number::F32 => "float",
        Number::F64 => "double",
        Number::Usize => "size_t",
    }
}

fn docs(out: &mut String, indent: &str, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    match lines.as_slice() {
        [] => {}
        [line] => drop(writeln!(out, "{indent}/* {line} */")),
        lines => {
            let _ = writeln!(out, "{indent}/*");
            for line in lines {
                let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(out, "{indent} */");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    #[test]
    fn small_fields_lists_and_wide_parameters_have_their_c_form() {
        let document = witx::parse(
            "(typename $fastly_status (enum (@witx tag u32) $ok))
            (typename $pending_handle (handle))
            (typename $detail (record (field $rcode u16) (field $alert u8)))
            (module $fastly_async_io
              (@interface func (export \"select\")
                (param $hs (list $pending_handle))
                (param $until u64)
                (param $detail_out (@witx pointer $detail))
                (param $default u32)
                (result $err (expected (error $fastly_status)))))",
        )
        .unwrap();
        let text = render(&load::lower(&document).unwrap());
        for line in [
            "edgekv_status_t edgekv_async_io_select(const edgekv_pending_handle_t *hs, size_t hs_len, uint64_t until, \
             edgekv_detail_t *detail_out, uint32_t default_);",
            "    uint16_t rcode;\n    uint8_t alert;\n} edgekv_detail_t;",
            "EDGEKV_ASSERT(sizeof(edgekv_detail_t) == 4);",
            "#define EDGEKV_STATUS_OK ((edgekv_status_t)0)",
        ] {
            assert!(text.contains(line), "no {line:?} in\n{text}");
        }
    }
}
