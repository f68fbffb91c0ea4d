//! Linking: an application, and the layers that it runs on.
//!
//! An import of a part is satisfied by the nearest part outside of it that exports something of that name, or of a version that is
//! compatible: `@0.2.3` fits `@0.2.6`. Its type has to fit too; if it does not, that is an error, as whoever asks for a layer wants it
//! to be used. What nobody outside exports is imported from the host, once for all parts.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use wac_graph::types::{ItemKind, Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeError, EncodeOptions, NodeId};

use crate::anatomy::{Component, Inspection, Kind};
use crate::content::FileError;
use crate::difference::{self, Difference};
use crate::error::{ComposeError, Mismatch};
use crate::linkable;
use crate::names;
use crate::walk::{Check, walk};

/// A component that is to be linked.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// What it is called in messages, and in the component that comes of it: the name of its file, say.
    pub name: &'a str,
    /// The component.
    pub bytes: &'a [u8],
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("name", &self.name).field("bytes", &self.bytes.len()).finish()
    }
}

/// Components that were linked.
#[derive(Clone)]
#[non_exhaustive]
pub struct Composed {
    /// The component. The same parts give the same bytes.
    pub component: Vec<u8>,
    /// The names of what it imports: what the host has to offer.
    pub imports: Vec<String>,
    /// Memories that an instance of it has, over all parts.
    pub memories: u64,
    /// What else is known of it, as of [`inspect`](crate::inspect).
    pub inspection: Arc<Component>,
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composed")
            .field("component", &self.component.len())
            .field("imports", &self.imports)
            .field("memories", &self.memories)
            .finish_non_exhaustive()
    }
}

/// Links an application with layers, the innermost first: what `app` imports is looked for in the first layer, then in the second, and
/// so on, and in the host at last; what the first layer imports, in the second, and so on. The component exports what `app` exports.
///
/// A layer may be given several times; each time it is an instance of its own.
///
/// # Errors
///
/// See [`ComposeError`]. Nothing is left out in silence.
pub fn compose(app: Part<'_>, layers: &[Part<'_>]) -> Result<Composed, ComposeError> {
    let parts: Vec<_> = std::iter::once(app).chain(layers.iter().copied()).collect();
    let surveys = parts.iter().map(survey).collect::<Result<Vec<_>, _>>()?;
    // The linker has asserts for what it does not expect, and a file may hold anything.
    let linked = panic::catch_unwind(AssertUnwindSafe(|| link(&parts, &surveys)));
    let linked = linked.unwrap_or_else(|_| {
        let reason = "they have something that the linker does not know".to_owned();
        Err(ComposeError::Unsupported { parts: together(&parts), reason })
    })?;
    // The parts were checked but for their code. So this is the only time that all of it is looked at.
    let walked = walk(&linked, Check::All).map_err(|error| whose(&parts, error))?;
    let Inspection::Component(inspection) = &walked.inspection else {
        let reason = "no component came of it".to_owned();
        return Err(ComposeError::Unsupported { parts: together(&parts), reason });
    };
    Ok(Composed {
        component: names::complete(linked, &walked, inspection),
        imports: inspection.imports.iter().map(|import| import.name.clone()).collect(),
        memories: inspection.memory_count,
        inspection: Arc::clone(inspection),
    })
}

/// Says what a part is, and refuses what the linker cannot link.
fn survey(part: &Part<'_>) -> Result<Arc<Component>, ComposeError> {
    let name = || part.name.to_owned();
    let walked = walk(part.bytes, Check::AllButCode);
    let walked = walked.map_err(|cause| ComposeError::Part { part: name(), cause })?;
    let Inspection::Component(component) = walked.inspection else {
        return Err(ComposeError::CoreModule { part: name() });
    };
    let imports = component.imports.iter().map(|import| (true, import));
    let all = imports.chain(component.exports.iter().map(|export| (false, export)));
    for (is_import, item) in all {
        if !matches!(item.kind, Kind::Instance | Kind::Function | Kind::Type) {
            let (kind, name) = (item.kind, item.name.clone());
            return Err(ComposeError::Unlinkable { part: part.name.to_owned(), is_import, kind, name });
        }
    }
    Ok(component)
}

/// A part in the graph.
struct Linked {
    instance: NodeId,
    imports: Vec<(String, ItemKind)>,
    exports: Vec<(String, ItemKind)>,
    /// Whether a part further in uses it.
    is_used: bool,
}

fn link(parts: &[Part<'_>], surveys: &[Arc<Component>]) -> Result<Vec<u8>, ComposeError> {
    let mut graph = CompositionGraph::new();
    let mut linked = instances(&mut graph, parts)?;
    for (place, part) in parts.iter().enumerate() {
        let (inner, outer) = linked.split_at_mut(place + 1);
        let Some(this) = inner.last() else { break };
        for (name, wanted) in &this.imports {
            let Some((further, export, found)) = nearest(outer, name) else { continue };
            let Some(provider) = outer.get_mut(further) else { continue };
            let outer_name = || parts.get(place + 1 + further).map_or("", |part| part.name).to_owned();
            if let Some(difference) = difference::between(graph.types(), name, found, *wanted) {
                let Difference { wanted, found, reason } = difference;
                let (inner, outer) = (part.name.to_owned(), outer_name());
                let interface = name.clone();
                let mismatch = Mismatch { inner, outer, interface, wanted, found, reason };
                return Err(ComposeError::Mismatch(Box::new(mismatch)));
            }
            let argument = graph.alias_instance_export(provider.instance, &export);
            let argument = argument.map_err(|error| unsupported(parts, &error))?;
            graph
                .set_instantiation_argument(this.instance, name, argument)
                .map_err(|error| unsupported(parts, &error))?;
            provider.is_used = true;
        }
    }
    if let Some(place) = linked.iter().skip(1).position(|layer| !layer.is_used) {
        return Err(satisfies_nothing(parts, surveys, &linked, place + 1));
    }
    if let Some(app) = linked.first() {
        for (name, _) in &app.exports {
            let export = graph.alias_instance_export(app.instance, name);
            let export = export.map_err(|error| unsupported(parts, &error))?;
            graph.export(export, name).map_err(|error| unsupported(parts, &error))?;
        }
    }
    // Checked by ourselves, once and faster.
    let options = EncodeOptions { validate: false, ..EncodeOptions::default() };
    graph.encode(options).map_err(|error| match error {
        EncodeError::ImportTypeMergeConflict { import, first, second, source } => {
            let name = |node| {
                let place = linked.iter().position(|part| part.instance == node);
                place.and_then(|place| parts.get(place)).map_or("a part", |part| part.name).to_owned()
            };
            let (first, second, reason) = (name(first), name(second), format!("{source:#}"));
            if first == second {
                // Not a difference, but something that cannot be imported by two.
                return ComposeError::Unsupported { parts: first, reason: format!("of {import}, {reason}") };
            }
            ComposeError::ImportsDiffer { first, second, interface: import, reason }
        }
        other => unsupported(parts, &other),
    })
}

/// Makes an instance of each part, in their order.
fn instances(graph: &mut CompositionGraph, parts: &[Part<'_>]) -> Result<Vec<Linked>, ComposeError> {
    let mut packages: Vec<(Part<'_>, wac_graph::PackageId)> = Vec::new();
    let mut linked = Vec::new();
    let names = names::distinct(parts.iter().map(|part| part.name));
    // From the outermost on, as they will be instantiated.
    for (part, name) in parts.iter().zip(names).rev() {
        let twin = packages.iter().find(|(other, _)| other.name == part.name && other.bytes == part.bytes);
        let package = match twin {
            // One that is given twice is there once, and has two instances.
            Some((_, package)) => *package,
            None => {
                let package = Package::from_bytes(&name, None, part.bytes, graph.types_mut());
                let package = package.map_err(|error| unsupported(&[*part], &*error))?;
                linkable::check(graph.types(), &graph.types()[package.ty()])
                    .map_err(|reason| unsupported(&[*part], &reason))?;
                let package = graph.register_package(package).map_err(|error| unsupported(parts, &error))?;
                packages.push((*part, package));
                package
            }
        };
        let instance = graph.instantiate(package);
        graph.set_node_name(instance, name);
        let world = &graph.types()[graph[package].ty()];
        let items = |items: &mut dyn Iterator<Item = (&String, &ItemKind)>| {
            items.map(|(name, kind)| (name.clone(), *kind)).collect()
        };
        linked.push(Linked {
            instance,
            imports: items(&mut world.imports.iter()),
            exports: items(&mut world.exports.iter()),
            is_used: false,
        });
    }
    linked.reverse();
    Ok(linked)
}

/// The nearest part that exports this, or a version of it that is compatible: its place, the name there, and what it is.
fn nearest(outer: &[Linked], name: &str) -> Option<(usize, String, ItemKind)> {
    outer.iter().enumerate().find_map(|(place, part)| {
        let exact = part.exports.iter().find(|(export, _)| export == name);
        let compatible = || part.exports.iter().find(|(export, _)| are_semver_compatible(export, name));
        let (export, kind) = exact.or_else(compatible)?;
        Some((place, export.clone(), *kind))
    })
}

fn satisfies_nothing(
    parts: &[Part<'_>],
    surveys: &[Arc<Component>],
    linked: &[Linked],
    layer: usize,
) -> ComposeError {
    let name = |place: usize| parts.get(place).map_or("", |part| part.name);
    let mut imports = Vec::new();
    for (place, part) in linked.iter().enumerate().take(layer) {
        for (import, _) in &part.imports {
            // What a part further in satisfies is not open any more.
            let between = linked.get(place + 1..layer).unwrap_or_default();
            if nearest(between, import).is_none() && !imports.contains(import) {
                imports.push(import.clone());
            }
        }
    }
    let inner: Vec<_> = (0..layer).map(name).collect();
    let exports = linked.get(layer).map(|layer| layer.exports.iter().map(|(name, _)| name.clone()).collect());
    ComposeError::SatisfiesNothing {
        layer: name(layer).to_owned(),
        exports: exports.unwrap_or_default(),
        is_one: inner.len() == 1,
        is_composed: layer == 1 && surveys.first().is_some_and(|app| !app.parts.is_empty()),
        inner: inner.join(" and "),
        imports,
    }
}

/// What came of the parts is not valid: because of the code of one of them, which was not looked at before, or of the links.
fn whose(parts: &[Part<'_>], error: FileError) -> ComposeError {
    for part in parts {
        if let Err(cause) = walk(part.bytes, Check::All) {
            return ComposeError::Part { part: part.name.to_owned(), cause };
        }
    }
    let reason = match error {
        FileError::Invalid { message, .. } => message,
        other => other.to_string(),
    };
    ComposeError::Invalid { parts: together(parts), reason }
}

fn unsupported(parts: &[Part<'_>], error: &(impl std::fmt::Display + ?Sized)) -> ComposeError {
    let reason = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    ComposeError::Unsupported { parts: together(parts), reason }
}

fn together(parts: &[Part<'_>]) -> String {
    parts.iter().map(|part| part.name).collect::<Vec<_>>().join(" and ")
}
