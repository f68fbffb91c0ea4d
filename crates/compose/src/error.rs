//! Why components cannot be linked.

use std::fmt;

use thiserror::Error;

use crate::content::FileError;

/// Why components cannot be linked. The text names the parts, what is wrong, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A part is no component.
    #[error("{part}: {cause}")]
    Part {
        /// Its name.
        part: String,
        /// What it is instead.
        cause: FileError,
    },
    /// A part is a core module.
    #[error("{part}: is a core module; make a component of it first, by `edgekv componentize`")]
    CoreModule {
        /// Its name.
        part: String,
    },
    /// A part imports or exports what cannot be linked: only interfaces and functions can.
    #[error("{part}: {} a {kind} ({name:?}), and only interfaces and functions can be linked", if *.is_import { "imports" } else { "exports" })]
    Unlinkable {
        /// The name of the part.
        part: String,
        /// Whether it imports it.
        is_import: bool,
        /// What it is.
        kind: crate::Kind,
        /// The name of the import or export.
        name: String,
    },
    /// Nothing on the inner side of a layer imports anything that it exports.
    #[error(
        "{layer} satisfies nothing: it exports {}, and {inner} {} {}{}",
        List(.exports),
        if *.is_one { "imports" } else { "import" },
        List(.imports),
        if *.is_composed { "; it is composed already, so what it needed is in it" } else { "" }
    )]
    SatisfiesNothing {
        /// The name of the layer.
        layer: String,
        /// What it exports.
        exports: Vec<String>,
        /// What is on its inner side: the application, and layers before this one.
        inner: String,
        /// Whether that is the application alone.
        is_one: bool,
        /// What those import that no layer before this one satisfies.
        imports: Vec<String>,
        /// Whether it is the application alone, and has parts already.
        is_composed: bool,
    },
    /// A part exports under a name what another one imports, and it is something else.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// Two parts import an interface from the host, and mean different ones.
    #[error(
        "{first} and {second} both import {interface} from the host, and mean different ones: {reason}; build both with \
         the same WIT"
    )]
    ImportsDiffer {
        /// The name of a part.
        first: String,
        /// The name of another one.
        second: String,
        /// The interface.
        interface: String,
        /// Where they differ.
        reason: String,
    },
    /// What came of it is not valid, though each link was: resources of one name are of different interfaces.
    #[error(
        "{parts} cannot be linked: {reason}; a resource, such as a body, must come from the same place for all of them"
    )]
    Invalid {
        /// The names of the parts.
        parts: String,
        /// What is wrong.
        reason: String,
    },
    /// The parts have something that the linker does not know.
    #[error("{parts} cannot be linked: {reason}")]
    Unsupported {
        /// The names of the parts.
        parts: String,
        /// What is wrong.
        reason: String,
    },
}

/// What does not fit, though it has the same name.
#[derive(Debug, Error)]
#[error(
    "{outer} does not fit {inner}: of {interface}, {inner} wants `{wanted}`, and {outer} {}{}",
    match .found { Some(found) => format!("has `{found}`"), None => "does not have it".to_owned() },
    match .reason { Some(reason) => format!(" ({reason})"), None => String::new() }
)]
#[non_exhaustive]
pub struct Mismatch {
    /// The name of the part that imports it.
    pub inner: String,
    /// The name of the part that exports it.
    pub outer: String,
    /// The interface.
    pub interface: String,
    /// What is wanted, in the words of WIT.
    pub wanted: String,
    /// What is there under this name.
    pub found: Option<String>,
    /// Where they differ, when both look alike.
    pub reason: Option<String>,
}

/// Most names of a list that a message shows.
const MAX_LISTED: usize = 10;

/// Names in a sentence.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (place, name) in self.0.iter().take(MAX_LISTED).enumerate() {
            write!(f, "{}{name}", if place == 0 { "" } else { ", " })?;
        }
        match self.0.len().checked_sub(MAX_LISTED) {
            Some(more @ 1..) => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}
