//! Compiled code, of either form that a program has.

use std::fmt;

use wasmtime::component::Component;
use wasmtime::{Engine, Module, ResourcesRequired};

/// The forms of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A core WebAssembly module, written for the legacy ABI.
    Module,
    /// A component.
    Component,
}

impl Form {
    /// What it is called in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Module => "WebAssembly module",
            Self::Component => "component",
        }
    }
}

/// The compiled code of a program.
pub(crate) enum Code {
    Module(Module),
    Component(Component),
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module(_) => "Module",
            Self::Component(_) => "Component",
        })
    }
}

impl Code {
    /// Compiles a program.
    pub(crate) fn compile(engine: &Engine, form: Form, bytes: &[u8]) -> wasmtime::Result<Self> {
        match form {
            Form::Module => Module::new(engine, bytes).map(Self::Module),
            Form::Component => Component::new(engine, bytes).map(Self::Component),
        }
    }

    /// What Wasmtime would make the same code of again.
    pub(crate) fn serialize(&self) -> wasmtime::Result<Vec<u8>> {
        match self {
            Self::Module(module) => module.serialize(),
            Self::Component(component) => component.serialize(),
        }
    }

    /// What an instance needs, as far as that is known before there is one: not for components that make instances of what they
    /// import.
    pub(crate) fn resources_required(&self) -> Option<ResourcesRequired> {
        match self {
            Self::Module(module) => Some(module.resources_required()),
            Self::Component(component) => component.resources_required(),
        }
    }
}
