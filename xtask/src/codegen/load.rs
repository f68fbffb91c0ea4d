//! From the witx texts to the model: parsing, lowering to pointers and lengths, and the layout of records.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use witx::{BuiltinType, IntRepr, Layout as _, RecordKind, Type, TypeRef};

use super::model::{Abi, Field, Func, Module, Named, Number, Param, Record, Ty, TypeDef, TypeKind};
use super::rust::NEVER_RAW;

/// Reads every `.witx` file of a folder.
pub(super) fn folder(folder: &Path) -> Result<Abi> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("listing {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "witx"));
    if paths.is_empty() {
        bail!("{} holds no .witx file", folder.display());
    }
    // The order of a folder is the file system's; the output must not depend on it.
    paths.sort();
    let document = witx::load(&paths).map_err(|error| anyhow!("{}", error.report()))?;
    lower(&document)
}

/// Turns a parsed document into the model.
pub(super) fn lower(document: &witx::Document) -> Result<Abi> {
    let types = document
        .typenames()
        .map(|named| type_def(&named).with_context(|| format!("in the witx type `{}`", named.name.as_str())))
        .collect::<Result<_>>()?;
    let mut status = None;
    let mut modules: Vec<Module> = document
        .modules()
        .map(|module| {
            let funcs = module
                .funcs()
                .map(|func| {
                    func_def(&func, &mut status).with_context(|| {
                        format!("in the witx function `{}.{}`", module.name.as_str(), func.name.as_str())
                    })
                })
                .collect::<Result<_>>()?;
            Ok(Module {
                name: module.name.as_str().to_owned(),
                docs: module.docs.trim_end().to_owned(),
                funcs,
            })
        })
        .collect::<Result<_>>()?;
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    let status = status.context("the witx texts declare no function")?;
    Ok(Abi { types, modules, status })
}

fn type_def(named: &witx::NamedType) -> Result<TypeDef> {
    let kind = match &named.tref {
        TypeRef::Name(_) => TypeKind::Alias(value(&named.tref)?),
        TypeRef::Value(ty) => match &**ty {
            Type::Handle(_) => TypeKind::Handle,
            Type::Variant(variant) if variant.is_enum() => TypeKind::Enum {
                repr: int(variant.tag_repr),
                cases: variant.cases.iter().map(|case| entry(&case.name, &case.docs)).collect(),
            },
            Type::Record(record) => match record.kind {
                RecordKind::Bitflags(repr) => TypeKind::Flags {
                    repr: int(repr),
                    bits: record.members.iter().map(|bit| entry(&bit.name, &bit.docs)).collect(),
                },
                RecordKind::Other | RecordKind::Tuple => TypeKind::Record(record_def(record)?),
            },
            Type::Builtin(_) | Type::Pointer(_) | Type::ConstPointer(_) => {
                TypeKind::Alias(value(&named.tref)?)
            }
            Type::Variant(_) | Type::List(_) => {
                bail!("a {} has no name of its own in C; name its parts instead", ty.kind())
            }
        },
    };
    Ok(TypeDef { name: named.name.as_str().to_owned(), docs: named.docs.trim_end().to_owned(), kind })
}

fn entry(name: &witx::Id, docs: &str) -> Named {
    Named { name: name.as_str().to_owned(), docs: docs.trim_end().to_owned() }
}

fn record_def(record: &witx::RecordDatatype) -> Result<Record> {
    let fields = record
        .member_layout()
        .into_iter()
        .map(|layout| {
            let name = layout.member.name.as_str();
            Ok(Field {
                name: name.to_owned(),
                docs: layout.member.docs.trim_end().to_owned(),
                ty: value(&layout.member.tref).with_context(|| format!("in the field `{name}`"))?,
                offset: layout.offset,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Record { fields, size: record.mem_size(), align: record.mem_align() })
}

fn func_def(func: &witx::InterfaceFunc, status: &mut Option<String>) -> Result<Func> {
    if NEVER_RAW.contains(&func.name.as_str()) {
        bail!("no Rust function can have this name");
    }
    let mut params = Vec::new();
    for param in &func.params {
        let name = param.name.as_str();
        match &**param.tref.type_() {
            Type::List(element) => {
                let element = list_element(element)?;
                params.push(Param { name: name.to_owned(), ty: Ty::pointer(false, element) });
                params.push(Param { name: format!("{name}_len"), ty: Ty::Number(Number::Usize) });
            }
            // A record cannot be a wasm value, so its address travels.
            Type::Record(record) if record.bitflags_repr().is_none() => {
                params.push(Param { name: name.to_owned(), ty: Ty::pointer(false, value(&param.tref)?) });
            }
            _ => params.push(Param { name: name.to_owned(), ty: value(&param.tref)? }),
        }
    }
    for (name, ty) in outcome(func, status)? {
        params.push(Param { name, ty: Ty::pointer(true, ty) });
    }
    // The wasm signature is the contract; what the renderers print must agree with it.
    let (wasm_params, wasm_results) = func.wasm_signature();
    if wasm_params.len() != params.len() || wasm_results != [witx::WasmType::I32] {
        bail!("it lowers to {} parameters, its wasm signature has {wasm_params:?}", params.len());
    }
    Ok(Func { name: func.name.as_str().to_owned(), docs: func.docs.trim_end().to_owned(), params })
}

/// The out-parameters of a function, after noting the type of its status.
fn outcome(func: &witx::InterfaceFunc, status: &mut Option<String>) -> Result<Vec<(String, Ty)>> {
    let [result] = func.results.as_slice() else {
        bail!("it has {} results; every function returns one status", func.results.len());
    };
    let Type::Variant(variant) = &**result.tref.type_() else {
        bail!("it returns a {}; every function returns `expected` with a status", result.tref.type_().kind());
    };
    let Some((ok, Some(TypeRef::Name(error)))) = variant.as_expected() else {
        bail!("its result is not `expected` with a named status type");
    };
    let error = error.name.as_str();
    match status {
        None => *status = Some(error.to_owned()),
        Some(known) if known == error => {}
        Some(known) => bail!("it returns the status `{error}`; the functions before return `{known}`"),
    }
    let Some(ok) = ok else { return Ok(Vec::new()) };
    match &**ok.type_() {
        Type::Record(record) if record.is_tuple() => record
            .members
            .iter()
            .map(|member| Ok((format!("result{}_out", member.name.as_str()), value(&member.tref)?)))
            .collect(),
        _ => Ok(vec![("result_out".to_owned(), value(ok)?)]),
    }
}

fn list_element(element: &TypeRef) -> Result<Ty> {
    match &**element.type_() {
        // `string` is a list of characters, and arrives as UTF-8.
        Type::Builtin(BuiltinType::Char) => Ok(Ty::Number(Number::Char8)),
        _ => value(element),
    }
}

fn value(tref: &TypeRef) -> Result<Ty> {
    let ty = match tref {
        TypeRef::Name(named) => return Ok(Ty::Named(named.name.as_str().to_owned())),
        TypeRef::Value(ty) => ty,
    };
    Ok(match &**ty {
        Type::Pointer(to) => Ty::pointer(true, value(to)?),
        Type::ConstPointer(to) => Ty::pointer(false, value(to)?),
        Type::Builtin(builtin) => Ty::Number(number(*builtin)?),
        other => bail!("an unnamed {} cannot be a field or a parameter; give it a name", other.kind()),
    })
}

fn number(builtin: BuiltinType) -> Result<Number> {
    Ok(match builtin {
        BuiltinType::Char => bail!("a single `char` has no C type; use u32"),
        BuiltinType::U8 { lang_c_char: true } => Number::Char8,
        BuiltinType::U8 { lang_c_char: false } => Number::U8,
        BuiltinType::U16 => Number::U16,
        BuiltinType::U32 { lang_ptr_size: true } => Number::Usize,
        BuiltinType::U32 { lang_ptr_size: false } => Number::U32,
        BuiltinType::U64 => Number::U64,
        BuiltinType::S8 => Number::S8,
        BuiltinType::S16 => Number::S16,
        BuiltinType::S32 => Number::S32,
        BuiltinType::S64 => Number::S64,
        BuiltinType::F32 => Number::F32,
        BuiltinType::F64 => Number::F64,
    })
}

fn int(repr: IntRepr) -> Number {
    match repr {
        IntRepr::U8 => Number::U8,
        IntRepr::U16 => Number::U16,
        IntRepr::U32 => Number::U32,
        IntRepr::U64 => Number::U64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abi(text: &str) -> Result<Abi> {
        lower(&witx::parse(text).unwrap())
    }

    const STATUS: &str = "(typename $status (enum (@witx tag u32) $ok $error))";

    fn params(signature: &str) -> Vec<(String, Ty)> {
        let text = format!(
            "{STATUS}
            (typename $pending_handle (handle))
            (typename $detail (record (field $rcode u16) (field $alert u8) (field $code u32)))
            (module $fastly_async_io (@interface func (export \"select\") {signature}))"
        );
        let abi = abi(&text).unwrap();
        abi.modules[0].funcs[0].params.iter().map(|param| (param.name.clone(), param.ty.clone())).collect()
    }

    #[test]
    fn a_list_of_handles_is_a_pointer_and_a_length() {
        let params = params("(param $hs (list $pending_handle)) (result $err (expected (error $status)))");
        assert_eq!(
            params,
            [
                ("hs".to_owned(), Ty::pointer(false, Ty::Named("pending_handle".to_owned()))),
                ("hs_len".to_owned(), Ty::Number(Number::Usize)),
            ]
        );
    }

    #[test]
    fn results_are_out_pointers_one_for_each_element_of_a_tuple() {
        let params = params("(result $err (expected (tuple $pending_handle $status) (error $status)))");
        assert_eq!(
            params,
            [
                ("result0_out".to_owned(), Ty::pointer(true, Ty::Named("pending_handle".to_owned()))),
                ("result1_out".to_owned(), Ty::pointer(true, Ty::Named("status".to_owned()))),
            ]
        );
    }

    #[test]
    fn a_record_is_passed_by_address() {
        let params = params("(param $d $detail) (result $err (expected (error $status)))");
        assert_eq!(params, [("d".to_owned(), Ty::pointer(false, Ty::Named("detail".to_owned())))]);
    }

    #[test]
    fn small_and_wide_fields_lie_where_wasm32_puts_them() {
        let abi = abi(&format!(
            "{STATUS}
            (typename $detail (record (field $rcode u16) (field $alert u8) (field $code u32) (field $at u64)))
            (module $m (@interface func (export \"f\") (result $err (expected (error $status)))))"
        ))
        .unwrap();
        let TypeKind::Record(record) = &abi.types[1].kind else { panic!("not a record: {:?}", abi.types[1]) };
        let offsets: Vec<usize> = record.fields.iter().map(|field| field.offset).collect();
        assert_eq!((offsets, record.size, record.align), (vec![0, 2, 4, 8], 16, 8));
        assert!(!record.has_pointers(&abi));
    }

    #[test]
    fn a_pointer_is_found_behind_the_names_of_types() {
        let abi = abi(&format!(
            "{STATUS}
            (typename $text (@witx const_pointer u8))
            (typename $inner (record (field $at $text)))
            (typename $outer (record (field $code u32) (field $inner $inner)))
            (typename $plain (record (field $status $status)))
            (module $m (@interface func (export \"f\") (result $err (expected (error $status)))))"
        ))
        .unwrap();
        let found = ["inner", "outer", "plain"].map(|name| match abi.kind(name) {
            Some(TypeKind::Record(record)) => record.has_pointers(&abi),
            other => panic!("not a record: {other:?}"),
        });
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn what_has_no_c_form_is_refused_by_name() {
        let error = abi(&format!(
            "{STATUS}
            (typename $r (record (field $names (list u8))))
            (module $m (@interface func (export \"f\") (result $err (expected (error $status)))))"
        ))
        .unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("`r`") && message.contains("`names`"), "{message}");
    }
}
