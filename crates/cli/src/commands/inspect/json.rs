//! What is in a file, for programs.

use edgekv_compose::{Component, Inspection, Interface, Kind, Memory, Module, Target};
use serde_json::{Value, json};

use super::memory::owned;
use super::text::provided;
use crate::provision::{self, Provided};

/// Most parts that are told, and how deep: one component can be in another many times, and that again.
const MAX_PARTS: usize = 1000;
const MAX_DEPTH: usize = 20;

pub(super) fn report(file: &str, bytes: usize, inspection: &Inspection) -> Value {
    let mut report = match inspection {
        Inspection::Module(module) => of_module(module),
        Inspection::Component(component) => of_component(component),
        _ => json!({}),
    };
    report["file"] = file.into();
    report["bytes"] = bytes.into();
    report
}

fn of_module(module: &Module) -> Value {
    let imports: Vec<_> = module
        .imports
        .iter()
        .map(|import| {
            let provided = match import.kind {
                Kind::Function => provision::function(&import.module, &import.name),
                _ => Provided::No,
            };
            json!({
                "module": import.module,
                "name": import.name,
                "kind": import.kind.to_string(),
                "provided": provided.word(),
            })
        })
        .collect();
    let exports = module.exports.iter();
    let exports: Vec<_> =
        exports.map(|export| json!({ "name": export.name, "kind": export.kind.to_string() })).collect();
    let memories: Vec<_> = module.memories.iter().map(|memory| of_memory(*memory)).collect();
    json!({
        "kind": "module",
        "name": module.name,
        "is_program": module.is_program,
        "imports": imports,
        "exports": exports,
        "memory_count": memories.len(),
        "memories": memories,
    })
}

fn of_memory(memory: Memory) -> Value {
    json!({
        "minimum_pages": memory.minimum_pages,
        "maximum_pages": memory.maximum_pages,
        "page_bytes": memory.page_bytes,
        "is_64": memory.is_64,
        "is_shared": memory.is_shared,
    })
}

fn of_component(component: &Component) -> Value {
    let interface = |interface: &Interface| {
        json!({
            "name": interface.name,
            "kind": interface.kind.to_string(),
            "functions": *interface.functions,
        })
    };
    let imports: Vec<_> = component
        .imports
        .iter()
        .map(|import| {
            let mut value = interface(import);
            value["provided"] = provided(import).word().into();
            value
        })
        .collect();
    let memories: Vec<_> = owned(component)
        .into_iter()
        .map(|owned| {
            let mut memory = of_memory(owned.memory);
            memory["owner"] = owned.path.into();
            memory["instances"] = owned.instances.into();
            memory
        })
        .collect();
    let mut left = MAX_PARTS;
    json!({
        "kind": "component",
        "name": component.name,
        "imports": imports,
        "exports": component.exports.iter().map(interface).collect::<Vec<_>>(),
        "memory_count": component.memory_count,
        "memories": memories,
        "parts": of_parts(component, &mut left, 0),
        "is_complete": left > 0,
    })
}

fn of_parts(component: &Component, left: &mut usize, depth: usize) -> Vec<Value> {
    let mut parts = Vec::new();
    for part in &component.parts {
        if depth == MAX_DEPTH || *left == 0 {
            *left = 0;
            break;
        }
        *left -= 1;
        let links: Vec<_> = part
            .links
            .iter()
            .map(|link| {
                let (target, part) = match link.target {
                    Target::Part(place) => {
                        ("part", component.parts.get(place).map(|part| part.name.as_str()))
                    }
                    Target::Outside => ("outside", None),
                    _ => ("around", None),
                };
                json!({ "import": link.import, "target": target, "part": part })
            })
            .collect();
        let below = of_parts(&part.component, left, depth + 1);
        parts.push(json!({ "name": part.name, "links": links, "parts": below }));
    }
    parts
}
