//! The interfaces that components can import, by name; and what is said of those that they cannot.

use wasmtime::component::Component;
use wasmtime::component::types::{ComponentItem, Type};

use crate::escaped::Escaped;
use crate::offer::Offer;

/// What runs a program once.
pub(super) const RUN: &str = "wasi:cli/run@0.2.12";

/// What answers requests.
pub(super) const INCOMING_HANDLER: &str = "wasi:http/incoming-handler@0.2.12";

/// Most names that are told when they are missing.
const MAX_MISSING_SHOWN: usize = 10;

pub(super) const KV_STORE: &str = "edgekv:kv/kv-store";
pub(super) const ORIGIN: &str = "edgekv:platform/origin";

/// Interfaces of edgekv, of version 0.1, and what has to be offered for each.
const OURS: [(&str, Offer); 6] = [
    ("edgekv:kv/bodies", Offer::empty()),
    (KV_STORE, Offer::KV_STORE),
    ("edgekv:platform/log", Offer::empty()),
    (ORIGIN, Offer::ORIGIN),
    ("edgekv:platform/runtime", Offer::empty()),
    ("edgekv:platform/system", Offer::empty()),
];

/// Interfaces of WASI, of version 0.2.
const WASI: [&str; 29] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// What a host says to an import of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provision {
    /// It is there.
    Provided,
    /// edgekv has it, and this [`Offer`] does not.
    NotOffered,
    /// edgekv has it, in another version.
    OtherVersion,
    /// edgekv does not have it.
    Unknown,
}

impl Provision {
    /// What a host with this offer says to the import of an interface, such as `wasi:io/poll@0.2.3`.
    ///
    /// ```
    /// use edgekv_runtime::{Offer, Provision};
    ///
    /// let of = |import| Provision::of(import, Offer::KV_STORE);
    /// assert_eq!(of("edgekv:kv/kv-store@0.1.0"), Provision::Provided);
    /// assert_eq!(of("edgekv:platform/origin@0.1.0"), Provision::NotOffered);
    /// assert_eq!(of("wasi:io/poll@0.3.0"), Provision::OtherVersion);
    /// assert_eq!(of("wasi:keyvalue/store@0.2.0"), Provision::Unknown);
    /// ```
    #[must_use]
    pub fn of(import: &str, offer: Offer) -> Self {
        let (name, version) = import.split_once('@').unwrap_or((import, ""));
        let (track, needed) = match OURS.iter().find(|(ours, _)| *ours == name) {
            Some((_, needed)) => ("0.1", *needed),
            None if WASI.contains(&name) => ("0.2", Offer::empty()),
            None => return Self::Unknown,
        };
        // Versions before 1.0 are compatible when they differ in their last number only, if it is one.
        let is_compatible = version.strip_prefix(track).is_some_and(|last| {
            last.strip_prefix('.')
                .is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
        });
        match is_compatible {
            false => Self::OtherVersion,
            true if offer.contains(needed) => Self::Provided,
            true => Self::NotOffered,
        }
    }
}

/// Says which imports of a component this host does not provide; `None` when it is none of them as a whole that is missing.
pub(super) fn missing(component: &Component, offer: Offer) -> Option<String> {
    let ty = component.component_type();
    let imports: Vec<(&str, Provision)> = ty
        .imports(component.engine())
        .map(|(name, import)| match import.ty {
            ComponentItem::ComponentInstance(_) => (name, Provision::of(name, offer)),
            _ => (name, Provision::Unknown),
        })
        .filter(|(_, provision)| *provision != Provision::Provided)
        .collect();
    let mut remedies = Vec::new();
    for (name, provision) in &imports {
        let remedy = match provision {
            Provision::NotOffered if name.starts_with(KV_STORE) => {
                "compose it with a feature layer, which makes a store of what is offered, by `edgekv compose`; or offer \
                 kv-store as well, by --offer"
            }
            Provision::NotOffered => {
                "offer origin as well, by --offer; or run the program as it was before `edgekv compose`"
            }
            Provision::OtherVersion => "build it for the version that edgekv has: edgekv:* 0.1, wasi:* 0.2",
            _ => "build it without, or compose it with a component that exports it, by `edgekv compose`",
        };
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    let remedies = remedies.join("; ");
    let has = |provision: Provision| match provision {
        Provision::NotOffered => format!("which this host does not offer (it offers {offer})"),
        Provision::OtherVersion => "which edgekv has in another version".to_owned(),
        _ => "which edgekv does not have".to_owned(),
    };
    match imports.as_slice() {
        [] => None,
        [(name, provision)] => {
            Some(format!("it imports {}, {}; {remedies}", Escaped::name(name), has(*provision)))
        }
        several => {
            let names: Vec<_> = several
                .iter()
                .take(MAX_MISSING_SHOWN)
                .map(|(name, _)| Escaped::name(name).to_string())
                .collect();
            let more = match several.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!(
                "it imports {} interfaces that this host does not provide: {}{more}; {remedies}",
                several.len(),
                names.join(", ")
            ))
        }
    }
}

/// Says whether the function that runs a program once is as the standard has it, before anybody calls it.
pub(super) fn check_run(component: &Component) -> Result<(), &'static str> {
    let run = component.get_export_index(None, RUN);
    let run = run.and_then(|instance| component.get_export(Some(&instance), "run"));
    let is_run = match run {
        Some((ComponentItem::ComponentFunc(run), _)) => {
            let is_result =
                |ty| matches!(ty, Type::Result(result) if result.ok().is_none() && result.err().is_none());
            let mut results = run.results();
            run.params().len() == 0 && results.len() == 1 && results.all(is_result)
        }
        _ => false,
    };
    if is_run {
        Ok(())
    } else {
        Err("its export wasi:cli/run has no function `run: func() -> result`; build it as a program")
    }
}

/// Says of a component that exports nothing that is called what it is instead.
pub(super) fn nothing_to_call(component: &Component) -> String {
    let ty = component.component_type();
    let is_layer = ty.exports(component.engine()).any(|(name, _)| name.starts_with(KV_STORE));
    if is_layer {
        "it exports edgekv:kv/kv-store and nothing that could be run, so it is a layer; put it under a program by \
         `edgekv compose`"
            .to_owned()
    } else {
        "it exports neither wasi:cli/run nor wasi:http/incoming-handler of version 0.2, so it is a library, not a program; \
         build it as a program (in Rust: with a src/main.rs, for the target wasm32-wasip2)"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Linker;
    use wasmtime::{Config, Engine};

    use super::*;
    use crate::component::{Host, linker};

    fn engine() -> Engine {
        Engine::new(&Config::new()).unwrap()
    }

    fn importing(engine: &Engine, names: &[&str]) -> Component {
        let imports: String = names.iter().map(|name| format!("(import \"{name}\" (instance))")).collect();
        Component::new(engine, wat::parse_str(format!("(component {imports})")).unwrap()).unwrap()
    }

    /// Whether the linker has something of this very name: then nothing else can be put there.
    fn has(linker: &mut Linker<Host>, name: &str) -> bool {
        let module = wasmtime::Module::new(linker.engine(), "\0asm\x01\0\0\0").unwrap();
        linker.root().module(name, &module).is_err()
    }

    #[test]
    fn the_table_says_what_the_linker_has() {
        let engine = engine();
        for offer in [Offer::all(), Offer::KV_STORE, Offer::ORIGIN, Offer::empty()] {
            let mut linker = linker(&engine, offer).unwrap();
            let ours = OURS.into_iter().map(|(name, _)| format!("{name}@0.1.0"));
            for name in ours.chain(WASI.into_iter().map(|name| format!("{name}@0.2.12"))) {
                let is_provided = Provision::of(&name, offer) == Provision::Provided;
                assert_eq!(is_provided, has(&mut linker, &name), "{name} of {offer}");
            }
        }
    }

    #[test]
    fn versions_are_compatible_that_wasmtime_links() {
        let engine = engine();
        let linker = linker(&engine, Offer::all()).unwrap();
        let versions = ["0.2.0", "0.2.12", "0.2.99", "0.1.0", "0.3.0", "1.2.0", "0.2.0-rc.1", "0.20.0"];
        for version in versions {
            let name = format!("wasi:random/random@{version}");
            let text = format!(
                "(component (import \"{name}\" (instance (export \"get-random-u64\" (func (result u64))))))"
            );
            let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
            let is_provided = Provision::of(&name, Offer::all()) == Provision::Provided;
            assert_eq!(is_provided, linker.instantiate_pre(&component).is_ok(), "{version}");
        }
    }

    #[test]
    fn what_is_missing_is_told_with_what_to_do() {
        let engine = engine();
        let told = |names: &[&str], offer| missing(&importing(&engine, names), offer).unwrap_or_default();
        assert_eq!(told(&["edgekv:kv/kv-store@0.1.0", "wasi:io/poll@0.2.0"], Offer::all()), "");
        let uncomposed = told(&["edgekv:kv/kv-store@0.1.0"], Offer::ORIGIN);
        assert!(
            uncomposed.starts_with(
                "it imports edgekv:kv/kv-store@0.1.0, which this host does not offer (it offers origin); compose it with a \
                 feature layer"
            ),
            "{uncomposed}"
        );
        let composed = told(&["edgekv:platform/origin@0.1.0"], Offer::KV_STORE);
        assert!(composed.contains("offer origin as well, by --offer"), "{composed}");
        let several = told(&["a:b/c@0.1.0", "wasi:io/poll@0.3.0"], Offer::all());
        assert!(
            several.starts_with(
                "it imports 2 interfaces that this host does not provide: a:b/c@0.1.0, wasi:io/poll@0.3.0; "
            ),
            "{several}"
        );
        let names: Vec<String> = (0..12).map(|number| format!("a:b/c{number}")).collect();
        let many = told(&names.iter().map(String::as_str).collect::<Vec<_>>(), Offer::all());
        assert!(many.contains("a:b/c9 and 2 more; "), "{many}");
    }
}
