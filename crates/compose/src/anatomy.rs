//! What is known of a file. Names are as the file has them: whoever prints them has to mind what is in them.

use std::fmt;
use std::sync::Arc;

/// A module or a component.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Inspection {
    /// A core module.
    Module(Arc<Module>),
    /// A component.
    Component(Arc<Component>),
}

/// What something is that is imported or exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A function, of a module or a component.
    Function,
    /// A memory of a module.
    Memory,
    /// A table of a module.
    Table,
    /// A global of a module.
    Global,
    /// A tag of a module, for exceptions.
    Tag,
    /// An instance, which is what an interface is in a component.
    Instance,
    /// A component.
    Component,
    /// A module.
    Module,
    /// A type.
    Type,
    /// A value.
    Value,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Function => "function",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Global => "global",
            Self::Tag => "tag",
            Self::Instance => "interface",
            Self::Component => "component",
            Self::Module => "module",
            Self::Type => "type",
            Self::Value => "value",
        })
    }
}

/// A core module.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Module {
    /// The name that its builder has given it.
    pub name: Option<String>,
    /// What it imports, in its order; of modules in components only memories are listed.
    pub imports: Vec<Import>,
    /// What it exports, in its order; of modules in components nothing is listed.
    pub exports: Vec<Item>,
    /// The memories that it has itself, in their order. Imported ones are among the imports.
    pub memories: Vec<Memory>,
    /// Whether it has a function `_start` without parameters and results, as programs do.
    pub is_program: bool,
}

/// What a module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Import {
    /// The module that it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a module exports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// Limits of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Pages at the begin.
    pub minimum_pages: u64,
    /// Most pages, if it says so itself.
    pub maximum_pages: Option<u64>,
    /// Bytes of a page: 65,536, but for modules that want it otherwise.
    pub page_bytes: u64,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Whether threads share it.
    pub is_shared: bool,
}

/// A component.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Component {
    /// The name that its builder has given it.
    pub name: Option<String>,
    /// What it imports, in its order.
    pub imports: Vec<Interface>,
    /// What it exports, in its order.
    pub exports: Vec<Interface>,
    /// The modules that it makes instances of itself, each with how many.
    pub modules: Vec<Modules>,
    /// The components that it links, in the order of links: each comes before those that it uses. Components without code, as compilers
    /// make them for exports, are left out.
    pub parts: Vec<Nested>,
    /// Memories of all modules, also of the parts.
    pub memory_count: u64,
}

impl Component {
    /// Whether something in it can run.
    pub(crate) fn has_code(&self) -> bool {
        !self.modules.is_empty() || !self.parts.is_empty()
    }
}

/// What a component imports or exports.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// Its name, such as `edgekv:kv/bodies@0.1.0`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The functions of an instance, as they are named inside of components: `open`, `[method]store.lookup`. Those of parts are not
    /// listed. All imports and exports of one type share one list, and no name is longer than names of parts may be.
    pub functions: Arc<[String]>,
}

/// Instances of a module.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Modules {
    /// The name of the module, or its number in the component.
    pub name: String,
    /// The module; several components may share one.
    pub module: Arc<Module>,
    /// How many instances of it there are.
    pub instances: u64,
}

/// A component in a component.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Nested {
    /// Its name: what the outer one calls it, or what it calls itself, or its number.
    pub name: String,
    /// The component; one may be there several times.
    pub component: Arc<Component>,
    /// Where its imports come from.
    pub links: Vec<Link>,
    /// Its index among the components of the outer one.
    pub(crate) component_index: usize,
    /// Its index among the instances of the outer one.
    pub(crate) instance_index: usize,
}

/// Where a part has an import from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The name of the import.
    pub import: String,
    /// Where it comes from.
    pub target: Target,
}

/// Who satisfies an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Target {
    /// Another part: its place among the parts.
    Part(usize),
    /// Whoever is outside of the component: the host, or another part further out.
    Outside,
    /// The component around it, with something of its own.
    Around,
}
