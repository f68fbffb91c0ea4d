//! A legacy module and its adapter, as a component.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::ExportKind;
use wasmparser::FuncType;

use crate::component::{Builder, Exports, Lists};
use crate::module::{ImportedFunction, Interface, Signature};
use crate::names::{Meaning, meaning};
use crate::shim::{Target, shim};
use crate::text::{Adapter, Other, STATE, WitImport};
use crate::wit::Imports;
use crate::{ComponentizeError, Componentized, Import, Options, start, wit};

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

/// As [`componentize`], and exports all functions that the module exports, which may take and give numbers only, so that tests can call
/// them one by one. Names are written as components have them: `fastly_abi.init` is `fastly-abi-init`.
///
/// # Errors
///
/// As [`componentize`], and if a function cannot be exported.
#[doc(hidden)]
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
    let (module, start) = match program.start {
        None => (Cow::Borrowed(module), None),
        Some(start) => {
            let (module, name) = start::exported(module, start)?;
            (Cow::Owned(module), Some(name))
        }
    };
    let plan = Plan::new(&program, start.as_deref(), options)?;
    let functions = if exported == Exported::Run { BTreeMap::new() } else { program.functions.clone() };
    let unsupported = plan.unsupported.clone();
    let component = assemble(&module, plan, &functions)?;
    Ok(Componentized { component, unsupported })
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
    /// The beginning of the component.
    begin: Imports,
    /// Functions of the shim: one for each import of the program, and for each of the adapter of WASI.
    shim: Vec<u8>,
    /// By module of the program's imports: names, and the numbers of functions of the shim.
    arguments: BTreeMap<&'a str, Vec<(&'a str, usize)>>,
    /// The core module of the adapter.
    adapter: Vec<u8>,
    /// What it calls.
    imports: Vec<WitImport>,
    /// What the adapter of WASI calls, and the first of the functions of the shim that are for it.
    wasi: Vec<Import>,
    first_of_wasi: usize,
    unsupported: Vec<Import>,
}

/// Where the adapter finds the functions of the adapter of WASI, and those that this calls.
const OF_WASI: &str = "preview1";
const CALLS_OF_WASI: &str = "calls of preview1";

impl<'a> Plan<'a> {
    fn new(
        program: &'a Interface,
        start: Option<&str>,
        options: &Options,
    ) -> Result<Self, ComponentizeError> {
        let mut functions: Vec<String> = Vec::new();
        let mut preview1: Vec<(&str, FuncType)> = Vec::new();
        let mut targets = Vec::new();
        let mut arguments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut unsupported, mut unknown) = (Vec::new(), Vec::new());
        for imported in &program.imports {
            let import = &imported.import;
            let meant = match meaning(import, &imported.ty, options.wasi) {
                Meaning::Adapter(function) => {
                    let place = functions.iter().position(|known| *known == function).unwrap_or_else(|| {
                        functions.push(function);
                        functions.len() - 1
                    });
                    Meant::Adapter(place)
                }
                Meaning::Preview1 => {
                    preview1.push((&import.name, imported.ty.clone()));
                    Meant::Preview1(preview1.len() - 1)
                }
                Meaning::Unsupported(number) => {
                    unsupported.push(import.clone());
                    Meant::Answer(number)
                }
                Meaning::Unknown => {
                    unknown.push(import.clone());
                    continue;
                }
            };
            arguments.entry(import.module.as_str()).or_default().push((import.name.as_str(), targets.len()));
            targets.push((meant, imported));
        }
        if !unknown.is_empty() {
            return Err(ComponentizeError::UnknownImports(unknown));
        }

        let adapter = Adapter::with(&functions);
        let imports: Vec<_> = adapter.imports().collect();
        let begin = wit::imports(&imports, &preview1)?;
        let wasi = begin.preview1.as_deref().map(Interface::read).transpose()?.unwrap_or_default().imports;
        let wasi: Vec<_> = wasi.into_iter().filter(|imported| imported.import.module.contains(':')).collect();
        let calls: Vec<_> = start.into_iter().chain([START]).collect();
        let code = wat::parse_str(adapter.text(&others(&preview1, &wasi), &calls))
            .map_err(|error| ComponentizeError::encode(&error))?;
        check_types(&targets, &code)?;

        let place = |place: usize| Target::Adapter(u32::try_from(place).unwrap_or(u32::MAX));
        let first_of_preview1 = functions.len();
        let mut shim_functions: Vec<_> = targets
            .iter()
            .map(|(meant, imported)| {
                let target = match *meant {
                    Meant::Adapter(index) => place(index),
                    Meant::Preview1(index) => place(first_of_preview1 + index),
                    Meant::Answer(number) => Target::Answer(number),
                };
                (target, imported.ty.clone(), imported.import.to_string())
            })
            .collect();
        let first_of_wasi = shim_functions.len();
        let first_place = first_of_preview1 + preview1.len();
        for (index, imported) in wasi.iter().enumerate() {
            let name = imported.import.to_string();
            shim_functions.push((place(first_place + index), imported.ty.clone(), name));
        }
        Ok(Self {
            begin,
            shim: shim(&shim_functions, u32::try_from(first_place + wasi.len()).unwrap_or(u32::MAX))?,
            arguments,
            adapter: code,
            imports,
            wasi: wasi.into_iter().map(|imported| imported.import).collect(),
            first_of_wasi,
            unsupported,
        })
    }
}

/// What an import of the program is.
#[derive(Debug, Clone, Copy)]
enum Meant {
    /// The function of the adapter that has this number.
    Adapter(usize),
    /// The function of the adapter of WASI that has this number.
    Preview1(usize),
    /// An answer.
    Answer(i32),
}

/// What the adapter puts into the table of the shim for others: for the program, what the adapter of WASI has; and for that, what it calls.
fn others(preview1: &[(&str, FuncType)], wasi: &[ImportedFunction]) -> Vec<Other> {
    let functions = preview1.iter().map(|(name, ty)| Other {
        module: OF_WASI,
        name: (*name).to_owned(),
        ty: wit::text_type(ty),
    });
    let calls = wasi.iter().enumerate().map(|(index, imported)| Other {
        module: CALLS_OF_WASI,
        name: index.to_string(),
        ty: wit::text_type(&imported.ty),
    });
    functions.chain(calls).collect()
}

/// Says whether the program imports functions as what they are.
fn check_types(targets: &[(Meant, &ImportedFunction)], adapter: &[u8]) -> Result<(), ComponentizeError> {
    let adapter = Interface::read(adapter)?;
    for (meant, imported) in targets {
        if let Meant::Adapter(place) = meant
            && let Some(expected) = adapter.functions.get(&place.to_string())
            && *expected != imported.ty
        {
            return Err(ComponentizeError::ImportType {
                import: imported.import.clone(),
                expected: Signature(expected).to_string(),
                found: Signature(&imported.ty).to_string(),
            });
        }
    }
    Ok(())
}

/// The order of things: the adapter's memory; the shim; the program, which imports the shim; what the host has, lowered into either memory;
/// the adapter, which fills the shim's table.
fn assemble(
    program: &[u8],
    plan: Plan<'_>,
    functions: &BTreeMap<String, FuncType>,
) -> Result<Vec<u8>, ComponentizeError> {
    let state = wat::parse_str(STATE).map_err(|error| ComponentizeError::encode(&error))?;
    let preview1 = plan.begin.preview1.clone();
    let mut builder = Builder::new(plan.begin);
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
    if let Some(module) = preview1 {
        let of_wasi = builder.module(&module);
        let start = builder.core_function(program, START);
        let mut modules: BTreeMap<&str, Exports<'_>> = BTreeMap::new();
        modules.insert("env", vec![("memory", ExportKind::Memory, guest.memory)]);
        modules.insert("__main_module__", vec![(START, ExportKind::Func, start)]);
        for (index, import) in (plan.first_of_wasi..).zip(&plan.wasi) {
            let function = builder.core_function(shim, &index.to_string());
            modules.entry(&import.module).or_default().push((&import.name, ExportKind::Func, function));
        }
        let modules: Vec<_> =
            modules.into_iter().map(|(module, exports)| (module, builder.bundle(exports))).collect();
        let of_wasi = builder.instantiate(of_wasi, &modules);
        let realloc = builder.core_function(of_wasi, "cabi_import_realloc");
        let lists = Lists { memory: guest.memory, realloc };
        let numbers: Vec<_> = (0..plan.wasi.len()).map(|index| index.to_string()).collect();
        let mut calls = Vec::new();
        for (number, import) in numbers.iter().zip(&plan.wasi) {
            let function = builder.lower(&import.module, &import.name, lists)?;
            calls.push((number.as_str(), ExportKind::Func, function));
        }
        arguments.push((OF_WASI, of_wasi));
        arguments.push((CALLS_OF_WASI, builder.bundle(calls)));
    }
    for (module, functions) in lowered {
        arguments.push((module, builder.bundle(functions)));
    }
    let adapter = builder.instantiate(adapter, &arguments);
    let run = builder.core_function(adapter, "run");
    builder.export_run(wit::RUN, run);
    let mut names = BTreeSet::new();
    for (name, ty) in functions.iter().filter(|(name, _)| *name != START) {
        let function = builder.core_function(program, name);
        let exported = name.replace(['_', '.'], "-");
        if !names.insert(exported.clone()) {
            return Err(ComponentizeError::Encode(format!("two functions would be exported as {exported}")));
        }
        builder.export_function(&exported, function, ty)?;
    }
    Ok(builder.finish())
}
