//! A legacy module and its adapter, as a component.

use std::collections::BTreeMap;

use wasm_encoder::ExportKind;
use wasmparser::FuncType;

use crate::component::{Builder, Exports, Lists};
use crate::module::{Interface, Signature};
use crate::names::{Meaning, meaning};
use crate::shim::{Target, shim};
use crate::text::{Adapter, STATE};
use crate::{ComponentizeError, Componentized, Import, Options, wit};

/// Makes a component of a legacy module: a program that was built for the ABI of the edge service, or for WASI preview 1, or both.
///
/// The program's code stays as it is. What it imports becomes functions of an adapter, which has a memory of its own, and the component
/// imports what the adapter needs: `edgekv:kv`, `edgekv:platform`. It exports `wasi:cli/run`, which runs the program.
///
/// What is in the ABI, and has no counterpart in a component of this kind, answers `unsupported`; [`Componentized::unsupported`] has it.
///
/// ```no_run
/// let program = std::fs::read("app.wasm")?;
/// let made = edgekv_adapter::componentize(&program, &edgekv_adapter::Options::default())?;
/// for import in &made.unsupported {
///     println!("{import} only answers that it is not there");
/// }
/// std::fs::write("app.component.wasm", made.component)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// It is no such program: see [`ComponentizeError`], whose messages say what to do.
pub fn componentize(module: &[u8], options: &Options) -> Result<Componentized, ComponentizeError> {
    make(module, options, Exported::Run)
}

/// As [`componentize`], and exports all functions that the module exports and that take and give numbers only, so that tests and
/// benches can call them one by one. Names are written as components have them: `fastly_abi.init` is `fastly-abi-init`.
///
/// # Errors
///
/// As [`componentize`].
pub fn componentize_with_functions(
    module: &[u8],
    options: &Options,
) -> Result<Componentized, ComponentizeError> {
    make(module, options, Exported::RunAndFunctions)
}

/// What the component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exported {
    Run,
    RunAndFunctions,
}

fn make(module: &[u8], options: &Options, exported: Exported) -> Result<Componentized, ComponentizeError> {
    let program = Interface::read(module)?;
    check_program(&program)?;
    let plan = Plan::new(&program, options)?;
    let functions = if exported == Exported::Run { BTreeMap::new() } else { program.functions.clone() };
    let component = assemble(module, &plan, &functions)?;
    Ok(Componentized { component, unsupported: plan.unsupported })
}

fn check_program(program: &Interface) -> Result<(), ComponentizeError> {
    if let Some(import) = &program.imported_memory {
        return Err(ComponentizeError::ImportedMemory(import.clone()));
    }
    if let Some((import, kind)) = &program.imported_item {
        return Err(ComponentizeError::ImportedItem { import: import.clone(), kind });
    }
    let memory = program.memory.ok_or(ComponentizeError::NoMemory)?;
    if memory.memory64 {
        return Err(ComponentizeError::Memory64);
    }
    if memory.shared {
        return Err(ComponentizeError::SharedMemory);
    }
    let start = program.functions.get(START).ok_or(ComponentizeError::NoStart)?;
    if !start.params().is_empty() || !start.results().is_empty() {
        return Err(ComponentizeError::StartType { found: Signature(start).to_string() });
    }
    Ok(())
}

/// What runs a program.
const START: &str = "_start";

/// What becomes of each import.
#[derive(Debug)]
struct Plan<'a> {
    /// Functions of the shim, one for each import of the program.
    shim: Vec<u8>,
    /// By module of the program's imports: names, and the numbers of functions of the shim.
    arguments: BTreeMap<&'a str, Vec<(&'a str, usize)>>,
    /// The core module of the adapter.
    adapter: Vec<u8>,
    /// What it calls.
    imports: Vec<crate::text::WitImport>,
    unsupported: Vec<Import>,
}

impl<'a> Plan<'a> {
    fn new(program: &'a Interface, options: &Options) -> Result<Self, ComponentizeError> {
        let mut functions: Vec<String> = Vec::new();
        let mut targets = Vec::new();
        let mut arguments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut unsupported, mut unknown) = (Vec::new(), Vec::new());
        for (index, imported) in program.imports.iter().enumerate() {
            let import = &imported.import;
            let target = match meaning(import, &imported.ty, options.wasi) {
                Meaning::Adapter(function) => {
                    let place = functions.iter().position(|known| *known == function).unwrap_or_else(|| {
                        functions.push(function);
                        functions.len() - 1
                    });
                    Target::Adapter(u32::try_from(place).unwrap_or(u32::MAX))
                }
                Meaning::Unsupported(number) => {
                    unsupported.push(import.clone());
                    Target::Answer(number)
                }
                Meaning::Preview1 | Meaning::Unknown => {
                    unknown.push(import.clone());
                    continue;
                }
            };
            targets.push((target, &imported.ty, import.to_string()));
            arguments.entry(import.module.as_str()).or_default().push((import.name.as_str(), index));
        }
        if !unknown.is_empty() {
            return Err(ComponentizeError::UnknownImports(unknown));
        }
        let adapter = Adapter::with(&functions);
        let code = wat::parse_str(adapter.text()).map_err(|error| ComponentizeError::encode(&error))?;
        check_types(program, &targets, &code)?;
        Ok(Self {
            shim: shim(&targets, u32::try_from(functions.len()).unwrap_or(u32::MAX))?,
            arguments,
            adapter: code,
            imports: adapter.imports().collect(),
            unsupported,
        })
    }
}

/// Says whether the program imports functions as what they are.
fn check_types(
    program: &Interface,
    targets: &[(Target, &FuncType, String)],
    adapter: &[u8],
) -> Result<(), ComponentizeError> {
    let adapter = Interface::read(adapter)?;
    for (imported, (target, found, _)) in program.imports.iter().zip(targets) {
        if let Target::Adapter(place) = target
            && let Some(expected) = adapter.functions.get(&place.to_string())
            && expected != *found
        {
            return Err(ComponentizeError::ImportType {
                import: imported.import.clone(),
                expected: Signature(expected).to_string(),
                found: Signature(found).to_string(),
            });
        }
    }
    Ok(())
}

/// The order of things: the adapter's memory; the shim; the program, which imports the shim; what the host has, lowered into either memory;
/// the adapter, which fills the shim's table.
fn assemble(
    program: &[u8],
    plan: &Plan<'_>,
    functions: &BTreeMap<String, FuncType>,
) -> Result<Vec<u8>, ComponentizeError> {
    let state = wat::parse_str(STATE).map_err(|error| ComponentizeError::encode(&error))?;
    let mut builder = Builder::new(wit::imports(&plan.imports)?);
    let state = builder.module(&state);
    let shim = builder.module(&plan.shim);
    let program = builder.module(program);
    let adapter = builder.module(&plan.adapter);

    let state = builder.instantiate(state, &[]);
    let shim = builder.instantiate(shim, &[]);
    let mut arguments = Vec::new();
    for (module, functions) in &plan.arguments {
        let exports = functions
            .iter()
            .map(|(name, index)| (*name, ExportKind::Func, builder.core_function(shim, &index.to_string())));
        let exports: Exports<'_> = exports.collect();
        arguments.push((*module, builder.bundle(exports)));
    }
    let program = builder.instantiate(program, &arguments);

    let own = Lists {
        memory: builder.core_memory(state, "memory"),
        realloc: builder.core_function(state, "cabi_realloc"),
    };
    let guest = Lists {
        memory: builder.core_memory(program, "memory"),
        realloc: builder.core_function(state, "into-target"),
    };
    let mut lowered: BTreeMap<&str, Exports<'_>> = BTreeMap::new();
    for import in &plan.imports {
        let lists = if import.is_in_guest() { guest } else { own };
        let function = builder.lower(import.interface(), import.name, lists)?;
        lowered.entry(import.module).or_default().push((import.name, ExportKind::Func, function));
    }
    let mut arguments = vec![("state", state), ("shim", shim), ("guest", program)];
    for (module, functions) in lowered {
        arguments.push((module, builder.bundle(functions)));
    }
    let adapter = builder.instantiate(adapter, &arguments);
    let run = builder.core_function(adapter, "run");
    builder.export_run(wit::RUN, run);
    for (name, ty) in functions.iter().filter(|(name, _)| *name != START) {
        let function = builder.core_function(program, name);
        builder.export_function(&name.replace(['_', '.'], "-"), function, ty);
    }
    Ok(builder.finish())
}
