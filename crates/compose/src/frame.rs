//! A component while it is read: what its numbers stand for.
//!
//! In a component everything has a number among its kind: imported, defined, taken from elsewhere, or exported, which gives it one
//! more. Only what leads to the parts and their links is followed: modules, components, instances and functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExport, ComponentExternalKind, ComponentInstance,
    ComponentName, ComponentNameSectionReader, ComponentOuterAliasKind, Instance,
};

use crate::anatomy::{Component, Interface, Kind, Link, Module, Modules, Nested, Target};
use crate::names;

/// Where an instance or a function comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Import,
    /// It is a part, or of one: its place among the uses of components.
    Use(usize),
    /// The component has made it itself.
    Made,
}

/// An instance of a component.
#[derive(Debug)]
struct Use {
    component_index: usize,
    instance_index: usize,
    component: Arc<Component>,
    arguments: Vec<(String, Origin)>,
}

/// A component that is being read.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    imports: Vec<Interface>,
    exports: Vec<Interface>,
    /// Those that are unknown come from outside.
    modules: Vec<Option<Arc<Module>>>,
    components: Vec<Option<Arc<Component>>>,
    instances: Vec<Origin>,
    functions: Vec<Origin>,
    uses: Vec<Use>,
    /// How many instances there are of which module.
    core_uses: BTreeMap<usize, u64>,
    name: Option<String>,
    module_names: BTreeMap<u32, String>,
    component_names: BTreeMap<u32, String>,
    instance_names: BTreeMap<u32, String>,
}

impl Frame {
    pub(crate) fn import(&mut self, name: &str, kind: Kind) {
        match kind {
            Kind::Module => self.modules.push(None),
            Kind::Component => self.components.push(None),
            Kind::Instance => self.instances.push(Origin::Import),
            Kind::Function => self.functions.push(Origin::Import),
            _ => {}
        }
        self.imports.push(Interface { name: name.to_owned(), kind, functions: Arc::default() });
    }

    /// What is exported has one more number from then on.
    pub(crate) fn export(&mut self, export: &ComponentExport<'_>) {
        let index = export.index as usize;
        let kind = match export.kind {
            ComponentExternalKind::Module => {
                self.modules.push(self.modules.get(index).cloned().flatten());
                Kind::Module
            }
            ComponentExternalKind::Component => {
                self.components.push(self.components.get(index).cloned().flatten());
                Kind::Component
            }
            ComponentExternalKind::Instance => {
                self.instances.push(origin(&self.instances, index));
                Kind::Instance
            }
            ComponentExternalKind::Func => {
                self.functions.push(origin(&self.functions, index));
                Kind::Function
            }
            ComponentExternalKind::Type => Kind::Type,
            ComponentExternalKind::Value => Kind::Value,
        };
        let name = export.name.name.to_owned();
        self.exports.push(Interface { name, kind, functions: Arc::default() });
    }

    pub(crate) fn module(&mut self, module: Module) {
        self.modules.push(Some(Arc::new(module)));
    }

    pub(crate) fn component(&mut self, component: Component) {
        self.components.push(Some(Arc::new(component)));
    }

    pub(crate) fn canonical(&mut self, function: &CanonicalFunction) {
        if let CanonicalFunction::Lift { .. } = function {
            self.functions.push(Origin::Made);
        }
    }

    pub(crate) fn core_instance(&mut self, instance: &Instance<'_>) {
        if let Instance::Instantiate { module_index, .. } = instance {
            *self.core_uses.entry(*module_index as usize).or_default() += 1;
        }
    }

    pub(crate) fn instance(&mut self, instance: &ComponentInstance<'_>) {
        let ComponentInstance::Instantiate { component_index, args } = instance else {
            return self.instances.push(Origin::Made);
        };
        let component_index = *component_index as usize;
        let Some(Some(component)) = self.components.get(component_index) else {
            // It comes from outside, and so does what it makes.
            return self.instances.push(Origin::Import);
        };
        if !component.has_code() {
            // It gives other names to what it is given.
            return self.instances.push(Origin::Made);
        }
        let arguments = args.iter().filter_map(|argument| {
            let index = argument.index as usize;
            let origin = match argument.kind {
                ComponentExternalKind::Instance => origin(&self.instances, index),
                ComponentExternalKind::Func => origin(&self.functions, index),
                ComponentExternalKind::Module | ComponentExternalKind::Component => Origin::Made,
                // Types are given along with what they are for.
                ComponentExternalKind::Type | ComponentExternalKind::Value => return None,
            };
            Some((argument.name.to_owned(), origin))
        });
        let used = Use {
            component_index,
            instance_index: self.instances.len(),
            component: Arc::clone(component),
            arguments: arguments.collect(),
        };
        self.instances.push(Origin::Use(self.uses.len()));
        self.uses.push(used);
    }

    /// Notes an alias of the innermost component in `open`, of which `frame` gives those that are components.
    pub(crate) fn alias<T>(
        open: &mut [T],
        alias: &ComponentAlias<'_>,
        frame: fn(&mut T) -> Option<&mut Self>,
    ) {
        match *alias {
            ComponentAlias::InstanceExport { kind, instance_index, .. } => {
                let Some(this) = open.last_mut().and_then(frame) else { return };
                let from = origin(&this.instances, instance_index as usize);
                match kind {
                    ComponentExternalKind::Module => this.modules.push(None),
                    ComponentExternalKind::Component => this.components.push(None),
                    ComponentExternalKind::Instance => this.instances.push(from),
                    ComponentExternalKind::Func => this.functions.push(from),
                    ComponentExternalKind::Type | ComponentExternalKind::Value => {}
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                let index = index as usize;
                let outer = open.iter_mut().rev().nth(count as usize).and_then(frame);
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        let module = outer.and_then(|outer| outer.modules.get(index).cloned().flatten());
                        let Some(this) = open.last_mut().and_then(frame) else { return };
                        this.modules.push(module);
                    }
                    ComponentOuterAliasKind::Component => {
                        let component =
                            outer.and_then(|outer| outer.components.get(index).cloned().flatten());
                        let Some(this) = open.last_mut().and_then(frame) else { return };
                        this.components.push(component);
                    }
                    ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => {}
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
        }
    }

    /// Names are a help and no more: what cannot be read of them is left out.
    pub(crate) fn names(&mut self, section: ComponentNameSectionReader<'_>) {
        for name in section.into_iter().flatten() {
            let (of, names) = match name {
                ComponentName::Component { name, .. } => {
                    self.name = Some(names::shortened(name));
                    continue;
                }
                ComponentName::CoreModules(names) => (&mut self.module_names, names),
                ComponentName::Components(names) => (&mut self.component_names, names),
                ComponentName::Instances(names) => (&mut self.instance_names, names),
                _ => continue,
            };
            of.extend(
                names.into_iter().flatten().map(|naming| (naming.index, names::shortened(naming.name))),
            );
        }
    }

    /// The component, when it has been read to its end.
    pub(crate) fn finish(self) -> Component {
        let Self { uses, modules, core_uses, name, imports, exports, .. } = self;
        let named = |names: &BTreeMap<u32, String>, index: usize| {
            u32::try_from(index).ok().and_then(|index| names.get(&index).cloned())
        };
        let modules: Vec<_> = core_uses
            .into_iter()
            .filter_map(|(index, instances)| {
                let module = modules.get(index).cloned().flatten()?;
                let name = module.name.clone().or_else(|| named(&self.module_names, index));
                let name = name.unwrap_or_else(|| format!("module {index}"));
                Some(Modules { name, module, instances })
            })
            .collect();
        // A part can only use what is there before it: backwards, each comes before those that it uses.
        let last = uses.len().saturating_sub(1);
        let parts: Vec<_> = uses
            .into_iter()
            .rev()
            .map(|used| {
                let name = named(&self.instance_names, used.instance_index)
                    .or_else(|| named(&self.component_names, used.component_index))
                    .or_else(|| used.component.name.clone())
                    .unwrap_or_else(|| format!("component {}", used.component_index));
                let links = used.arguments.into_iter().map(|(import, origin)| {
                    let target = match origin {
                        Origin::Import => Target::Outside,
                        Origin::Use(place) => Target::Part(last - place),
                        Origin::Made => Target::Around,
                    };
                    Link { import, target }
                });
                Nested {
                    name,
                    links: links.collect(),
                    component: used.component,
                    component_index: used.component_index,
                    instance_index: used.instance_index,
                }
            })
            .collect();
        let own = modules.iter().map(|of| of.instances.saturating_mul(of.module.memories.len() as u64));
        let below = parts.iter().map(|part| part.component.memory_count);
        let memory_count = own.chain(below).fold(0, u64::saturating_add);
        Component { name, imports, exports, modules, parts, memory_count }
    }
}

fn origin(of: &[Origin], index: usize) -> Origin {
    of.get(index).copied().unwrap_or(Origin::Made)
}
