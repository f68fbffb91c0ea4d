//! The parts of a component as a picture: a tree, with arrows to who satisfies what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgekv_compose::{Component, Nested, Target};
use edgekv_runtime::Escaped;

/// What lines are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    branch: &'static str,
    last: &'static str,
    pass: &'static str,
    arrow: &'static str,
}

/// As terminals and editors show them.
pub(super) const LINES: Style =
    Style { branch: "├─ ", last: "└─ ", pass: "│  ", arrow: "──▶" };

/// As everything shows them.
pub(super) const ASCII: Style = Style { branch: "|- ", last: "`- ", pass: "|  ", arrow: "-->" };

/// Most parts that are drawn. One component can be in another many times, and that again.
const MAX_PARTS: usize = 100;

/// How deep parts are drawn.
const MAX_DEPTH: usize = 12;

/// Most names on an arrow.
const MAX_NAMES: usize = 12;

/// Draws the parts of a component, a line or more for each.
pub(super) fn draw(component: &Component, style: Style) -> String {
    let mut picture = Picture { style, out: String::new(), left: MAX_PARTS };
    picture.parts(component, "", "host", 0);
    picture.out
}

struct Picture {
    style: Style,
    out: String,
    left: usize,
}

impl Picture {
    fn parts(&mut self, component: &Component, indent: &str, outside: &str, depth: usize) {
        let names: Vec<_> =
            component.parts.iter().map(|part| Escaped::name(&part.name).to_string()).collect();
        let width = names.iter().take(self.left).map(|name| name.chars().count()).max().unwrap_or_default();
        let Style { branch, last, pass, arrow } = self.style;
        for (place, (part, name)) in component.parts.iter().zip(&names).enumerate() {
            if self.left == 0 {
                let more = component.parts.len() - place;
                // Writing to a string cannot fail.
                let _ = writeln!(self.out, "{indent}{last}and {more} more");
                return;
            }
            self.left -= 1;
            let is_last = place + 1 == component.parts.len();
            let below = format!("{indent}{}", if is_last { "   " } else { pass });
            let is_drawn_below = !part.component.parts.is_empty() && depth < MAX_DEPTH;
            let mut start = format!("{indent}{}{name:width$}", if is_last { last } else { branch });
            let groups = grouped(part);
            if groups.is_empty() {
                let _ = writeln!(self.out, "{}", start.trim_end());
            }
            for (target, imports) in groups {
                let target = match target {
                    Target::Part(place) => names.get(place).map_or("", String::as_str),
                    Target::Outside => outside,
                    _ => "what is around it",
                };
                let _ = writeln!(self.out, "{start}  {imports} {arrow} {target}");
                // What is drawn below it has a line to its first part.
                let line = if is_drawn_below { pass } else { "" };
                start = format!("{below}{line:width$}");
            }
            if is_drawn_below {
                self.parts(&part.component, &below, &format!("outside of {name}"), depth + 1);
            }
        }
    }
}

/// The imports of a part by who satisfies them: other parts first, in their order.
fn grouped(part: &Nested) -> BTreeMap<Target, String> {
    let mut groups: BTreeMap<Target, Vec<String>> = BTreeMap::new();
    let mut wasi: BTreeMap<Target, usize> = BTreeMap::new();
    for link in &part.links {
        let names = groups.entry(link.target).or_default();
        if link.import.starts_with("wasi:") {
            *wasi.entry(link.target).or_default() += 1;
        } else {
            names.push(short(&link.import));
        }
    }
    let sentence = |target: &Target, names: Vec<String>| {
        let more = names.len().saturating_sub(MAX_NAMES);
        let mut names: Vec<_> = names.into_iter().take(MAX_NAMES).collect();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        match wasi.get(target) {
            None => {}
            Some(1) => names.push("wasi".to_owned()),
            Some(count) => names.push(format!("wasi ({count})")),
        }
        names.join(", ")
    };
    groups.into_iter().map(|(target, names)| (target, sentence(&target, names))).collect()
}

/// The name of an interface as it is told where there is little room: ours by their last name, others without a version.
fn short(name: &str) -> String {
    let unversioned = name.split('@').next().unwrap_or(name);
    let last =
        unversioned.strip_prefix("edgekv:").and_then(|rest| rest.split_once('/')).map(|(_, last)| last);
    Escaped::name(last.unwrap_or(unversioned)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_told_by_short_names() {
        for (name, text) in [
            ("edgekv:kv/kv-store@0.1.0", "kv-store"),
            ("example:geo/lookup@1.2.3", "example:geo/lookup"),
            ("tick", "tick"),
            ("edgekv:odd", "edgekv:odd"),
        ] {
            assert_eq!(short(name), text);
        }
    }
}
