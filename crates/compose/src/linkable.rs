//! What the linker can write down again: the types of what is imported from the host, which it makes anew.
//!
//! Everything that comes of WIT is among it. What is not would be a panic in there.

use std::collections::HashSet;

use wac_graph::types::{
    DefinedType, DefinedTypeId, FuncTypeId, InterfaceId, ItemKind, ResourceId, Type, Types, ValueType, World,
};

/// Checks what a part imports.
///
/// # Errors
///
/// What it is that cannot be linked.
pub(crate) fn check(types: &Types, world: &World) -> Result<(), String> {
    let mut scope = Scope { is_outermost: true, ..Scope::new(types, world.imports.values()) };
    world.imports.iter().try_for_each(|(name, kind)| {
        scope.item(*kind).map_err(|reason| format!("its import {} {reason}", name.escape_debug()))
    })
}

/// The imports of a component, or an interface: what has a name here.
struct Scope<'a> {
    types: &'a Types,
    resources: HashSet<&'a str>,
    seen: HashSet<DefinedTypeId>,
    is_outermost: bool,
}

impl<'a> Scope<'a> {
    fn new(types: &'a Types, items: impl Iterator<Item = &'a ItemKind>) -> Self {
        let resources = items.filter_map(|item| match item {
            ItemKind::Type(Type::Resource(id)) => Some(types[*id].name.as_str()),
            _ => None,
        });
        Self { types, resources: resources.collect(), seen: HashSet::new(), is_outermost: false }
    }

    fn item(&mut self, kind: ItemKind) -> Result<(), String> {
        match kind {
            ItemKind::Func(id) | ItemKind::Type(Type::Func(id)) => self.function(id),
            ItemKind::Type(Type::Value(ty)) => self.value(ty),
            ItemKind::Instance(id) | ItemKind::Type(Type::Interface(id)) => interface(self.types, id),
            ItemKind::Type(Type::Resource(_)) => Ok(()),
            ItemKind::Type(Type::World(_) | Type::Module(_))
            | ItemKind::Component(_)
            | ItemKind::Module(_)
            | ItemKind::Value(_) => {
                Err(format!("is or has a {}, which cannot be linked", kind.desc(self.types)))
            }
        }
    }

    fn function(&mut self, id: FuncTypeId) -> Result<(), String> {
        let function = &self.types[id];
        function.params.values().chain(&function.result).try_for_each(|ty| self.value(*ty))
    }

    fn value(&mut self, ty: ValueType) -> Result<(), String> {
        match ty {
            ValueType::Primitive(_) => Ok(()),
            ValueType::Borrow(_) if self.is_outermost => {
                Err("is a function that borrows a resource; put it into an interface".to_owned())
            }
            ValueType::Own(id) | ValueType::Borrow(id) => self.resource(id),
            ValueType::Defined(id) => self.defined(id),
        }
    }

    fn resource(&self, id: ResourceId) -> Result<(), String> {
        let name = self.types[id].name.as_str();
        if self.resources.contains(name) {
            return Ok(());
        }
        Err(format!("is about the resource {}, which has no name there", name.escape_debug()))
    }

    fn defined(&mut self, id: DefinedTypeId) -> Result<(), String> {
        if !self.seen.insert(id) {
            return Ok(());
        }
        match &self.types[id] {
            DefinedType::Alias(of) | DefinedType::List(of) | DefinedType::Option(of) => self.value(*of),
            DefinedType::FixedSizeList(of, _) => self.value(*of),
            DefinedType::Map(key, value) => self.value(*key).and_then(|()| self.value(*value)),
            DefinedType::Tuple(of) => of.iter().try_for_each(|ty| self.value(*ty)),
            DefinedType::Result { ok, err } => ok.iter().chain(err).try_for_each(|ty| self.value(*ty)),
            DefinedType::Variant(variant) => {
                variant.cases.values().flatten().try_for_each(|ty| self.value(*ty))
            }
            DefinedType::Record(record) => record.fields.values().try_for_each(|ty| self.value(*ty)),
            DefinedType::Stream(of) | DefinedType::Future(of) => of.iter().try_for_each(|ty| self.value(*ty)),
            DefinedType::Flags(_) | DefinedType::Enum(_) => Ok(()),
        }
    }
}

/// An interface has its own names.
fn interface(types: &Types, id: InterfaceId) -> Result<(), String> {
    let mut scope = Scope::new(types, types[id].exports.values());
    types[id].exports.values().try_for_each(|kind| scope.item(*kind))
}
