//! One way through a file: it is validated, and what it consists of is noted on the way.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use wasmparser::component_types::{ComponentEntityType, ComponentInstanceTypeId};
use wasmparser::types::{EntityType, Types};
use wasmparser::{
    Chunk, ComponentTypeRef, Encoding, ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef,
    ValidPayload, Validator, WasmFeatures,
};

use crate::anatomy::{Import, Inspection, Interface, Item, Kind, Memory, Module};
use crate::content::{self, FileError};
use crate::frame::Frame;
use crate::functions;
use crate::names;

/// How deep components may be in components: far deeper than anybody links them.
const MAX_DEPTH: usize = 100;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Everything.
    All,
    /// Everything but the code of functions, which is most of it.
    AllButCode,
}

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) inspection: Inspection,
    /// Where the names of the outermost component are, with all of their section.
    pub(crate) names: Option<Range<usize>>,
}

/// What is being read.
enum Open {
    Module(Module),
    Component(Frame),
}

/// Reads a file.
///
/// # Errors
///
/// It is no module and no component, or it is not valid.
pub(crate) fn walk(bytes: &[u8], check: Check) -> Result<Walked, FileError> {
    content::check_start(bytes)?;
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut parser = Parser::new(0);
    // The parsers of what is around what is read, and all that is being read; the innermost last.
    let mut outer = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut code = Vec::new();
    let mut name_section = None;
    let mut rest = bytes;
    loop {
        let start = bytes.len() - rest.len();
        let (payload, consumed) = match parser.parse(rest, true)? {
            Chunk::Parsed { payload, consumed } => (payload, consumed),
            // Never said of what is there to its end.
            Chunk::NeedMoreData(_) => return Err(damaged("it ends too early", bytes.len())),
        };
        rest = rest.get(consumed..).unwrap_or_default();
        let valid = validator.payload(&payload)?;
        match (&payload, open.last_mut()) {
            (Payload::Version { encoding: Encoding::Module, .. }, _) => {
                open.push(Open::Module(Module::default()));
            }
            (Payload::Version { encoding: Encoding::Component, .. }, _) => {
                if open.len() > MAX_DEPTH {
                    return Err(FileError::TooDeep { limit: MAX_DEPTH });
                }
                open.push(Open::Component(Frame::default()));
            }
            (payload, Some(Open::Module(module))) => note_module(module, payload, outer.is_empty())?,
            (Payload::ComponentAliasSection(aliases), Some(_)) => {
                for alias in aliases.clone() {
                    Frame::alias(&mut open, &alias?, frame);
                }
            }
            (payload, Some(Open::Component(frame))) => {
                let is_names = note_component(frame, payload)?;
                if is_names && outer.is_empty() {
                    name_section = Some(start..start + consumed);
                }
            }
            (_, None) => {}
        }
        match valid {
            ValidPayload::Ok => {}
            ValidPayload::Func(function, body) => {
                if check == Check::All {
                    code.push((function, body));
                }
            }
            ValidPayload::Parser(inner) => outer.push(std::mem::replace(&mut parser, inner)),
            ValidPayload::End(types) => {
                let Some(done) = open.pop() else { return Err(damaged("it ends too early", start)) };
                if let Some(around) = outer.pop() {
                    parser = around;
                    // Only components have something in them.
                    if let Some(Open::Component(frame)) = open.last_mut() {
                        match done {
                            Open::Module(module) => frame.module(module),
                            Open::Component(inner) => frame.component(inner.finish()),
                        }
                    }
                    continue;
                }
                if !rest.is_empty() {
                    return Err(damaged("something is behind its end", start));
                }
                functions::check(&code)?;
                let inspection = match done {
                    Open::Module(mut module) => {
                        module.is_program = is_program(&types);
                        Inspection::Module(Arc::new(module))
                    }
                    Open::Component(frame) => {
                        let mut component = frame.finish();
                        let mut lists = HashMap::new();
                        component.imports.iter_mut().for_each(|import| {
                            let item = types.component_item_for_import(&import.name);
                            note_functions(import, item.map(|item| item.ty), &types, &mut lists);
                        });
                        component.exports.iter_mut().for_each(|export| {
                            let item = types.component_item_for_export(&export.name);
                            note_functions(export, item.map(|item| item.ty), &types, &mut lists);
                        });
                        Inspection::Component(Arc::new(component))
                    }
                };
                return Ok(Walked { inspection, names: name_section });
            }
        }
    }
}

fn damaged(message: &str, offset: usize) -> FileError {
    FileError::Invalid { message: message.to_owned(), offset: offset as u64 }
}

/// The component that is being read, if that is what is read at this place.
fn frame(open: &mut Open) -> Option<&mut Frame> {
    match open {
        Open::Component(frame) => Some(frame),
        Open::Module(_) => None,
    }
}

/// Notes what a section says about a module. Of one in a component only what it has itself: everything else is between the two.
fn note_module(module: &mut Module, payload: &Payload<'_>, is_outermost: bool) -> Result<(), FileError> {
    match payload {
        Payload::ImportSection(section) if is_outermost => {
            for import in section.clone().into_imports() {
                let import = import?;
                module.imports.push(Import {
                    module: import.module.to_owned(),
                    name: import.name.to_owned(),
                    kind: match import.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => Kind::Function,
                        TypeRef::Table(_) => Kind::Table,
                        TypeRef::Memory(_) => Kind::Memory,
                        TypeRef::Global(_) => Kind::Global,
                        TypeRef::Tag(_) => Kind::Tag,
                    },
                });
            }
        }
        Payload::ExportSection(section) if is_outermost => {
            for export in section.clone() {
                let export = export?;
                module.exports.push(Item {
                    name: export.name.to_owned(),
                    kind: match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => Kind::Function,
                        ExternalKind::Table => Kind::Table,
                        ExternalKind::Memory => Kind::Memory,
                        ExternalKind::Global => Kind::Global,
                        ExternalKind::Tag => Kind::Tag,
                    },
                });
            }
        }
        Payload::MemorySection(section) => {
            for memory in section.clone() {
                let memory = memory?;
                module.memories.push(Memory {
                    minimum_pages: memory.initial,
                    maximum_pages: memory.maximum,
                    // At most 64 KiB, which was validated.
                    page_bytes: 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX),
                    is_64: memory.memory64,
                    is_shared: memory.shared,
                });
            }
        }
        Payload::CustomSection(section) => {
            // What is wrong with names is no fault of the module: that is what the standard says of them.
            if let KnownCustom::Name(subsections) = section.as_known() {
                let named = subsections.into_iter().find_map(|subsection| match subsection {
                    Ok(Name::Module { name, .. }) => Some(names::shortened(name)),
                    _ => None,
                });
                module.name = named.or(module.name.take());
            }
        }
        _ => {}
    }
    Ok(())
}

/// Notes what a section says about a component, and tells whether it holds its names.
fn note_component(frame: &mut Frame, payload: &Payload<'_>) -> Result<bool, FileError> {
    match payload {
        Payload::ComponentImportSection(section) => {
            for import in section.clone() {
                let import = import?;
                frame.import(
                    import.name.name,
                    match import.ty {
                        ComponentTypeRef::Module(_) => Kind::Module,
                        ComponentTypeRef::Func(_) => Kind::Function,
                        ComponentTypeRef::Value(_) => Kind::Value,
                        ComponentTypeRef::Type(_) => Kind::Type,
                        ComponentTypeRef::Instance(_) => Kind::Instance,
                        ComponentTypeRef::Component(_) => Kind::Component,
                    },
                );
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section.clone() {
                frame.export(&export?);
            }
        }
        Payload::ComponentCanonicalSection(section) => {
            for function in section.clone() {
                frame.canonical(&function?);
            }
        }
        Payload::InstanceSection(section) => {
            for instance in section.clone() {
                frame.core_instance(&instance?);
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section.clone() {
                frame.instance(&instance?);
            }
        }
        Payload::CustomSection(section) => {
            if let KnownCustom::ComponentName(names) = section.as_known() {
                frame.names(names);
                return Ok(true);
            }
        }
        _ => {}
    }
    Ok(false)
}

/// The functions of types of instances. A file may use a type a thousand times, and all of its uses have the same ones.
type Lists = HashMap<ComponentInstanceTypeId, Arc<[String]>>;

fn note_functions(
    interface: &mut Interface,
    item: Option<ComponentEntityType>,
    types: &Types,
    lists: &mut Lists,
) {
    if let Some(ComponentEntityType::Instance(id)) = item
        && let Some(instance) = types.as_ref().get(id)
    {
        let list = lists.entry(id).or_insert_with(|| {
            let exports = instance.exports.iter();
            let functions = exports.filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)));
            functions.map(|(name, _)| names::shortened(name)).collect()
        });
        interface.functions = Arc::clone(list);
    }
}

/// Whether a module has what `edgekv run` starts.
fn is_program(types: &Types) -> bool {
    let types = types.as_ref();
    let Some(mut exports) = types.core_exports() else { return false };
    exports.any(|(name, ty)| {
        let EntityType::Func(id) = ty else { return false };
        let Some(ty) = types.get(id) else { return false };
        let wasmparser::CompositeInnerType::Func(ty) = &ty.composite_type.inner else { return false };
        name == "_start" && ty.params().is_empty() && ty.results().is_empty()
    })
}
