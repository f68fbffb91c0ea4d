//! The engine that programs are compiled for and run on: one set of settings for all uses of it.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use wasmtime::component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module};

use crate::artifact::{self, Compiled};
use crate::cache::{CodeCache, Key};
use crate::code::{Code, Form};
use crate::component::LinkedComponent;
use crate::error::{BuildError, LoadError, one_line};
use crate::file::{self, Opened};
use crate::imports::{self, Host, Mode};
use crate::module::LinkedModule;
use crate::offer::Offer;
use crate::pool::{Pool, Room};
use crate::program::{CodeOrigin, Linked, Program};
use crate::ticker::Ticker;

/// Address space of a memory: all that 32 bits can name, so that compiled code needs no bounds checks.
pub(crate) const MEMORY_RESERVATION_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Address space behind it, which catches the constant offsets of loads and stores.
pub(crate) const MEMORY_GUARD_BYTES: u64 = 32 * 1024 * 1024;

/// Stack of a guest's own functions.
const MAX_WASM_STACK_BYTES: usize = 1024 * 1024;

/// Stack of an asynchronous guest with the host functions that it calls.
const ASYNC_STACK_BYTES: usize = 2 * 1024 * 1024;

const MEBIBYTE: u64 = 1024 * 1024;
const PAGE_BYTES: u64 = 64 * 1024;

/// Default of [`RuntimeBuilder::max_memory_mebibytes`].
const DEFAULT_MAX_MEMORY_MEBIBYTES: NonZeroU32 = NonZeroU32::new(128).unwrap();

/// Compiles programs, and prepares them to run. Cheap to clone; clones are the same runtime.
#[derive(Clone)]
pub struct Runtime(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// How programs of this runtime are expected to run: what they import is checked for that when they are loaded.
    expected: Mode,
    blocking: OnceLock<Linker<Host>>,
    asynchronous: OnceLock<Linker<Host>>,
    components: OnceLock<component::Linker<crate::component::Host>>,
    /// Of its pool.
    room: Option<Room>,
    offer: Offer,
    code_cache: Option<CodeCache>,
    max_memory_mebibytes: NonZeroU32,
    /// Ends with the last program of this runtime.
    _ticker: Option<Ticker>,
}

/// Chooses what a [`Runtime`] is made of.
#[derive(Debug, Clone)]
#[must_use]
pub struct RuntimeBuilder {
    code_cache: Option<CodeCache>,
    pool: Option<Pool>,
    yield_every: Option<Duration>,
    max_memory_mebibytes: NonZeroU32,
    offer: Offer,
}

impl RuntimeBuilder {
    /// Begins with the defaults.
    pub const fn new() -> Self {
        Self {
            code_cache: None,
            pool: None,
            yield_every: None,
            max_memory_mebibytes: DEFAULT_MAX_MEMORY_MEBIBYTES,
            offer: Offer::all(),
        }
    }

    /// Keeps compiled code between runs. Default: none, programs are compiled whenever they are loaded.
    pub fn code_cache(mut self, cache: Option<CodeCache>) -> Self {
        self.code_cache = cache;
        self
    }

    /// Keeps places for instances. Default: none, memory is asked for when an instance starts.
    pub const fn pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Makes a guest of [`Program::call`] give back its thread after it has computed for so long, so that others get
    /// their turn, and a loop without end can be stopped. Costs a thread. Default: guests do so only when they wait.
    pub const fn yield_every(mut self, period: Duration) -> Self {
        self.yield_every = Some(period);
        self
    }

    /// Most memory of an instance, all its memories together, in MiB. Default: 128.
    pub const fn max_memory_mebibytes(mut self, mebibytes: NonZeroU32) -> Self {
        self.max_memory_mebibytes = mebibytes;
        self
    }

    /// Which interfaces of the store programs may import. Default: all.
    pub const fn offer(mut self, offer: Offer) -> Self {
        self.offer = offer;
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// The system refuses the address space of the pool, or a thread.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let (engine, room) = self.engine()?;
        let ticker = self.yield_every.map(|period| Ticker::start(&engine, period)).transpose();
        let runtime = Runtime(Arc::new(Shared {
            // Only many at a time have to give back their thread.
            expected: if self.yield_every.is_some() || self.pool.is_some() {
                Mode::Asynchronous
            } else {
                Mode::Blocking
            },
            blocking: OnceLock::new(),
            asynchronous: OnceLock::new(),
            components: OnceLock::new(),
            room,
            offer: self.offer,
            code_cache: self.code_cache,
            max_memory_mebibytes: self.max_memory_mebibytes,
            _ticker: ticker.map_err(|error| BuildError(error.to_string()))?,
            engine,
        }));
        Ok(runtime)
    }

    fn engine(&self) -> Result<(Engine, Option<Room>), BuildError> {
        let engine = |room| Engine::new(&config(room)).map(|engine| (engine, room));
        let Some(pool) = self.pool else {
            return engine(None).map_err(|error| BuildError(one_line(&error)));
        };
        engine(Some(Room::for_components(pool)))
            .or_else(|error| {
                tracing::debug!("there is no address space for as many components: {error:#}");
                engine(Some(Room::for_modules(pool)))
            })
            .map_err(|error| {
                BuildError(format!(
                    "there is no address space for {} instances; allow fewer at a time ({})",
                    pool.instances,
                    one_line(&error)
                ))
            })
    }
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that says what compiled code looks like is the same with a pool and without, so that code which one made
/// the other can run.
fn config(room: Option<Room>) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_guard_size(MEMORY_GUARD_BYTES)
        .max_wasm_stack(MAX_WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        .parallel_compilation(true)
        // Backtraces name functions, and nothing within: the table for that would be a fifth of the code.
        .generate_address_map(false);
    if let Some(room) = room {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(room.settings()));
    }
    config
}

impl Runtime {
    /// Begins to choose a runtime.
    pub const fn builder() -> RuntimeBuilder {
        RuntimeBuilder::new()
    }

    /// Reads the program at `path`, compiles it, and links it with everything that the host has.
    ///
    /// Compiling takes seconds for a large program, on all processors.
    ///
    /// # Errors
    ///
    /// The file is not there or cannot be read; it is not a program; or it needs what edgekv does not have.
    pub fn load(&self, path: &Path) -> Result<Program, LoadError> {
        let started = Instant::now();
        let (code, origin) = match file::open(path)? {
            Opened::Wasm(form, wasm) => self.cached_or_compiled(path, form, &wasm)?,
            Opened::Compiled(content) => {
                let code = artifact::take(&self.0.engine, &content).map_err(|flaw| {
                    let advice =
                        "compile the program again, by `edgekv compile` of this version on this machine";
                    LoadError::cannot_run(path, format!("{flaw}; {advice}"))
                })?;
                (code, CodeOrigin::Ahead)
            }
        };
        let cannot_run = |cause: String| LoadError::cannot_run(path, cause);
        self.check_memory(&code).map_err(cannot_run)?;
        self.tell_of_room(path, &code);
        let linked = self.link_program(&code).map_err(cannot_run)?;
        self.check_layers(&linked).map_err(cannot_run)?;
        tracing::debug!(path = %path.display(), code = ?origin, "loaded in {:?}", started.elapsed());
        Ok(Program::new(self.clone(), path, origin, linked))
    }

    /// Compiles the program at `path`, for [`Runtime::load`] of the same version on a machine like this. It is also checked,
    /// as far as that does not depend on this runtime's limits.
    ///
    /// # Errors
    ///
    /// Those of [`Runtime::load`]; the file is compiled code already.
    pub fn compile(&self, path: &Path) -> Result<Compiled, LoadError> {
        let cannot_run = |cause: String| LoadError::cannot_run(path, cause);
        let Opened::Wasm(form, wasm) = file::open(path)? else {
            return Err(cannot_run(
                "is compiled already; name the .wasm file that it was made from".to_owned(),
            ));
        };
        let code = self.compile_code(path, form, &wasm)?;
        self.link_program(&code).map_err(cannot_run)?;
        let compiled = code.serialize().map_err(|error| cannot_run(one_line(&error)))?;
        Ok(Compiled::new(compiled, form, &blake3::hash(&wasm)))
    }

    /// Links a program in the way in which programs of this runtime are expected to run, and checks that there is something to
    /// call. Says in one line why that is not possible.
    fn link_program(&self, code: &Code) -> Result<Linked, String> {
        match code {
            Code::Module(module) => {
                file::check_start(module)?;
                let linked = self.link(module, self.0.expected)?;
                Ok(Linked::Module(LinkedModule::new(module.clone(), self.0.expected, linked)))
            }
            Code::Component(component) => {
                let linker = self.component_linker().map_err(|error| one_line(&error))?;
                let linked = crate::component::link(linker, component, self.0.offer)?;
                LinkedComponent::new(component, linked).map(Linked::Component)
            }
        }
    }

    /// Links a module, and says in one line why that is not possible.
    pub(crate) fn link(&self, module: &Module, mode: Mode) -> Result<InstancePre<Host>, String> {
        imports::check_offer(module, self.0.offer)?;
        let linker = self.linker(mode).map_err(|error| one_line(&error))?;
        imports::link(linker.clone(), module)
    }

    /// What components can import, made with the first one.
    fn component_linker(&self) -> wasmtime::Result<&component::Linker<crate::component::Host>> {
        match self.0.components.get() {
            Some(linker) => Ok(linker),
            None => {
                let linker = crate::component::linker(&self.0.engine, self.0.offer)?;
                Ok(self.0.components.get_or_init(|| linker))
            }
        }
    }

    /// What programs can import, made when it is first needed: most processes need one of them.
    fn linker(&self, mode: Mode) -> wasmtime::Result<&Linker<Host>> {
        let (place, make): (_, fn(&Engine) -> _) = match mode {
            Mode::Blocking => (&self.0.blocking, imports::blocking),
            Mode::Asynchronous => (&self.0.asynchronous, imports::asynchronous),
        };
        match place.get() {
            Some(linker) => Ok(linker),
            None => {
                let linker = make(&self.0.engine)?;
                Ok(place.get_or_init(|| linker))
            }
        }
    }

    fn cached_or_compiled(
        &self,
        path: &Path,
        form: Form,
        wasm: &[u8],
    ) -> Result<(Code, CodeOrigin), LoadError> {
        let Some(cache) = &self.0.code_cache else {
            return Ok((self.compile_code(path, form, wasm)?, CodeOrigin::Compiled));
        };
        let key = Key::new(&self.0.engine, wasm);
        if let Some(code) = cache.find(&self.0.engine, &key) {
            return Ok((code, CodeOrigin::Cached));
        }
        let code = self.compile_code(path, form, wasm)?;
        match code.serialize() {
            Ok(compiled) => cache.keep(&key, &Compiled::new(compiled, form, &key.source)),
            Err(error) => tracing::debug!("the compiled code cannot be kept: {error:#}"),
        }
        Ok((code, CodeOrigin::Compiled))
    }

    fn compile_code(&self, path: &Path, form: Form, bytes: &[u8]) -> Result<Code, LoadError> {
        Code::compile(&self.0.engine, form, bytes).map_err(|error| {
            let cause = match self.validate(form, bytes) {
                Err(invalid) => format!(
                    "not a valid {} ({}); the file may be cut off or damaged: build it again",
                    form.name(),
                    one_line(&invalid)
                ),
                Ok(()) => format!("it cannot be run here: {}", one_line(&error)),
            };
            LoadError::cannot_run(path, cause)
        })
    }

    /// Says whether what cannot be compiled is wrong by itself, and not only too large for this runtime's pool.
    fn validate(&self, form: Form, bytes: &[u8]) -> wasmtime::Result<()> {
        match form {
            Form::Module => Module::validate(&self.0.engine, bytes),
            Form::Component => Code::compile(&Engine::new(&config(None))?, form, bytes).map(drop),
        }
    }

    /// Says whether the program may have the largest memory that it starts with; it has no more if it is a module.
    fn check_memory(&self, code: &Code) -> Result<(), String> {
        let required = code.resources_required();
        let pages = required.and_then(|required| required.max_initial_memory_size).unwrap_or(0);
        self.check_initial(pages.saturating_mul(PAGE_BYTES))
    }

    /// Says whether a program may have all memories that it starts with, when it is to be run for each request: one that is run once
    /// says so at once by itself.
    fn check_layers(&self, linked: &Linked) -> Result<(), String> {
        match linked {
            Linked::Component(component) if self.0.expected == Mode::Asynchronous => {
                self.check_initial(component.initial_bytes(self) as u64)
            }
            Linked::Component(_) | Linked::Module(_) => Ok(()),
        }
    }

    fn check_initial(&self, bytes: u64) -> Result<(), String> {
        let max = self.0.max_memory_mebibytes;
        let wanted = bytes.div_ceil(MEBIBYTE);
        if wanted <= u64::from(max.get()) {
            return Ok(());
        }
        Err(format!(
            "it starts with {wanted} MiB of memory, and may have {max} MiB; allow more by --max-memory"
        ))
    }

    /// Says if there cannot be as many instances of a component as the pool was made for.
    fn tell_of_room(&self, path: &Path, code: &Code) {
        let (Some(room), Some(required)) = (self.0.room, code.resources_required()) else { return };
        if let Some(fit) = room.is_short_for(required.num_memories, required.num_tables) {
            tracing::warn!(
                "{}: an instance has {} memories, and there is address space for {fit} of them at a time, not {}; requests \
                 beyond that are refused",
                path.display(),
                required.num_memories,
                room.instances()
            );
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn max_memory_mebibytes(&self) -> NonZeroU32 {
        self.0.max_memory_mebibytes
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("max_memory_mebibytes", &self.0.max_memory_mebibytes)
            .finish_non_exhaustive()
    }
}
