//! A guest that does nothing itself: it re-exports its imports and its memory, so that a test can call any function of
//! the ABI with any numbers. Made from the witx text, so no toolchain for guests is needed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

use std::ops::{Deref, DerefMut};

use edgekv_host::KvCtx;
use wasmtime::{Config, Engine, Func, Linker, Memory, Module, Store, Val};

#[cfg(feature = "component")]
use crate::componentized::Componentized;

/// The status numbers that tests compare with.
pub mod status {
    pub const OK: i32 = 0;
    pub const ERROR: i32 = 1;
    pub const INVAL: i32 = 2;
    pub const BADF: i32 = 3;
    pub const BUFLEN: i32 = 4;
    pub const UNSUPPORTED: i32 = 5;
    pub const BADALIGN: i32 = 6;
    pub const HTTPINCOMPLETE: i32 = 9;
    pub const NONE: i32 = 10;
    pub const LIMITEXCEEDED: i32 = 13;
    pub const AGAIN: i32 = 14;
}

/// The `kv_error` numbers that tests compare with.
pub mod kv {
    pub const UNINITIALIZED: u32 = 0;
    pub const OK: u32 = 1;
    pub const BAD_REQUEST: u32 = 2;
    pub const NOT_FOUND: u32 = 3;
    pub const PRECONDITION_FAILED: u32 = 4;
    pub const PAYLOAD_TOO_LARGE: u32 = 5;
    pub const INTERNAL_ERROR: u32 = 6;
}

/// The value that guests initialise handles with.
pub const INVALID_HANDLE: u32 = u32::MAX - 1;

/// What tests fill out-variables with, to see whether they were written.
pub const UNTOUCHED: u32 = 0xdead_beef;

const PAGE_BYTES: u32 = 65_536;

/// Memory of the guest, in pages: enough for the largest value and some buffers.
const PAGES: u32 = 1_024;

/// End of memory, exclusive.
pub const MEMORY_END: u32 = PAGES * PAGE_BYTES;

/// Which way the host runs its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Blocking,
    Asynchronous,
    /// As a component, with the adapter.
    #[cfg(feature = "component")]
    Componentized,
}

/// What the store of an instance has.
pub struct Data {
    pub ctx: KvCtx,
    #[cfg(feature = "component")]
    pub table: wasmtime::component::ResourceTable,
}

impl Deref for Data {
    type Target = KvCtx;

    fn deref(&self) -> &KvCtx {
        &self.ctx
    }
}

impl DerefMut for Data {
    fn deref_mut(&mut self) -> &mut KvCtx {
        &mut self.ctx
    }
}

/// The ABI, parsed from the witx text.
pub fn document() -> witx::Document {
    let files =
        edgekv_host::WITX.iter().map(|(name, _)| format!("{}/witx/{name}", env!("CARGO_MANIFEST_DIR")));
    witx::load(&files.collect::<Vec<_>>()).unwrap()
}

/// A wasm function type in the text format, without results.
pub fn params(function: &witx::InterfaceFunc) -> Vec<&'static str> {
    let names = function.wasm_signature().0.into_iter().map(|ty| match ty {
        witx::WasmType::I32 => "i32",
        witx::WasmType::I64 => "i64",
        other => panic!("the ABI has no parameters of type {other:?}"),
    });
    names.collect()
}

/// The text of the guest. Every import is wrapped: a host function that is exported as it is would be called without an
/// instance, and so without a memory.
fn guest_text() -> String {
    let (mut imports, mut wrappers) = (String::new(), String::new());
    for module in document().modules() {
        for function in module.funcs() {
            let (module, name, params) = (module.name.as_str(), function.name.as_str(), params(&function));
            let ty = format!("(param {}) (result i32)", params.join(" "));
            writeln!(imports, r#"(import "{module}" "{name}" (func ${module}.{name} {ty}))"#).unwrap();
            let arguments: String = (0..params.len()).map(|n| format!("(local.get {n})")).collect();
            writeln!(
                wrappers,
                r#"(func (export "{module}.{name}") {ty} (call ${module}.{name} {arguments}))"#
            )
            .unwrap();
        }
    }
    // The rest is for components, whose memory nobody sees from outside.
    format!(
        r#"(module {imports} (memory (export "memory") {PAGES}) {wrappers}
        (func (export "_start"))
        (func (export "peek") (param i32) (result i64) (i64.load (local.get 0)))
        (func (export "poke") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
        (func (export "poke_byte") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"#
    )
}

/// The guest as a module.
pub fn module() -> Vec<u8> {
    wat::parse_str(guest_text()).unwrap()
}

pub struct Guest {
    pub store: Store<Data>,
    instance: Instance,
    next_free: u32,
}

/// What is run, and how.
enum Instance {
    Core {
        memory: Memory,
        functions: HashMap<String, Func>,
        mode: Mode,
    },
    #[cfg(feature = "component")]
    Componentized(Componentized),
}

impl Guest {
    /// An instance with its context.
    pub fn new(mode: Mode, ctx: KvCtx) -> Self {
        let data = Data {
            ctx,
            #[cfg(feature = "component")]
            table: wasmtime::component::ResourceTable::new(),
        };
        #[cfg(feature = "component")]
        if mode == Mode::Componentized {
            let (store, componentized) = Componentized::new(data);
            return Self { store, instance: Instance::Componentized(componentized), next_free: 64 };
        }
        static COMPILED: OnceLock<(Engine, Module)> = OnceLock::new();
        let (engine, module) = COMPILED.get_or_init(|| {
            let engine = Engine::new(&Config::new()).unwrap();
            let module = Module::new(&engine, module()).unwrap();
            (engine, module)
        });
        let mut linker = Linker::<Data>::new(engine);
        if mode == Mode::Blocking {
            edgekv_host::add_to_linker_sync(&mut linker, |data| &mut data.ctx).unwrap();
        } else {
            edgekv_host::add_to_linker(&mut linker, |data| &mut data.ctx).unwrap();
        }
        let mut store = Store::new(engine, data);
        let instance = if mode == Mode::Blocking {
            linker.instantiate(&mut store, module)
        } else {
            pollster::block_on(linker.instantiate_async(&mut store, module))
        };
        let instance = instance.unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let names: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
        let functions = names
            .into_iter()
            .filter_map(|name| instance.get_func(&mut store, &name).map(|function| (name, function)))
            .collect();
        // Address 0 stays free: some calls take it for "not wanted".
        Self { store, instance: Instance::Core { memory, functions, mode }, next_free: 64 }
    }

    /// Calls a function of the ABI. A trap fails the test: nothing that a guest passes may be one.
    pub fn call(&mut self, module: &str, function: &str, arguments: &[u32]) -> i32 {
        let arguments: Vec<_> = arguments.iter().map(|argument| u64::from(*argument)).collect();
        self.call_wide(module, function, &arguments)
    }

    /// The same, for parameters of 64 bits.
    pub fn call_wide(&mut self, module: &str, function: &str, arguments: &[u64]) -> i32 {
        let (functions, mode) = match &mut self.instance {
            Instance::Core { functions, mode, .. } => (functions, *mode),
            #[cfg(feature = "component")]
            Instance::Componentized(guest) => {
                return guest.call(&mut self.store, &format!("{module}.{function}"), arguments);
            }
        };
        let function = functions[&format!("{module}.{function}")];
        let types = function.ty(&self.store);
        let arguments: Vec<_> = arguments
            .iter()
            .zip(types.params())
            .map(|(argument, ty)| match ty {
                wasmtime::ValType::I64 => Val::I64(argument.cast_signed()),
                _ => Val::I32(u32::try_from(*argument).unwrap().cast_signed()),
            })
            .collect();
        let mut results = [Val::I32(-1)];
        if mode == Mode::Blocking {
            function.call(&mut self.store, &arguments, &mut results)
        } else {
            pollster::block_on(function.call_async(&mut self.store, &arguments, &mut results))
        }
        .unwrap_or_else(|trap| panic!("{module}.{function:?}{arguments:?} trapped: {trap:?}"));
        results[0].unwrap_i32()
    }

    pub fn kv(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_kv_store", function, arguments)
    }

    pub fn body(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_http_body", function, arguments)
    }

    /// Calls a function of the older store module.
    pub fn object_store(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_object_store", function, arguments)
    }

    pub fn async_io(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_async_io", function, arguments)
    }

    pub fn req(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_http_req", function, arguments)
    }

    pub fn resp(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_http_resp", function, arguments)
    }

    pub fn downstream(&mut self, function: &str, arguments: &[u32]) -> i32 {
        self.call("fastly_http_downstream", function, arguments)
    }

    /// Memory that nothing else uses, aligned to 8 bytes.
    pub fn alloc(&mut self, bytes: u32) -> u32 {
        let at = self.next_free;
        self.next_free = (at + bytes).next_multiple_of(8);
        assert!(self.next_free < MEMORY_END, "the guest is out of memory");
        at
    }

    /// Copies bytes into memory.
    pub fn put(&mut self, bytes: &[u8]) -> (u32, u32) {
        let length = u32::try_from(bytes.len()).unwrap();
        let at = self.alloc(length);
        self.write(at, bytes);
        (at, length)
    }

    pub fn write(&mut self, at: u32, bytes: &[u8]) {
        match &mut self.instance {
            Instance::Core { memory, .. } => memory.write(&mut self.store, at as usize, bytes).unwrap(),
            #[cfg(feature = "component")]
            Instance::Componentized(guest) => guest.write(&mut self.store, at, bytes),
        }
    }

    pub fn bytes(&mut self, range: Range<u32>) -> Vec<u8> {
        match &mut self.instance {
            Instance::Core { memory, .. } => {
                memory.data(&self.store)[range.start as usize..range.end as usize].to_vec()
            }
            #[cfg(feature = "component")]
            Instance::Componentized(guest) => guest.read(&mut self.store, range),
        }
    }

    /// An out-variable of 8 bytes that has not been written.
    pub fn out(&mut self) -> u32 {
        let at = self.alloc(8);
        self.write(at, &UNTOUCHED.to_le_bytes());
        self.write(at + 4, &UNTOUCHED.to_le_bytes());
        at
    }

    pub fn u16(&mut self, at: u32) -> u16 {
        u16::from_le_bytes(self.bytes(at..at + 2).try_into().unwrap())
    }

    pub fn u32(&mut self, at: u32) -> u32 {
        u32::from_le_bytes(self.bytes(at..at + 4).try_into().unwrap())
    }

    pub fn u64(&mut self, at: u32) -> u64 {
        u64::from_le_bytes(self.bytes(at..at + 8).try_into().unwrap())
    }

    /// What the host keeps for this guest: objects and bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.store.data().handles(), self.store.data().held_bytes())
    }

    /// Names of the stores that the guest has asked for in vain, as the host tells them.
    pub fn missing_stores(&self) -> Vec<&str> {
        self.store.data().missing_stores().map(|name| name.as_str()).collect()
    }
}
