//! A component that does nothing itself: it passes every call of its exports on to the import of the same name, so that a test can
//! call any function of the interfaces. Made from the WIT text, so no toolchain for guests is needed.

use std::fmt::Write as _;
use std::sync::OnceLock;

use edgekv_host::KvCtx;
use edgekv_host::component::{KvView, add_origin_to_linker, add_to_linker};
use wasmtime::component::{Component, Func, HasData, Instance, Linker, ResourceTable, Val};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
    WorldKey,
};

/// What the guest imports, and passes on.
const IMPORTS: &str = "
    import wasi:io/poll@0.2.12;
    import edgekv:kv/bodies@0.1.0;
    import edgekv:kv/kv-store@0.1.0;
    import edgekv:platform/log@0.1.0;
    import edgekv:platform/runtime@0.1.0;
    import edgekv:platform/origin@0.1.0;
";

/// What a store of Wasmtime has.
pub struct Host {
    pub kv: KvCtx,
    pub table: ResourceTable,
}

impl Host {
    pub fn view(&mut self) -> KvView<'_> {
        KvView { ctx: &mut self.kv, table: &mut self.table }
    }
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

pub struct Guest {
    pub store: Store<Host>,
    instance: Instance,
    /// What has the KV store in the host's place.
    layer: Option<Instance>,
}

impl Guest {
    pub fn new(kv: KvCtx) -> Self {
        static COMPILED: OnceLock<(Engine, Component, Option<Component>)> = OnceLock::new();
        let (engine, component, layer) = COMPILED.get_or_init(|| {
            let engine = Engine::default();
            let component = Component::new(&engine, passing_on()).unwrap();
            let layer = crate::LAYER.map(|layer| Component::from_file(&engine, layer()).unwrap());
            (engine, component, layer)
        });
        let mut linker = Linker::<Host>::new(engine);
        let poll = wasmtime_wasi_io::bindings::wasi::io::poll::add_to_linker::<_, HasTable>;
        poll(&mut linker, |host| &mut host.table).unwrap();
        add_to_linker(&mut linker, Host::view).unwrap();
        add_origin_to_linker(&mut linker, Host::view).unwrap();
        let mut store = Store::new(engine, Host { kv, table: ResourceTable::new() });
        let instance = pollster::block_on(linker.instantiate_async(&mut store, component)).unwrap();
        let layer = layer
            .as_ref()
            .map(|layer| pollster::block_on(linker.instantiate_async(&mut store, layer)).unwrap());
        Self { store, instance, layer }
    }

    /// A function by the name of its interface and its own.
    fn function(&mut self, name: &str) -> Func {
        if let (Some(layer), Some(name)) = (self.layer, name.strip_prefix("kv-store.")) {
            let interface =
                layer.get_export_index(&mut self.store, None, "edgekv:kv/kv-store@0.1.0").unwrap();
            let function = layer.get_export_index(&mut self.store, Some(&interface), name);
            return layer.get_func(&mut self.store, function.unwrap_or_else(|| panic!("{name}"))).unwrap();
        }
        let export = export_name(name);
        self.instance.get_func(&mut self.store, &export).unwrap_or_else(|| panic!("{export}"))
    }

    /// Calls a function by the name of its interface and its own, as in `kv-store.[method]store.get`. A trap is an error.
    pub fn try_call(&mut self, name: &str, arguments: &[Val]) -> wasmtime::Result<Val> {
        let function = self.function(name);
        let results = function.ty(&self.store).results().count();
        let mut results = vec![Val::Bool(false); results];
        pollster::block_on(function.call_async(&mut self.store, arguments, &mut results))?;
        Ok(results.pop().unwrap_or(Val::Tuple(Vec::new())))
    }

    /// The same, where a trap fails the test.
    pub fn call(&mut self, name: &str, arguments: &[Val]) -> Val {
        self.try_call(name, arguments).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    /// Drops a resource of the guest, as in `kv-store.store`.
    pub fn drop(&mut self, resource: &str, value: Val) {
        match value {
            Val::Resource(value) if self.layer.is_some() => {
                pollster::block_on(value.resource_drop_async(&mut self.store)).unwrap();
            }
            value => drop(self.call(&format!("{resource}.drop"), &[value])),
        }
    }

    /// What the host keeps for this guest: objects and bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.store.data().kv.handles(), self.store.data().kv.held_bytes())
    }
}

/// Names of functions that are in no interface.
fn export_name(name: &str) -> String {
    let words = name.replace("[method]", "").replace("[static]", "").replace("[constructor]", "");
    words.replace('.', "-")
}

/// The component: the WIT text of its world, and a core module for that.
fn passing_on() -> Vec<u8> {
    let (resolve, world) = with_world(IMPORTS);
    let mut items = String::from(IMPORTS);
    for id in imported(&resolve, world) {
        describe(&resolve, id, &mut items);
    }

    let (resolve, world) = with_world(&items);
    let mut text = Text::default();
    for id in imported(&resolve, world) {
        let interface = &resolve.interfaces[id];
        let (short, module) = (interface.name.as_ref().unwrap(), resolve.id_of(id).unwrap());
        for name in resources(&resolve, id) {
            text.import(&module, &format!("[resource-drop]{name}"), "(param i32)");
            text.drop(&module, &name, &format!("{short}-{name}-drop"));
        }
        for function in interface.functions.values() {
            let name = export_name(&format!("{short}.{}", function.name));
            let exported = &resolve.worlds[world].exports[&WorldKey::Name(name)];
            let WorldItem::Function(exported) = exported else { panic!("{exported:?}") };
            text.pass_on(&resolve, &module, function, exported);
        }
    }
    let mut module = wat::parse_str(text.module()).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// The WIT text, with a world of these items.
fn with_world(items: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    for package in ["wasi/io", "wasi/clocks", "wasi/cli", "kv", "platform"] {
        resolve.push_path(format!("{}/wit/{package}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    }
    let text = format!("package edgekv:tests; world everything {{ {items} }}");
    let package = resolve.push_str("world.wit", &text).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    (resolve, world)
}

/// The interfaces that a world imports.
fn imported(resolve: &Resolve, world: WorldId) -> Vec<InterfaceId> {
    let keys = resolve.worlds[world].imports.keys();
    keys.filter_map(|key| if let WorldKey::Interface(id) = key { Some(*id) } else { None }).collect()
}

/// Names of the resources that an interface has itself.
fn resources(resolve: &Resolve, id: InterfaceId) -> Vec<String> {
    let types = resolve.interfaces[id].types.iter();
    let resources = types.filter(|(_, ty)| matches!(resolve.types[**ty].kind, TypeDefKind::Resource));
    resources.map(|(name, _)| name.clone()).collect()
}

/// Adds the functions of an interface to a world, as exports in no interface.
fn describe(resolve: &Resolve, id: InterfaceId, world: &mut String) {
    let interface = &resolve.interfaces[id];
    let (short, path) = (interface.name.as_ref().unwrap(), resolve.id_of(id).unwrap());
    for name in interface.types.keys() {
        writeln!(world, "use {path}.{{{name} as {short}-{name}}};").unwrap();
    }
    for name in resources(resolve, id) {
        writeln!(world, "export {short}-{name}-drop: func(this: {short}-{name});").unwrap();
    }
    for function in interface.functions.values() {
        let name = export_name(&format!("{short}.{}", function.name));
        let params = function.params.iter().enumerate();
        let params: Vec<_> = params.map(|(n, param)| format!("p{n}: {}", wit(resolve, &param.ty))).collect();
        let result = function.result.map(|ty| format!(" -> {}", wit(resolve, &ty))).unwrap_or_default();
        writeln!(world, "export {name}: func({}){result};", params.join(", ")).unwrap();
    }
}

/// A type as text, with the names that [`describe`] gives.
fn wit(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    let ty = &resolve.types[*id];
    if let (Some(name), TypeOwner::Interface(owner)) = (&ty.name, ty.owner) {
        return format!("{}-{name}", resolve.interfaces[owner].name.as_ref().unwrap());
    }
    let optional = |ty: &Option<Type>| ty.map_or("_".to_owned(), |ty| wit(resolve, &ty));
    match &ty.kind {
        TypeDefKind::List(item) => format!("list<{}>", wit(resolve, item)),
        TypeDefKind::Option(item) => format!("option<{}>", wit(resolve, item)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", optional(&result.ok), optional(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|ty| wit(resolve, ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(resource)) => wit(resolve, &Type::Id(*resource)),
        TypeDefKind::Handle(Handle::Borrow(resource)) => {
            format!("borrow<{}>", wit(resolve, &Type::Id(*resource)))
        }
        other => panic!("{other:?}"),
    }
}

/// The core module in the component, as it grows.
#[derive(Default)]
struct Text {
    imports: String,
    functions: String,
}

/// Memory that is given out once and never again: a test is short.
const ALLOCATOR: &str = r#"
    (memory (export "memory") 1)
    (global $end (mut i32) (i32.const 1024))
    (func $take (param $size i32) (param $align i32) (result i32) (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $end) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $end (i32.add (local.get $at) (local.get $size)))
        (block $enough
            (loop $more
                (br_if $enough (i32.le_u (global.get $end) (i32.shl (memory.size) (i32.const 16))))
                (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable))
                (br $more)))
        (local.get $at))
    (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
        (call $take (local.get $size) (local.get $align)))
"#;

/// Bytes for the answer of any function.
const ANSWER_BYTES: u32 = 256;

impl Text {
    fn import(&mut self, module: &str, name: &str, ty: &str) {
        writeln!(self.imports, r#"(import "{module}" "{name}" (func $"{module}#{name}" {ty}))"#).unwrap();
    }

    /// A function that drops the resource that it is given.
    fn drop(&mut self, module: &str, resource: &str, export: &str) {
        writeln!(
            self.functions,
            r#"(func (export "{export}") (param i32) (call $"{module}#[resource-drop]{resource}" (local.get 0)))"#
        )
        .unwrap();
    }

    /// A function that passes its call on, and gives back what it was lent.
    fn pass_on(&mut self, resolve: &Resolve, module: &str, import: &Function, export: &Function) {
        let imported = resolve.wasm_signature(AbiVariant::GuestImport, import);
        let exported = resolve.wasm_signature(AbiVariant::GuestExport, export);
        assert!(!imported.indirect_params, "{}", import.name);
        self.import(module, &import.name, &signature(&imported.params, &imported.results));

        let arguments: String = (0..exported.params.len()).map(|n| format!("(local.get {n})")).collect();
        let call = format!(r#"(call $"{module}#{}""#, import.name);
        let call = match (imported.retptr, exported.results.is_empty()) {
            (true, _) => format!(
                "(local.set $answer (call $take (i32.const {ANSWER_BYTES}) (i32.const 8)))
                {call} {arguments} (local.get $answer))"
            ),
            (false, false) => format!("(local.set $answer {call} {arguments}))"),
            (false, true) => format!("{call} {arguments})"),
        };
        let answer = exported.results.first().map_or("i32", |ty| name_of(*ty));
        let give_back = lent(resolve, module, import);
        let result = if exported.results.is_empty() { "" } else { "(local.get $answer)" };
        writeln!(
            self.functions,
            r#"(func (export "{}") {} (local $answer {answer}) (local $n i32) {call} {give_back} {result})"#,
            export.name,
            signature(&exported.params, &exported.results),
        )
        .unwrap();
    }

    fn module(&self) -> String {
        format!("(module {} {ALLOCATOR} {})", self.imports, self.functions)
    }
}

/// Gives back the resources that a function was lent: its first parameter, or a list that is.
fn lent(resolve: &Resolve, module: &str, function: &Function) -> String {
    let Some(Type::Id(first)) = function.params.first().map(|param| param.ty) else { return String::new() };
    let name = |id: TypeId| resolve.types[id].name.clone().unwrap();
    match &resolve.types[first].kind {
        TypeDefKind::Handle(Handle::Borrow(resource)) => {
            format!(r#"(call $"{module}#[resource-drop]{}" (local.get 0))"#, name(*resource))
        }
        TypeDefKind::List(Type::Id(item)) => match &resolve.types[*item].kind {
            TypeDefKind::Handle(Handle::Borrow(resource)) => format!(
                r#"(block $all (loop $next
                    (br_if $all (i32.ge_u (local.get $n) (local.get 1)))
                    (call $"{module}#[resource-drop]{}"
                        (i32.load (i32.add (local.get 0) (i32.shl (local.get $n) (i32.const 2)))))
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br $next)))"#,
                name(*resource)
            ),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn signature(params: &[WasmType], results: &[WasmType]) -> String {
    let names = |types: &[WasmType]| types.iter().map(|ty| format!("{} ", name_of(*ty))).collect::<String>();
    let results = names(results);
    let results = if results.is_empty() { results } else { format!("(result {results})") };
    format!("(param {}) {results}", names(params))
}

fn name_of(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
