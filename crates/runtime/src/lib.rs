//! What a guest program is to edgekv: its file, its compiled code, its limits, and one run of it.
//!
//! A [`Runtime`] compiles and links programs. A [`Program`] is run once, on the calling thread and with the standard streams of
//! the process ([`Program::run`]), or many times at once on an asynchronous executor ([`Program::call`]).
//!
//! ```
//! use edgekv_host::KvCtx;
//! use edgekv_runtime::{Call, End, Environment, Runtime, TraceId};
//! use edgekv_store::{MemoryEngine, Stores};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("app.wasm");
//! # std::fs::write(&path, wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#)?)?;
//! let program = Runtime::builder().build()?.load(&path)?;
//! let environment = Environment::default();
//! let stores = Stores::new(MemoryEngine::new());
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let ended = program
//!     .call(Call {
//!         kv: KvCtx::builder(stores).build(),
//!         environment: &environment,
//!         trace_id: TraceId::random(),
//!         stdout: Box::new(|line: &str| println!("{line}")),
//!         stderr: Box::new(|line: &str| eprintln!("{line}")),
//!     })
//!     .await?;
//! assert!(matches!(ended.end, End::Exited(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | place |
//! | --- | --- |
//! | what may a guest use of the machine? | `runtime.rs`, `limits.rs`, `pool.rs` |
//! | which files are programs, and what is said of others? | `file.rs` |
//! | what is in a .cwasm file, and when is it refused? | `artifact.rs` |
//! | what is kept between runs, and for how long? | `cache.rs` |
//! | what can a guest import? | `imports.rs`, for components `component/interfaces.rs`; [`Offer`], [`Provision`] |
//! | how does a component answer a request? | `component/http.rs` |
//! | what is given to a run, and what is known after it? | `run.rs` |
//! | what is said when a guest traps? | `trap.rs` |
//!
//! Where data live, what HTTP is, and how a process reports failure is the business of others.

mod artifact;
mod cache;
mod code;
mod component;
mod environment;
mod error;
mod escaped;
mod file;
mod imports;
mod limits;
mod lines;
mod module;
mod offer;
mod output;
mod pool;
mod program;
pub mod regular_file;
mod run;
mod runtime;
mod ticker;
mod trap;

pub use artifact::Compiled;
pub use cache::CodeCache;
pub use component::Provision;
pub use environment::{Environment, TraceId};
pub use error::{BuildError, LoadError, LoadErrorKind, StartError, StartErrorKind};
pub use escaped::Escaped;
pub use lines::LineSink;
pub use offer::Offer;
pub use pool::Pool;
pub use program::{CodeOrigin, Program};
pub use run::{Call, End, Ended, Launch, Unanswered};
pub use runtime::{Runtime, RuntimeBuilder};
pub use trap::TrapReport;
