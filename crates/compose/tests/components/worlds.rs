//! Components of worlds in WIT: they have what such components have but code that does something.

use std::path::Path;
use std::sync::LazyLock;

use edgekv_compose::{Component, Composed, Inspection, Part, inspect};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// Our WIT, each package after those that it uses.
const PACKAGES: [&str; 5] = ["wasi/io", "wasi/clocks", "wasi/cli", "kv", "platform"];

pub(crate) const KV: &str = "edgekv:kv/kv-store@0.1.0";
pub(crate) const BODIES: &str = "edgekv:kv/bodies@0.1.0";
pub(crate) const ORIGIN: &str = "edgekv:platform/origin@0.1.0";
pub(crate) const POLL: &str = "wasi:io/poll@0.2.12";

/// A component of a world of our WIT, or of one in this text beside it.
pub(crate) fn component_of(wit: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut package = None;
    for name in PACKAGES {
        package = Some(resolve.push_dir(folder.join(name)).unwrap().0);
    }
    if !wit.is_empty() {
        package = Some(resolve.push_str("test.wit", wit).unwrap());
    }
    encode(&resolve, package.unwrap(), world)
}

/// A component of the only world of a text that stands for itself.
pub(crate) fn component_alone(packages: &[&str]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let mut package = None;
    for (number, text) in packages.iter().enumerate() {
        package = Some(resolve.push_str(format!("{number}.wit"), text).unwrap());
    }
    encode(&resolve, package.unwrap(), "w")
}

fn encode(resolve: &Resolve, package: wit_parser::PackageId, world: &str) -> Vec<u8> {
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(resolve, world, abi);
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// A program that runs once.
pub(crate) fn app() -> Vec<u8> {
    static APP: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let world = "package test:app;
            world w { include edgekv:platform/app@0.1.0; export wasi:cli/run@0.2.12; }";
        component_of(world, "w")
    });
    APP.clone()
}

/// The store as a component.
pub(crate) fn feature() -> Vec<u8> {
    static FEATURE: LazyLock<Vec<u8>> = LazyLock::new(|| component_of("", "feature"));
    FEATURE.clone()
}

/// A layer between program and store.
pub(crate) fn layer() -> Vec<u8> {
    static LAYER: LazyLock<Vec<u8>> = LazyLock::new(|| component_of("", "layer"));
    LAYER.clone()
}

pub(crate) fn part<'a>(name: &'a str, bytes: &'a [u8]) -> Part<'a> {
    Part { name, bytes }
}

pub(crate) fn inspected(bytes: &[u8]) -> std::sync::Arc<Component> {
    match inspect(bytes).unwrap() {
        Inspection::Component(component) => component,
        other => panic!("{other:?}"),
    }
}

/// `app kv-store -> tenant` and so on: each part, its imports and who satisfies them.
pub(crate) fn links(component: &Component) -> Vec<String> {
    let link = |part: &edgekv_compose::Nested, link: &edgekv_compose::Link| {
        let target = match link.target {
            edgekv_compose::Target::Part(place) => component.parts[place].name.as_str(),
            edgekv_compose::Target::Outside => "host",
            _ => "around",
        };
        let import = link.import.rsplit('/').next().unwrap().split('@').next().unwrap();
        format!("{} {import} -> {target}", part.name)
    };
    let parts = component.parts.iter();
    let mut links: Vec<_> =
        parts.flat_map(|part| part.links.iter().map(move |one| link(part, one))).collect();
    links.sort();
    links
}

pub(crate) fn names(composed: &Composed) -> Vec<&str> {
    composed.inspection.parts.iter().map(|part| part.name.as_str()).collect()
}
