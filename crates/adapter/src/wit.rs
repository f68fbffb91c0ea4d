//! The imports of a component, from the text of WIT.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
use wasmparser::{ComponentExternalKind, ComponentTypeRef, FuncType, Parser, Payload, ValType};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::ComponentizeError;
use crate::names::PREVIEW_1;
use crate::text::WitImport;

/// The packages, in the order in which they need each other.
const PACKAGES: [&[&str]; 6] = [
    &[include_str!("../wit/wasi/io/poll.wit")],
    &[include_str!("../wit/wasi/clocks/monotonic-clock.wit")],
    &[include_str!("../wit/wasi/cli/run.wit")],
    &[
        include_str!("../wit/kv/package.wit"),
        include_str!("../wit/kv/bodies.wit"),
        include_str!("../wit/kv/kv-store.wit"),
    ],
    &[
        include_str!("../wit/platform/package.wit"),
        include_str!("../wit/platform/log.wit"),
        include_str!("../wit/platform/origin.wit"),
        include_str!("../wit/platform/runtime.wit"),
        include_str!("../wit/platform/system.wit"),
        include_str!("../wit/platform/worlds.wit"),
    ],
    &[CALLS],
];

/// The world of what the adapter calls.
const WORLD: &str = "edgekv:adapter/calls";

/// The same, without what it exports: that is not for the encoder to make.
const CALLS: &str = "package edgekv:adapter;
world calls {
    include edgekv:platform/app@0.1.0;
    import edgekv:platform/system@0.1.0;
    import wasi:clocks/monotonic-clock@0.2.12;
}";

/// What such a component exports.
pub(crate) const RUN: &str = "wasi:cli/run@0.2.12";

/// The beginning of a component: its types and imports, and what is where after them.
#[derive(Debug)]
pub(crate) struct Imports {
    /// Number and content of each section.
    pub(crate) sections: Vec<(u8, Vec<u8>)>,
    /// The instances that are imported.
    pub(crate) instances: HashMap<String, u32>,
    /// How many instances there are.
    pub(crate) instance_count: u32,
    /// How many types there are.
    pub(crate) type_count: u32,
    /// How many functions there are.
    pub(crate) function_count: u32,
    /// The adapter of WASI preview 1, if there is one: a core module that imports functions of WASI 0.2 under their canonical names.
    pub(crate) preview1: Option<Vec<u8>>,
}

/// The imports of a component that calls these functions, and those of WASI preview 1 by the adapter that Wasmtime provides.
///
/// Types of resources refer to each other across interfaces, and a good encoder of them exists: it gets a module that does nothing but
/// import the functions, and what it makes of that is a component that begins with what is wanted here.
pub(crate) fn imports(
    functions: &[WitImport],
    preview1: &[(&str, FuncType)],
) -> Result<Imports, ComponentizeError> {
    let component = encode_caller(functions, preview1).map_err(|error| ComponentizeError::encode(&error))?;
    let mut imports = read_imports(&component).map_err(|error| ComponentizeError::encode(&error))?;
    imports.preview1.take_if(|_| preview1.is_empty());
    Ok(imports)
}

fn encode_caller(
    functions: &[WitImport],
    preview1: &[(&str, FuncType)],
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut text = "(module".to_owned();
    for function in functions {
        write!(text, "(import \"{}\" \"{}\" {})", function.interface(), function.name, function.item)?;
    }
    for (name, ty) in preview1 {
        write!(text, "(import \"{PREVIEW_1}\" \"{name}\" (func {}))", text_type(ty))?;
    }
    write!(
        text,
        "(memory (export \"memory\") 0)
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (unreachable))
         (func (export \"_start\")))"
    )?;
    let mut module = wat::parse_str(text)?;
    let (resolve, world) = world()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module)?;
    if !preview1.is_empty() {
        // What the program may have to make room with is not there yet when the adapter needs it.
        encoder.realloc_via_memory_grow(true);
        encoder.adapter(PREVIEW_1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?;
    }
    Ok(encoder.encode()?)
}

/// The text of WIT, parsed.
fn world() -> Result<(Resolve, WorldId), Box<dyn std::error::Error + Send + Sync>> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    for files in PACKAGES {
        let mut source = SourceMap::default();
        for (index, text) in files.iter().enumerate() {
            source.push_str(&format!("{index}.wit"), *text);
        }
        let group = source.parse().map_err(|(_, error)| error)?;
        packages.push(resolve.push_group(group)?);
    }
    let world = resolve.select_world(&packages, Some(WORLD))?;
    Ok((resolve, world))
}

fn read_imports(component: &[u8]) -> Result<Imports, wasmparser::BinaryReaderError> {
    let mut imports = Imports {
        sections: Vec::new(),
        instances: HashMap::new(),
        instance_count: 0,
        type_count: 0,
        function_count: 0,
        preview1: None,
    };
    let mut modules = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { unchecked_range: range, .. } => {
                modules += 1;
                if modules == 2 {
                    imports.preview1 = Some(bytes_of(component, range).to_vec());
                    break;
                }
            }
            // All that follows is in the component that is put together here, in another form.
            _ if modules > 0 => {}
            Payload::ComponentTypeSection(section) => imports.type_count += section.count(),
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    match import.ty {
                        ComponentTypeRef::Instance(_) => {
                            imports.instances.insert(import.name.name.to_owned(), imports.instance_count);
                            imports.instance_count += 1;
                        }
                        ComponentTypeRef::Func(_) => imports.function_count += 1,
                        ComponentTypeRef::Type(_) => imports.type_count += 1,
                        _ => {}
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    match alias? {
                        wasmparser::ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Type,
                            ..
                        } => {
                            imports.type_count += 1;
                        }
                        wasmparser::ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Func,
                            ..
                        } => {
                            imports.function_count += 1;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        if modules == 0
            && let Some((id, range)) = payload.as_section()
        {
            imports.sections.push((id, bytes_of(component, &range).to_vec()));
        }
    }
    Ok(imports)
}

fn bytes_of<'a>(component: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    // All of it is in memory, so its places fit.
    let begin = usize::try_from(range.start).unwrap_or(usize::MAX);
    let end = usize::try_from(range.end).unwrap_or(usize::MAX);
    component.get(begin..end).unwrap_or_default()
}

/// A type of numbers, in the text format.
pub(crate) fn text_type(ty: &FuncType) -> String {
    let list = |types: &[ValType]| types.iter().map(ValType::to_string).collect::<Vec<_>>().join(" ");
    format!("(param {}) (result {})", list(ty.params()), list(ty.results()))
}
