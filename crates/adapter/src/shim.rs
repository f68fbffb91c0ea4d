//! The module between a program and the adapter. The program needs functions before it is there, and the adapter the program's memory: so
//! the program gets functions that call through a table, which the adapter fills.

use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Module, NameMap, NameSection, RefType,
    TableSection, TableType, TypeSection, ValType,
};
use wasmparser::FuncType;

use crate::ComponentizeError;

/// What a function of the shim does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Calls the function in this place of the table.
    Adapter(u32),
    /// Answers with a number.
    Answer(i32),
}

/// Makes the shim: a function for each import, exported under its number.
pub(crate) fn shim(
    functions: &[(Target, FuncType, String)],
    places: u32,
) -> Result<Vec<u8>, ComponentizeError> {
    let mut types = TypeSection::new();
    let mut declarations = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut names = NameMap::new();
    for (index, (target, ty, name)) in (0_u32..).zip(functions) {
        let params = ty.params().iter().map(value_type).collect::<Result<Vec<_>, _>>()?;
        let results = ty.results().iter().map(value_type).collect::<Result<Vec<_>, _>>()?;
        let count = u32::try_from(params.len()).unwrap_or(u32::MAX);
        types.ty().function(params, results);
        declarations.function(index);
        exports.export(&index.to_string(), ExportKind::Func, index);
        names.append(index, name);
        let mut function = Function::new([]);
        let mut code_of = function.instructions();
        match *target {
            Target::Adapter(place) => {
                for param in 0..count {
                    code_of.local_get(param);
                }
                let place = place.cast_signed();
                code_of.i32_const(place).call_indirect(0, index);
            }
            Target::Answer(number) => {
                code_of.i32_const(number);
            }
        }
        code_of.end();
        code.function(&function);
    }
    exports.export("table", ExportKind::Table, 0);
    let mut tables = TableSection::new();
    let size = u64::from(places);
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: size,
        maximum: Some(size),
        shared: false,
    });
    let mut name_section = NameSection::new();
    name_section.module("edgekv-shim");
    name_section.functions(&names);
    let mut module = Module::new();
    module.section(&types).section(&declarations).section(&tables).section(&exports).section(&code);
    module.section(&name_section);
    Ok(module.finish())
}

fn value_type(ty: &wasmparser::ValType) -> Result<ValType, ComponentizeError> {
    match ty {
        wasmparser::ValType::I32 => Ok(ValType::I32),
        wasmparser::ValType::I64 => Ok(ValType::I64),
        wasmparser::ValType::F32 => Ok(ValType::F32),
        wasmparser::ValType::F64 => Ok(ValType::F64),
        wasmparser::ValType::V128 => Ok(ValType::V128),
        wasmparser::ValType::Ref(_) => {
            Err(ComponentizeError::Encode(format!("a function with a parameter or result of type {ty}")))
        }
    }
}
