//! The imports of a component, from the text of WIT.

use std::collections::HashMap;
use std::fmt::Write as _;

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::ComponentizeError;
use crate::text::WitImport;

/// The packages, in the order in which they need each other.
const PACKAGES: [&[&str]; 5] = [
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
];

/// The world of a program with the adapter in it.
const WORLD: &str = "edgekv:platform/legacy";

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
}

/// The imports of a component that calls these functions.
///
/// Types of resources refer to each other across interfaces, and a good encoder of them exists: it gets a module that does nothing but
/// import the functions, and what it makes of that is a component that begins with what is wanted here.
pub(crate) fn imports(functions: &[WitImport]) -> Result<Imports, ComponentizeError> {
    let component = encode_caller(functions).map_err(|error| ComponentizeError::encode(&error))?;
    read_imports(&component).map_err(|error| ComponentizeError::encode(&error))
}

fn encode_caller(functions: &[WitImport]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut text = "(module".to_owned();
    for function in functions {
        write!(text, "(import \"{}\" \"{}\" {})", function.interface(), function.name, function.item)?;
    }
    write!(
        text,
        "(memory (export \"memory\") 0)
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (unreachable))
         (func (export \"{RUN}#run\") (result i32) (unreachable)))"
    )?;
    let mut module = wat::parse_str(text)?;
    let (resolve, world) = world()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().module(&module)?.encode()?)
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
    };
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } => break,
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
        if let Some((id, range)) = payload.as_section() {
            // All of it is in memory, so its places fit.
            let begin = usize::try_from(range.start).unwrap_or(usize::MAX);
            let end = usize::try_from(range.end).unwrap_or(usize::MAX);
            imports.sections.push((id, component.get(begin..end).unwrap_or_default().to_vec()));
        }
    }
    Ok(imports)
}
