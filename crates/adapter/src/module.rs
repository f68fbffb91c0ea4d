//! What a core module imports and exports. Its code is passed over.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use wasmparser::{CompositeInnerType, ExternalKind, FuncType, MemoryType, Parser, Payload, TypeRef, ValType};

use crate::{ComponentizeError, Import};

/// A function that a module imports, and as what.
#[derive(Debug)]
pub(crate) struct ImportedFunction {
    pub(crate) import: Import,
    pub(crate) ty: FuncType,
}

/// What is known of a module.
#[derive(Debug, Default)]
pub(crate) struct Interface {
    /// In their order, each once.
    pub(crate) imports: Vec<ImportedFunction>,
    /// Functions that it exports.
    pub(crate) functions: BTreeMap<String, FuncType>,
    /// Its memory, if it is exported as one.
    pub(crate) memory: Option<MemoryType>,
    /// The memory that it imports.
    pub(crate) imported_memory: Option<Import>,
    /// Anything else that it imports, and what that is.
    pub(crate) imported_item: Option<(Import, &'static str)>,
    /// What runs when an instance is made of it.
    pub(crate) start: Option<u32>,
    /// Whether it says what it is as a component.
    pub(crate) has_wit: bool,
    /// Where each of the imports is.
    places: HashMap<Import, usize>,
}

impl Interface {
    /// Reads a module: all of its sections, and nothing of its code.
    ///
    /// # Errors
    ///
    /// It is none, or damaged, or imports a function twice as two types.
    pub(crate) fn read(module: &[u8]) -> Result<Self, ComponentizeError> {
        check_header(module)?;
        let mut interface = Self::default();
        let mut types: Vec<Option<FuncType>> = Vec::new();
        let mut functions: Vec<u32> = Vec::new();
        let mut memories: Vec<MemoryType> = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let path = Import { module: import.module.to_owned(), name: import.name.to_owned() };
                        match import.ty {
                            TypeRef::Func(ty) => {
                                functions.push(ty);
                                interface.add_import(path, function_type(&types, ty)?)?;
                            }
                            TypeRef::Memory(ty) => {
                                memories.push(ty);
                                interface.imported_memory.get_or_insert(path);
                            }
                            ty => {
                                interface.imported_item.get_or_insert((path, kind(&ty)));
                            }
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        functions.push(ty?);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        memories.push(memory?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let index = export.index as usize;
                        match export.kind {
                            ExternalKind::Func => {
                                if let Some(ty) = functions.get(index) {
                                    let ty = function_type(&types, *ty)?;
                                    interface.functions.insert(export.name.to_owned(), ty);
                                }
                            }
                            ExternalKind::Memory if export.name == "memory" => {
                                interface.memory = memories.get(index).copied();
                            }
                            _ => {}
                        }
                    }
                }
                Payload::StartSection { func, .. } => interface.start = Some(func),
                Payload::CustomSection(section) => {
                    interface.has_wit |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(interface)
    }

    /// Whether it imports functions of the legacy ABI.
    pub(crate) fn is_legacy(&self) -> bool {
        self.imports.iter().any(|imported| {
            let Import { module, name } = &imported.import;
            module.starts_with("fastly_") || module == "env" && name.starts_with("xqd_")
        })
    }

    fn add_import(&mut self, import: Import, ty: FuncType) -> Result<(), ComponentizeError> {
        match self.places.get(&import).and_then(|place| self.imports.get(*place)) {
            None => {
                self.places.insert(import.clone(), self.imports.len());
                self.imports.push(ImportedFunction { import, ty });
            }
            Some(known) if known.ty == ty => {}
            Some(known) => {
                let (one, other) = (Signature(&known.ty).to_string(), Signature(&ty).to_string());
                return Err(ComponentizeError::TwoTypes { import, one, other });
            }
        }
        Ok(())
    }
}

/// Refuses what is not a core module, by its first bytes.
fn check_header(bytes: &[u8]) -> Result<(), ComponentizeError> {
    if !bytes.starts_with(b"\0asm") {
        let text = bytes.trim_ascii_start();
        let is_text = text.starts_with(b"(") || text.starts_with(b";;");
        return Err(if is_text { ComponentizeError::Text } else { ComponentizeError::NotWasm });
    }
    match bytes.get(4..8) {
        Some([1, 0, 0, 0]) => Ok(()),
        Some([0x0d, 0, 1, 0]) => Err(ComponentizeError::AlreadyComponent),
        Some(version) => {
            let version = version.try_into().map(u32::from_le_bytes).unwrap_or_default();
            Err(ComponentizeError::Version(version))
        }
        None => Err(ComponentizeError::Damaged {
            offset: bytes.len() as u64,
            message: "it ends within its header".to_owned(),
        }),
    }
}

fn function_type(types: &[Option<FuncType>], index: u32) -> Result<FuncType, ComponentizeError> {
    types.get(index as usize).cloned().flatten().ok_or_else(|| ComponentizeError::Damaged {
        offset: 0,
        message: format!("function type {index} is not there"),
    })
}

fn kind(ty: &TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

/// Whether a function returns a number that could be a status.
pub(crate) fn is_status(ty: &FuncType) -> bool {
    ty.results() == [ValType::I32]
}

/// A type as messages have it: `(i32, i64) -> i32`.
pub(crate) struct Signature<'a>(pub(crate) &'a FuncType);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValType]| types.iter().map(ValType::to_string).collect::<Vec<_>>().join(", ");
        write!(f, "({})", list(self.0.params()))?;
        match self.0.results() {
            [] => Ok(()),
            [one] => write!(f, " -> {one}"),
            many => write!(f, " -> ({})", list(many)),
        }
    }
}
