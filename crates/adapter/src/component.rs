//! Puts a component together: which instance gets what from which, in an order in which everybody finds what it needs.

use std::collections::BTreeMap;

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentInstanceSection, ComponentTypeSection, ComponentValType, ExportKind,
    InstanceSection, ModuleArg, PrimitiveValType, RawSection,
};
use wasmparser::{FuncType, ValType};

use crate::ComponentizeError;
use crate::module::Signature;
use crate::wit::Imports;

/// A component under construction. Each of its index spaces is a counter: what is added last has the number before it.
#[derive(Debug)]
pub(crate) struct Builder {
    component: Component,
    instances: BTreeMap<String, u32>,
    instance_count: u32,
    type_count: u32,
    function_count: u32,
    core_modules: u32,
    core_instances: u32,
    core_functions: u32,
    core_memories: u32,
}

/// Where the lists of a function are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lists {
    /// The memory.
    pub(crate) memory: u32,
    /// What makes room in it.
    pub(crate) realloc: u32,
}

/// What an instance of a core module gets, by name.
pub(crate) type Exports<'a> = Vec<(&'a str, ExportKind, u32)>;

impl Builder {
    /// A component with these imports.
    pub(crate) fn new(imports: Imports) -> Self {
        let mut component = Component::new();
        for (id, data) in &imports.sections {
            component.section(&RawSection { id: *id, data });
        }
        Self {
            component,
            instances: imports.instances.into_iter().collect(),
            instance_count: imports.instance_count,
            type_count: imports.type_count,
            function_count: imports.function_count,
            core_modules: 0,
            core_instances: 0,
            core_functions: 0,
            core_memories: 0,
        }
    }

    /// Adds a core module.
    pub(crate) fn module(&mut self, module: &[u8]) -> u32 {
        const CORE_MODULE_SECTION: u8 = 1;
        self.component.section(&RawSection { id: CORE_MODULE_SECTION, data: module });
        next(&mut self.core_modules)
    }

    /// Makes an instance of a core module.
    pub(crate) fn instantiate(&mut self, module: u32, arguments: &[(&str, u32)]) -> u32 {
        let mut section = InstanceSection::new();
        let arguments = arguments.iter().map(|(name, instance)| (*name, ModuleArg::Instance(*instance)));
        section.instantiate(module, arguments.collect::<Vec<_>>());
        self.component.section(&section);
        next(&mut self.core_instances)
    }

    /// Makes an instance of what is there.
    pub(crate) fn bundle(&mut self, exports: Exports<'_>) -> u32 {
        let mut section = InstanceSection::new();
        section.export_items(exports);
        self.component.section(&section);
        next(&mut self.core_instances)
    }

    /// A function that an instance of a core module exports.
    pub(crate) fn core_function(&mut self, instance: u32, name: &str) -> u32 {
        self.alias(Alias::CoreInstanceExport { instance, kind: ExportKind::Func, name });
        next(&mut self.core_functions)
    }

    /// A memory that an instance of a core module exports.
    pub(crate) fn core_memory(&mut self, instance: u32, name: &str) -> u32 {
        self.alias(Alias::CoreInstanceExport { instance, kind: ExportKind::Memory, name });
        next(&mut self.core_memories)
    }

    /// A function of WIT, as a core function.
    ///
    /// # Errors
    ///
    /// The interface is not imported.
    pub(crate) fn lower(
        &mut self,
        interface: &str,
        name: &str,
        lists: Lists,
    ) -> Result<u32, ComponentizeError> {
        let instance = self
            .instance_of(interface)
            .ok_or_else(|| ComponentizeError::Encode(format!("{interface} is not among the imports")))?;
        let mut section = CanonicalFunctionSection::new();
        if let Some(resource) = name.strip_prefix("[resource-drop]") {
            self.alias(Alias::InstanceExport { instance, kind: ComponentExportKind::Type, name: resource });
            section.resource_drop(next(&mut self.type_count));
        } else {
            self.alias(Alias::InstanceExport { instance, kind: ComponentExportKind::Func, name });
            let function = next(&mut self.function_count);
            section.lower(
                function,
                [
                    CanonicalOption::UTF8,
                    CanonicalOption::Memory(lists.memory),
                    CanonicalOption::Realloc(lists.realloc),
                ],
            );
        }
        self.component.section(&section);
        Ok(next(&mut self.core_functions))
    }

    /// The instance of an interface: of this version, or of the compatible one that all who import it get.
    fn instance_of(&self, interface: &str) -> Option<u32> {
        let exact = self.instances.get(interface).copied();
        exact.or_else(|| {
            let (name, _) = interface.split_once('@')?;
            let is_of = |known: &str| known.split_once('@').is_some_and(|(known, _)| known == name);
            self.instances.iter().find(|(known, _)| is_of(known)).map(|(_, instance)| *instance)
        })
    }

    /// Exports a core function of numbers as what it is.
    ///
    /// # Errors
    ///
    /// It takes or gives what is no number, or gives several.
    pub(crate) fn export_function(
        &mut self,
        name: &str,
        core_function: u32,
        ty: &FuncType,
    ) -> Result<(), ComponentizeError> {
        let numbers = |types: &[ValType]| types.iter().map(primitive).collect::<Option<Vec<_>>>();
        let (Some(params), Some(results), 0 | 1) =
            (numbers(ty.params()), numbers(ty.results()), ty.results().len())
        else {
            let error =
                format!("{name} is {}; only what takes numbers and gives one can be exported", Signature(ty));
            return Err(ComponentizeError::Encode(error));
        };
        let names: Vec<_> = (0..params.len()).map(|index| format!("p{index}")).collect();
        let mut types = ComponentTypeSection::new();
        types
            .function()
            .params(names.iter().map(String::as_str).zip(params))
            .result(results.first().map(|ty| ComponentValType::Primitive(*ty)));
        let ty = next(&mut self.type_count);
        self.component.section(&types);
        let function = self.lift(core_function, ty);
        self.export(name, ComponentExportKind::Func, function);
        next(&mut self.function_count);
        Ok(())
    }

    /// Exports a core function that returns 0 as the `run` of programs.
    pub(crate) fn export_run(&mut self, interface: &str, core_function: u32) {
        let mut types = ComponentTypeSection::new();
        types.defined_type().result(None, None);
        let result = next(&mut self.type_count);
        types.function().params::<_, ComponentValType>([]).result(Some(ComponentValType::Type(result)));
        let ty = next(&mut self.type_count);
        self.component.section(&types);
        let run = self.lift(core_function, ty);
        let mut instances = ComponentInstanceSection::new();
        instances.export_items([("run", ComponentExportKind::Func, run)]);
        self.component.section(&instances);
        let instance = next(&mut self.instance_count);
        self.export(interface, ComponentExportKind::Instance, instance);
        next(&mut self.instance_count);
    }

    fn lift(&mut self, core_function: u32, ty: u32) -> u32 {
        let mut section = CanonicalFunctionSection::new();
        section.lift(core_function, ty, []);
        self.component.section(&section);
        next(&mut self.function_count)
    }

    fn export(&mut self, name: &str, kind: ComponentExportKind, index: u32) {
        let mut section = ComponentExportSection::new();
        section.export(name, kind, index, None);
        self.component.section(&section);
    }

    fn alias(&mut self, alias: Alias<'_>) {
        let mut section = ComponentAliasSection::new();
        section.alias(alias);
        self.component.section(&section);
    }

    /// The component.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.component.finish()
    }
}

fn primitive(ty: &ValType) -> Option<PrimitiveValType> {
    match ty {
        ValType::I32 => Some(PrimitiveValType::U32),
        ValType::I64 => Some(PrimitiveValType::U64),
        ValType::F32 => Some(PrimitiveValType::F32),
        ValType::F64 => Some(PrimitiveValType::F64),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

/// The number of what is added now.
fn next(count: &mut u32) -> u32 {
    let index = *count;
    *count += 1;
    index
}
