//! What is linked to what.

use edgekv_compose::compose;

use crate::worlds::{
    BODIES, KV, ORIGIN, POLL, app, component_alone, feature, inspected, layer, links, names, part,
};

#[test]
fn an_app_and_a_feature_need_an_origin_and_no_store() {
    let (app, feature) = (app(), feature());
    assert!(inspected(&app).imports.iter().any(|import| import.name == KV));
    let composed = compose(part("app", &app), &[part("feature", &feature)]).unwrap();
    let imports: Vec<_> = composed.imports.iter().map(String::as_str).collect();
    for name in [BODIES, ORIGIN, POLL, "edgekv:platform/log@0.1.0", "edgekv:platform/runtime@0.1.0"] {
        assert_eq!(imports.iter().filter(|import| **import == name).count(), 1, "{name} in {imports:?}");
    }
    assert!(!imports.contains(&KV), "{imports:?}");
    assert_eq!(names(&composed), ["app", "feature"]);
    let exports: Vec<_> = composed.inspection.exports.iter().map(|export| export.name.as_str()).collect();
    assert_eq!(exports, ["wasi:cli/run@0.2.12"]);
    let links = links(&composed.inspection);
    assert!(links.contains(&"app kv-store -> feature".to_owned()), "{links:?}");
    assert!(links.contains(&"app bodies -> host".to_owned()), "{links:?}");
    assert!(links.contains(&"feature origin -> host".to_owned()), "{links:?}");
    assert_eq!(composed.memories, 2, "one of each part");
}

#[test]
fn layers_are_linked_from_the_application_outwards() {
    let (app, layer, feature) = (app(), layer(), feature());
    let layers = [part("tenant", &layer), part("feature", &feature)];
    let composed = compose(part("app", &app), &layers).unwrap();
    assert_eq!(names(&composed), ["app", "tenant", "feature"]);
    let links = links(&composed.inspection);
    let expected = [
        "app bodies -> host",
        "app kv-store -> tenant",
        "app log -> host",
        "app poll -> host",
        "app runtime -> host",
        "feature bodies -> host",
        "feature origin -> host",
        "feature poll -> host",
        "tenant bodies -> host",
        "tenant kv-store -> feature",
        "tenant poll -> host",
    ];
    assert_eq!(links, expected);
    assert_eq!(composed.memories, 3);
}

#[test]
fn a_layer_without_a_feature_leaves_the_store_to_the_host() {
    let (app, layer) = (app(), layer());
    let composed = compose(part("app", &app), &[part("tenant", &layer)]).unwrap();
    assert!(composed.imports.iter().any(|import| import == KV));
    assert!(links(&composed.inspection).contains(&"tenant kv-store -> host".to_owned()));
}

#[test]
fn a_layer_may_be_there_twice_and_its_code_once() {
    let (app, layer, feature) = (app(), layer(), feature());
    let once = compose(part("app", &app), &[part("tenant", &layer), part("feature", &feature)]).unwrap();
    let layers = [part("tenant", &layer), part("tenant", &layer), part("feature", &feature)];
    let twice = compose(part("app", &app), &layers).unwrap();
    assert_eq!(names(&twice), ["app", "tenant", "tenant-2", "feature"]);
    let links = links(&twice.inspection);
    assert!(links.contains(&"app kv-store -> tenant".to_owned()), "{links:?}");
    assert!(links.contains(&"tenant kv-store -> tenant-2".to_owned()), "{links:?}");
    assert!(links.contains(&"tenant-2 kv-store -> feature".to_owned()), "{links:?}");
    assert_eq!(twice.memories, 4, "each instance has its own");
    let grown = twice.component.len() - once.component.len();
    assert!(grown < layer.len() / 2, "{grown} more bytes, and the layer has {}", layer.len());
}

#[test]
fn what_is_composed_can_be_composed_again() {
    let (app, layer, feature) = (app(), layer(), feature());
    let inner = compose(part("app", &app), &[part("tenant", &layer)]).unwrap();
    let outer = compose(part("inner", &inner.component), &[part("feature", &feature)]).unwrap();
    assert!(!outer.imports.iter().any(|import| import == KV), "{:?}", outer.imports);
    assert_eq!(outer.memories, 3);
    let component = inspected(&outer.component);
    assert_eq!(component.parts[0].name, "inner");
    assert_eq!(links(&component.parts[0].component)[1], "app kv-store -> tenant");
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let (app, layer, feature) = (app(), layer(), feature());
    let layers = [part("tenant", &layer), part("feature", &feature)];
    let first = compose(part("app", &app), &layers).unwrap();
    for _ in 0..8 {
        assert!(compose(part("app", &app), &layers).unwrap().component == first.component);
    }
}

#[test]
fn the_parts_are_in_it_as_they_were_under_their_names() {
    let (app, feature) = (app(), feature());
    let composed = compose(part("my-app", &app), &[part("edgekv-feature", &feature)]).unwrap();
    for bytes in [&app, &feature] {
        let windows = composed.component.windows(bytes.len());
        assert_eq!(windows.filter(|window| window == bytes).count(), 1);
    }
    let component = inspected(&composed.component);
    let names: Vec<_> = component.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["my-app", "edgekv-feature"], "the names are in the file");
    assert_eq!(component.memory_count, composed.memories);
}

#[test]
fn versions_that_are_compatible_are_linked_and_imported_once() {
    let app = component_alone(&[
        "package a:b@0.2.3; interface i { f: func() -> u32; }",
        "package c:d@1.0.0; interface log { say: func(); }",
        "package t:t; world w { import a:b/i@0.2.3; import c:d/log@1.0.0; }",
    ]);
    let layer = component_alone(&[
        "package a:b@0.2.6; interface i { f: func() -> u32; g: func(); }",
        "package c:d@1.2.0; interface log { say: func(); shout: func(); }",
        "package t:t; world w { import c:d/log@1.2.0; export a:b/i@0.2.6; }",
    ]);
    let composed = compose(part("app", &app), &[part("layer", &layer)]).unwrap();
    assert_eq!(composed.imports, ["c:d/log@1.2.0"], "the newer one, for both");
    assert_eq!(links(&composed.inspection), ["app i -> layer", "app log -> host", "layer log -> host"]);
}

#[test]
fn an_import_passes_by_layers_that_do_not_export_it() {
    let log = "package c:d@1.0.0; interface log { say: func(); } interface kv { get: func(); }";
    let app = component_alone(&[log, "package t:t; world w { import c:d/log@1.0.0; import c:d/kv@1.0.0; }"]);
    let near = component_alone(&[log, "package t:t; world w { export c:d/kv@1.0.0; }"]);
    let far = component_alone(&[log, "package t:t; world w { export c:d/log@1.0.0; }"]);
    for layers in [[part("near", &near), part("far", &far)], [part("far", &far), part("near", &near)]] {
        let composed = compose(part("app", &app), &layers).unwrap();
        assert_eq!(links(&composed.inspection), ["app kv -> near", "app log -> far"]);
        assert_eq!(composed.imports, [""; 0]);
    }
}

#[test]
fn functions_are_linked_as_interfaces_are() {
    let app = component_alone(&["package t:t; world w { import tick: func() -> u32; export run: func(); }"]);
    let layer = component_alone(&["package t:t; world w { export tick: func() -> u32; }"]);
    let composed = compose(part("app", &app), &[part("layer", &layer)]).unwrap();
    assert_eq!(links(&composed.inspection), ["app tick -> layer"]);
    assert_eq!(composed.inspection.exports[0].name, "run");
}
