//! Files that somebody has made to do harm, or that a disk has damaged: errors, in bounded time and memory, and never a panic.

use std::sync::Arc;

use edgekv_compose::{FileError, compose, inspect};
use proptest::prelude::*;
use wasm_encoder::{RawSection, Section as _};

use crate::worlds::{app, feature, layer, part};

#[test]
fn components_in_components_without_end_are_refused() {
    let mut bytes = wat::parse_str("(component)").unwrap();
    for _ in 0..20_000 {
        let mut outer = wat::parse_str("(component)").unwrap();
        RawSection { id: 4, data: &bytes }.append_to(&mut outer);
        bytes = outer;
        if bytes.len() > 200_000 {
            break;
        }
    }
    assert_eq!(inspect(&bytes).unwrap_err(), FileError::TooDeep { limit: 100 });
    let feature = feature();
    assert!(compose(part("app", &bytes), &[part("feature", &feature)]).is_err());
}

#[test]
fn instances_of_instances_are_counted_and_not_made() {
    // Each level has a hundred instances of the one below: 100^12 memories in a few kilobytes.
    let mut text = "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))".to_owned();
    for level in 1..=12 {
        let instances = format!("(instance (instantiate $c{}))", level - 1).repeat(100);
        text = format!("(component $c{level} {text} {instances})");
    }
    let component = crate::worlds::inspected(&wat::parse_str(&text).unwrap());
    assert_eq!(component.memory_count, u64::MAX, "more than can be counted");
}

#[test]
fn a_name_is_not_repeated_at_length() {
    let name = "n".repeat(90_000);
    let instances = "(instance (instantiate $c))".repeat(900);
    let text = format!(
        "(component (component $c (@name \"{name}\") (core module $m) (core instance (instantiate $m))) {instances})"
    );
    let component = crate::worlds::inspected(&wat::parse_str(&text).unwrap());
    let bytes: usize = component.parts.iter().map(|part| part.name.len()).sum();
    assert!(component.parts.len() == 900 && bytes < 900 * 210, "{bytes}");
}

#[test]
fn functions_of_an_interface_are_not_repeated_at_length() {
    let functions: String =
        (0..10).map(|index| format!("(export \"{}{index}\" (func))", "n".repeat(90_000))).collect();
    let imports: String =
        (0..900).map(|index| format!("(import \"i{index}\" (instance (type $t)))")).collect();
    let text = format!("(component (type $t (instance {functions})) {imports})");
    let component = crate::worlds::inspected(&wat::parse_str(&text).unwrap());
    assert_eq!(component.imports.len(), 900);
    let first = &component.imports[0].functions;
    assert!(first.len() == 10 && first.iter().all(|name| name.len() < 210), "{first:?}");
    // What is said of one is all that is kept.
    assert!(component.imports.iter().all(|import| Arc::ptr_eq(&import.functions, first)));
}

/// A change somewhere in a file.
#[derive(Debug, Clone)]
enum Change {
    Byte(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Copy(prop::sample::Index, prop::sample::Index, usize),
    CutOff(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        8 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => (any::<prop::sample::Index>(), 1..20_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..40_usize)
            .prop_map(|(from, to, count)| Change::Copy(from, to, count)),
        1 => any::<prop::sample::Index>().prop_map(Change::CutOff),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        match change {
            Change::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Remove(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Change::Copy(from, to, count) => {
                let from = from.index(bytes.len());
                let piece = bytes[from..(from + count).min(bytes.len())].to_vec();
                let to = to.index(bytes.len());
                bytes.splice(to..to, piece);
            }
            Change::CutOff(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn damaged_components_are_errors_or_components(changes in prop::collection::vec(change(), 1..6), of in 0..3_usize) {
        let file = [app, feature, layer][of]();
        let file = changed(file, &changes);
        let inspected = inspect(&file);
        if let Err(error) = &inspected {
            let said = error.to_string();
            prop_assert!(said.len() < 1000 && !said.contains('\n'), "{said}");
        }
        let layer = layer();
        for result in [
            compose(part("app", &file), &[part("layer", &layer)]),
            compose(part("app", &app()), &[part("layer", &file), part("feature", &feature())]),
        ] {
            match result {
                Ok(composed) => prop_assert!(inspect(&composed.component).is_ok() && inspected.is_ok()),
                Err(error) => prop_assert!(!error.to_string().contains("the linker does not know"), "the linker panicked: {error}"),
            }
        }
    }

    #[test]
    fn any_bytes_are_an_answer(start in 0..3_usize, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let start: &[u8] = [&b""[..], b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"][start];
        let _ = inspect(&[start, &bytes].concat());
    }
}
