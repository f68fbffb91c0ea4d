//! Types in the words of WIT, as people have written them: `open: func(name: list<u8>) -> result<store, error>`.

use std::collections::HashMap;

use wac_graph::types::{
    DefinedType, DefinedTypeId, FuncTypeId, InterfaceId, ItemKind, PrimitiveType, ResourceId, Type, Types,
    ValueType,
};

/// Longest text of a type, in bytes; the rest is left out.
const MAX_BYTES: usize = 400;

/// Deepest type in types that is told; wherever it ends, people have stopped reading.
const MAX_DEPTH: usize = 12;

/// Words for what is under a name in an interface, or imported by itself.
pub(crate) fn item(types: &Types, interface: Option<InterfaceId>, name: &str, kind: ItemKind) -> String {
    let mut text = Text { types, names: HashMap::new(), out: String::new(), is_full: false };
    if let Some(interface) = interface {
        for (name, kind) in &types[interface].exports {
            if let ItemKind::Type(Type::Value(ValueType::Defined(id))) = kind {
                text.names.insert(*id, name);
            }
        }
    }
    match kind {
        ItemKind::Func(id) => text.function(name, id),
        ItemKind::Type(Type::Resource(_)) => text.put(&format!("resource {name}")),
        ItemKind::Type(Type::Value(ValueType::Defined(id))) => text.definition(name, id),
        ItemKind::Type(Type::Value(ty)) => {
            text.put(&format!("type {name} = "));
            text.value(ty, 0);
        }
        other => text.put(&format!("{name}: {}", other.desc(types))),
    }
    text.out
}

struct Text<'a> {
    types: &'a Types,
    /// The names of types that have one in the interface.
    names: HashMap<DefinedTypeId, &'a str>,
    out: String,
    is_full: bool,
}

impl<'a> Text<'a> {
    fn put(&mut self, words: &str) {
        if self.is_full {
            return;
        }
        self.out.push_str(words);
        if self.out.len() > MAX_BYTES {
            self.is_full = true;
            let end = (0..=MAX_BYTES).rev().find(|end| self.out.is_char_boundary(*end));
            self.out.truncate(end.unwrap_or_default());
            self.out.push('…');
        }
    }

    fn function(&mut self, name: &str, id: FuncTypeId) {
        let types = self.types;
        let function = &types[id];
        // `[method]store.get` is `get` of `store`, and has the store as its first parameter.
        let (mark, name) = match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((mark, name)) => (mark, name),
            None => ("", name),
        };
        self.put(name);
        self.put(if mark.ends_with("static") { ": static " } else { ": " });
        self.put(if function.is_async { "async func(" } else { "func(" });
        let skipped = usize::from(mark.ends_with("method"));
        for (place, (name, ty)) in function.params.iter().skip(skipped).enumerate() {
            self.put(if place == 0 { "" } else { ", " });
            self.put(name);
            self.put(": ");
            self.value(*ty, 0);
        }
        self.put(")");
        if let Some(result) = function.result {
            self.put(" -> ");
            self.value(result, 0);
        }
    }

    /// A type with its name, and what it consists of.
    fn definition(&mut self, name: &str, id: DefinedTypeId) {
        let types = self.types;
        match &types[id] {
            DefinedType::Record(record) => {
                self.braces(&format!("record {name}"), &record.fields, |text, (name, ty)| {
                    text.put(name);
                    text.put(": ");
                    text.value(*ty, 0);
                });
            }
            DefinedType::Variant(variant) => {
                self.braces(&format!("variant {name}"), &variant.cases, |text, (name, ty)| {
                    text.put(name);
                    if let Some(ty) = ty {
                        text.put("(");
                        text.value(*ty, 0);
                        text.put(")");
                    }
                });
            }
            DefinedType::Enum(cases) => self.unnamed(&format!("enum {name}"), &cases.0),
            DefinedType::Flags(flags) => self.unnamed(&format!("flags {name}"), &flags.0),
            _ => {
                // Its own name says nothing here.
                self.names.remove(&id);
                self.put(&format!("type {name} = "));
                self.value(ValueType::Defined(id), 0);
            }
        }
    }

    fn braces<T>(&mut self, start: &str, members: impl IntoIterator<Item = T>, put: impl Fn(&mut Self, T)) {
        self.put(start);
        self.put(" {");
        for (place, member) in members.into_iter().enumerate() {
            if self.is_full {
                return;
            }
            self.put(if place == 0 { " " } else { ", " });
            put(self, member);
        }
        self.put(" }");
    }

    fn value(&mut self, ty: ValueType, depth: usize) {
        if self.is_full {
            return;
        }
        if depth > MAX_DEPTH {
            return self.put("…");
        }
        match ty {
            ValueType::Primitive(ty) => self.put(primitive(ty)),
            ValueType::Own(id) => self.resource(id),
            ValueType::Borrow(id) => {
                self.put("borrow<");
                self.resource(id);
                self.put(">");
            }
            ValueType::Defined(id) => self.defined(id, depth),
        }
    }

    fn resource(&mut self, id: ResourceId) {
        let types = self.types;
        self.put(&types[id].name);
    }

    fn defined(&mut self, id: DefinedTypeId, depth: usize) {
        if let Some(name) = self.names.get(&id).copied() {
            return self.put(name);
        }
        let types = self.types;
        match &types[id] {
            DefinedType::Alias(ty) => self.value(*ty, depth + 1),
            DefinedType::Tuple(of) => self.generic("tuple", of.iter().copied().map(Some), depth),
            DefinedType::List(of) => self.generic("list", [Some(*of)], depth),
            DefinedType::Option(of) => self.generic("option", [Some(*of)], depth),
            DefinedType::Map(key, value) => self.generic("map", [Some(*key), Some(*value)], depth),
            DefinedType::FixedSizeList(of, length) => {
                self.put("list<");
                self.value(*of, depth + 1);
                self.put(&format!(", {length}>"));
            }
            DefinedType::Result { ok: None, err: None } => self.put("result"),
            DefinedType::Result { ok: Some(ok), err: None } => self.generic("result", [Some(*ok)], depth),
            DefinedType::Result { ok, err } => self.generic("result", [*ok, *err], depth),
            DefinedType::Stream(of) => self.optional("stream", *of, depth),
            DefinedType::Future(of) => self.optional("future", *of, depth),
            // Without a name in the interface, these are from another one, which has it.
            DefinedType::Record(record) => self.unnamed("record", record.fields.keys()),
            DefinedType::Variant(variant) => self.unnamed("variant", variant.cases.keys()),
            DefinedType::Enum(cases) => self.unnamed("enum", &cases.0),
            DefinedType::Flags(flags) => self.unnamed("flags", &flags.0),
        }
    }

    fn generic(&mut self, word: &str, of: impl IntoIterator<Item = Option<ValueType>>, depth: usize) {
        self.put(word);
        self.put("<");
        for (place, ty) in of.into_iter().enumerate() {
            self.put(if place == 0 { "" } else { ", " });
            match ty {
                Some(ty) => self.value(ty, depth + 1),
                None => self.put("_"),
            }
        }
        self.put(">");
    }

    fn optional(&mut self, word: &str, of: Option<ValueType>, depth: usize) {
        match of {
            Some(of) => self.generic(word, [Some(of)], depth),
            None => self.put(word),
        }
    }

    fn unnamed<'b>(&mut self, start: &str, members: impl IntoIterator<Item = &'b String>) {
        self.braces(start, members, |text, name| text.put(name));
    }
}

const fn primitive(ty: PrimitiveType) -> &'static str {
    match ty {
        PrimitiveType::U8 => "u8",
        PrimitiveType::S8 => "s8",
        PrimitiveType::U16 => "u16",
        PrimitiveType::S16 => "s16",
        PrimitiveType::U32 => "u32",
        PrimitiveType::S32 => "s32",
        PrimitiveType::U64 => "u64",
        PrimitiveType::S64 => "s64",
        PrimitiveType::F32 => "f32",
        PrimitiveType::F64 => "f64",
        PrimitiveType::Char => "char",
        PrimitiveType::Bool => "bool",
        PrimitiveType::String => "string",
        PrimitiveType::ErrorContext => "error-context",
    }
}
