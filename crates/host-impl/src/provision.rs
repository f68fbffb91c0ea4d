//! Which imports of legacy guests this host has, by name: for tools that look at a guest and do not link it.

use crate::WITX;
use crate::stubs::name_of_today;

/// What becomes of the import of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provision {
    /// It is there, by this name or by the one that it has today.
    Provided,
    /// [`stub_unknown_imports`](crate::stub_unknown_imports) has it answer `unsupported`.
    Unsupported,
    /// It is none of this ABI: whoever links the guest must have it.
    Unknown,
}

/// Says what becomes of a guest's import of a function, when its linker has all that this crate adds to one.
///
/// Names are all that it looks at: a function may also be imported with another type than it has.
///
/// ```
/// use edgekv_host::{Provision, provision};
///
/// assert_eq!(provision("fastly_kv_store", "open"), Provision::Provided);
/// assert_eq!(provision("env", "xqd_body_read"), Provision::Provided);
/// assert_eq!(provision("fastly_geo", "lookup"), Provision::Unsupported);
/// assert_eq!(provision("wasi_snapshot_preview1", "fd_write"), Provision::Unknown);
/// ```
#[must_use]
pub fn provision(module: &str, name: &str) -> Provision {
    if has(module, name) || name_of_today(module, name).is_some_and(|(module, name)| has(module, &name)) {
        Provision::Provided
    } else if module.starts_with("fastly_") {
        Provision::Unsupported
    } else {
        Provision::Unknown
    }
}

/// Whether the text of the ABI has the function: each module has a file of its name.
fn has(module: &str, name: &str) -> bool {
    let text = WITX.iter().find(|(file, _)| file.strip_suffix(".witx") == Some(module));
    text.is_some_and(|(_, text)| {
        text.split("(export \"").skip(1).any(|rest| rest.split('"').next() == Some(name))
    })
}

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Linker};

    use super::*;
    use crate::KvCtx;

    #[test]
    fn the_text_and_the_linker_have_the_same_functions() {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        crate::add_to_linker_sync(&mut linker, |ctx: &mut KvCtx| ctx).unwrap();
        // What can be given another name is there.
        let mut copy = linker.clone();
        copy.allow_shadowing(true);
        let mut is_there = |module: &str, name: &str| copy.alias(module, name, module, name).is_ok();
        let mut functions = 0;
        for (file, text) in WITX {
            let module = file.strip_suffix(".witx").unwrap();
            for rest in text.split("(export \"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(is_there(module, name), "{module}::{name}");
                assert_eq!(provision(module, name), Provision::Provided, "{module}::{name}");
                functions += 1;
            }
        }
        assert!(functions > 60, "{functions}");
        for (module, name) in
            [("fastly_kv_store", "no_such_function"), ("fastly_geo", "lookup"), ("typenames", "open")]
        {
            assert!(!is_there(module, name), "{module}::{name}");
            assert_ne!(provision(module, name), Provision::Provided, "{module}::{name}");
        }
    }
}
