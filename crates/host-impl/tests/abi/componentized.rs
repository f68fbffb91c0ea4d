//! The guest as a component: the adapter of `edgekv componentize` between it and the host. It calls the same functions with the same
//! numbers, so each test says that the adapter does what the host does.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use edgekv_host::component::{KvView, add_to_linker};
use wasmtime::component::{Component, Func, HasData, Linker, ResourceTable, TypedFunc, Val};
use wasmtime::{Config, Engine, Store, StoreContextMut};
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::bindings::wasi::io::poll;
use wasmtime_wasi_io::poll::{Pollable, subscribe};

use crate::guest::{Data, module};

/// Says to Wasmtime where pollables are.
struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// A time that is over some day.
struct Timer(futures_timer::Delay);

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        (&mut self.0).await;
    }
}

fn add_clock_to_linker(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    clock.func_wrap("subscribe-duration", |mut store: StoreContextMut<'_, Data>, (nanoseconds,): (u64,)| {
        let table = &mut store.data_mut().table;
        let timer = table.push(Timer(futures_timer::Delay::new(Duration::from_nanos(nanoseconds))))?;
        Ok((subscribe(table, timer)?,))
    })
}

/// An instance.
pub struct Componentized {
    functions: HashMap<String, Func>,
    peek: TypedFunc<(u32,), (u64,)>,
    poke: TypedFunc<(u32, u64), ()>,
    poke_byte: TypedFunc<(u32, u32), ()>,
}

impl Componentized {
    pub fn new(data: Data) -> (Store<Data>, Self) {
        static COMPILED: OnceLock<(Engine, Component)> = OnceLock::new();
        let (engine, component) = COMPILED.get_or_init(|| {
            let made =
                edgekv_adapter::componentize_with_functions(&module(), &edgekv_adapter::Options::default())
                    .unwrap();
            let engine = Engine::new(&Config::new()).unwrap();
            let component = Component::new(&engine, made.component).unwrap();
            (engine, component)
        });
        let mut linker = Linker::<Data>::new(engine);
        poll::add_to_linker::<_, HasTable>(&mut linker, |data| &mut data.table).unwrap();
        add_clock_to_linker(&mut linker).unwrap();
        add_to_linker(&mut linker, |data| KvView { ctx: &mut data.ctx, table: &mut data.table }).unwrap();
        let mut store = Store::new(engine, data);
        let instance = pollster::block_on(linker.instantiate_async(&mut store, component)).unwrap();
        let names: Vec<_> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let functions = names
            .into_iter()
            .filter_map(|name| instance.get_func(&mut store, &name).map(|function| (name, function)))
            .collect();
        let this = Self {
            functions,
            peek: instance.get_typed_func(&mut store, "peek").unwrap(),
            poke: instance.get_typed_func(&mut store, "poke").unwrap(),
            poke_byte: instance.get_typed_func(&mut store, "poke-byte").unwrap(),
        };
        (store, this)
    }

    pub fn call(&mut self, store: &mut Store<Data>, name: &str, arguments: &[u64]) -> i32 {
        let function = self.functions[&name.replace(['_', '.'], "-")];
        let arguments: Vec<_> = arguments
            .iter()
            .zip(function.ty(&*store).params())
            .map(|(argument, (_, ty))| match ty {
                wasmtime::component::Type::U64 => Val::U64(*argument),
                _ => Val::U32(u32::try_from(*argument).unwrap()),
            })
            .collect();
        let mut results = [Val::Bool(false)];
        pollster::block_on(function.call_async(&mut *store, &arguments, &mut results))
            .unwrap_or_else(|trap| panic!("{name}{arguments:?} trapped: {trap:?}"));
        let [Val::U32(status)] = results else { panic!("{name} gives {results:?}") };
        status.cast_signed()
    }

    pub fn read(&mut self, store: &mut Store<Data>, range: Range<u32>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = range.start;
        while at < range.end {
            // Not beyond the end of memory.
            let from = if range.end - at < 8 { range.end.saturating_sub(8) } else { at };
            let word =
                pollster::block_on(self.peek.call_async(&mut *store, (from,))).unwrap().0.to_le_bytes();
            bytes.extend_from_slice(&word[(at - from) as usize..]);
            at = from + 8;
        }
        bytes.truncate(range.len());
        bytes
    }

    pub fn write(&mut self, store: &mut Store<Data>, at: u32, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut at = at;
        for word in words {
            let word = u64::from_le_bytes(*word);
            pollster::block_on(self.poke.call_async(&mut *store, (at, word))).unwrap();
            at += 8;
        }
        for byte in rest {
            pollster::block_on(self.poke_byte.call_async(&mut *store, (at, u32::from(*byte)))).unwrap();
            at += 1;
        }
    }
}
