//! Components: linking one with the layers that it runs on, and saying what is in one.
//!
//! [`compose()`] puts an application and layers into one component. What the application imports and a layer exports is linked, and
//! everything else is imported from the host, as before:
//!
//! ```text
//! app  -- kv-store -->  tenant-layer  -- kv-store -->  edgekv-feature  -- origin -->  host
//! ```
//!
//! Each part keeps its own memory, and nothing of its code is changed. Links are explicit: a type that does not fit and a layer that
//! nothing wants are errors, and never left out in silence.
//!
//! [`inspect`] reads a module or a component, of whoever, and says what it imports, exports and consists of.
//!
//! ```
//! use edgekv_compose::{Inspection, Part, compose, inspect};
//!
//! # let app = wat::parse_str(r#"(component
//! #     (import "example:kv/store@0.1.0" (instance $kv (export "get" (func (result u32)))))
//! #     (core module $m (import "kv" "get" (func (result i32))) (memory 1))
//! #     (core func $get (canon lower (func $kv "get")))
//! #     (core instance (instantiate $m (with "kv" (instance (export "get" (func $get)))))))"#)?;
//! # let layer = wat::parse_str(r#"(component
//! #     (core module $m (memory 2) (func (export "get") (result i32) i32.const 7))
//! #     (core instance $i (instantiate $m))
//! #     (func $get (result u32) (canon lift (core func $i "get")))
//! #     (instance $kv (export "get" (func $get)))
//! #     (export "example:kv/store@0.1.0" (instance $kv)))"#)?;
//! let app = Part { name: "app", bytes: &app };
//! let layer = Part { name: "layer", bytes: &layer };
//! let composed = compose(app, &[layer])?;
//! assert_eq!((composed.imports.len(), composed.memories), (0, 2));
//!
//! let Inspection::Component(component) = inspect(&composed.component)? else { panic!("it is a component") };
//! let names: Vec<_> = component.parts.iter().map(|part| part.name.as_str()).collect();
//! assert_eq!(names, ["app", "layer"], "as they are linked, from the application outwards");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | place |
//! | --- | --- |
//! | which import is satisfied by what? | `compose.rs` |
//! | what can be linked at all? | `linkable.rs` |
//! | what is said of types that do not fit? | `difference.rs`, in the words of `wit.rs` |
//! | which files are components, and what is said of others? | `content.rs` |
//! | how is a file read, and how deep? | `walk.rs`; its functions, on all processors: `functions.rs` |
//! | who is linked to whom in a component, and which memories are there? | `frame.rs` |
//! | what is known of a file in the end? | `anatomy.rs` |
//! | where are the names of the parts? | `names.rs` |
//!
//! Nothing runs here. Files and messages for the terminal are the command's, and what a host offers is the host's.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::panic, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking"))]

mod anatomy;
mod compose;
mod content;
mod difference;
mod error;
mod frame;
mod functions;
mod linkable;
mod names;
mod walk;
mod wit;

pub use anatomy::{
    Component, Import, Inspection, Interface, Item, Kind, Link, Memory, Module, Modules, Nested, Target,
};
pub use compose::{Composed, Part, compose};
pub use content::FileError;
pub use error::{ComposeError, Mismatch};

/// Says what a module or a component imports, exports and consists of.
///
/// The file may be anybody's: it is validated, and what comes of it is at most in proportion to its length.
///
/// # Errors
///
/// Says what the file is, if it is neither, and what is wrong with it if it is damaged.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, FileError> {
    walk::walk(bytes, walk::Check::All).map(|walked| walked.inspection)
}
