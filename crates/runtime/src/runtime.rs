//! The engine that programs are compiled for and run on: one set of settings for all uses of it.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, PoolingAllocationConfig,
};

use crate::artifact::{self, Compiled};
use crate::cache::{CodeCache, Key};
use crate::error::{BuildError, LoadError, one_line};
use crate::file::{self, Opened};
use crate::imports::{self, Host, Mode};
use crate::program::{CodeOrigin, Program};
use crate::ticker::Ticker;

/// Address space of a memory: all that 32 bits can name, so that compiled code needs no bounds checks.
const MEMORY_RESERVATION_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Address space behind it, which catches the constant offsets of loads and stores.
const MEMORY_GUARD_BYTES: u64 = 32 * 1024 * 1024;

/// Stack of a guest's own functions.
const MAX_WASM_STACK_BYTES: usize = 1024 * 1024;

/// Stack of an asynchronous guest with the host functions that it calls.
const ASYNC_STACK_BYTES: usize = 2 * 1024 * 1024;

/// Functions and other items that a pooled table may have: engines of JavaScript need about 20,000.
const POOLED_TABLE_ELEMENTS: usize = 50_000;

/// Tables that a pooled instance may have. Compilers make one, or two for references.
const POOLED_TABLES: u32 = 4;

/// Host memory for the structure of one pooled instance.
const POOLED_INSTANCE_BYTES: usize = 1024 * 1024;

/// Memory that stays with a free place in the pool, so that a small guest finds its pages there: as much is cleared by
/// writing zeros, and given back to the system beyond that.
const POOLED_RESIDENT_BYTES: usize = 512 * 1024;

/// The same for a table.
const POOLED_RESIDENT_TABLE_BYTES: usize = 64 * 1024;

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
    code_cache: Option<CodeCache>,
    max_memory_mebibytes: NonZeroU32,
    /// Ends with the last program of this runtime.
    _ticker: Option<Ticker>,
}

/// Places for instances that are set up in advance, for servers: to take one and to give it back is then cheap.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Most instances at a time. Each takes 4 GiB of address space, and memory only when it is used.
    pub instances: NonZeroU32,
}

/// Chooses what a [`Runtime`] is made of.
#[derive(Debug, Clone)]
#[must_use]
pub struct RuntimeBuilder {
    code_cache: Option<CodeCache>,
    pool: Option<Pool>,
    yield_every: Option<Duration>,
    max_memory_mebibytes: NonZeroU32,
}

impl RuntimeBuilder {
    /// Begins with the defaults.
    pub const fn new() -> Self {
        Self {
            code_cache: None,
            pool: None,
            yield_every: None,
            max_memory_mebibytes: DEFAULT_MAX_MEMORY_MEBIBYTES,
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

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// The system refuses the address space of the pool, or a thread.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let failed = |error: &wasmtime::Error| BuildError(one_line(error));
        let engine = Engine::new(&config(self.pool)).map_err(|error| match self.pool {
            Some(pool) => BuildError(format!(
                "there is no address space for {} instances; allow fewer at a time ({})",
                pool.instances,
                one_line(&error)
            )),
            None => failed(&error),
        })?;
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
            code_cache: self.code_cache,
            max_memory_mebibytes: self.max_memory_mebibytes,
            _ticker: ticker.map_err(|error| BuildError(error.to_string()))?,
            engine,
        }));
        runtime.linker(runtime.0.expected).map_err(|error| failed(&error))?;
        Ok(runtime)
    }
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that says what compiled code looks like is the same with a pool and without, so that code which one made
/// the other can run.
fn config(pool: Option<Pool>) -> Config {
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
    if let Some(Pool { instances }) = pool {
        let instances = instances.get();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(instances)
            .total_memories(instances)
            .total_tables(instances.saturating_mul(POOLED_TABLES))
            .total_stacks(instances)
            .max_memories_per_module(1)
            .max_tables_per_module(POOLED_TABLES)
            // The limit of an instance is that of its store; a place has room for any.
            .max_memory_size(usize::try_from(MEMORY_RESERVATION_BYTES).unwrap_or(usize::MAX))
            .table_elements(POOLED_TABLE_ELEMENTS)
            .max_core_instance_size(POOLED_INSTANCE_BYTES)
            .linear_memory_keep_resident(POOLED_RESIDENT_BYTES)
            .table_keep_resident(POOLED_RESIDENT_TABLE_BYTES)
            .pagemap_scan(Enabled::Auto);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
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
        let (module, origin) = match file::open(path)? {
            Opened::Wasm(wasm) => self.cached_or_compiled(path, &wasm)?,
            Opened::Compiled(content) => {
                let module = artifact::take(&self.0.engine, &content).map_err(|flaw| {
                    let advice =
                        "compile the program again, by `edgekv compile` of this version on this machine";
                    LoadError::cannot_run(path, format!("{flaw}; {advice}"))
                })?;
                (module, CodeOrigin::Ahead)
            }
        };
        let cannot_run = |cause: String| LoadError::cannot_run(path, cause);
        file::check_start(&module).map_err(|cause| cannot_run(cause.to_owned()))?;
        self.check_memory(&module).map_err(cannot_run)?;
        let linked = self.link(&module, self.0.expected).map_err(cannot_run)?;
        tracing::debug!(path = %path.display(), code = ?origin, "loaded in {:?}", started.elapsed());
        Ok(Program::new(self.clone(), path, origin, module, self.0.expected, linked))
    }

    /// Compiles the program at `path`, for [`Runtime::load`] of the same version on a machine like this. It is also checked,
    /// as far as that does not depend on this runtime's limits.
    ///
    /// # Errors
    ///
    /// Those of [`Runtime::load`]; the file is compiled code already.
    pub fn compile(&self, path: &Path) -> Result<Compiled, LoadError> {
        let cannot_run = |cause: String| LoadError::cannot_run(path, cause);
        let Opened::Wasm(wasm) = file::open(path)? else {
            return Err(cannot_run(
                "is compiled already; name the .wasm file that it was made from".to_owned(),
            ));
        };
        let module = self.compile_module(path, &wasm)?;
        file::check_start(&module).map_err(|cause| cannot_run(cause.to_owned()))?;
        self.link(&module, self.0.expected).map_err(cannot_run)?;
        let code = module.serialize().map_err(|error| cannot_run(one_line(&error)))?;
        Ok(Compiled::new(code, &blake3::hash(&wasm)))
    }

    /// Links a module, and says in one line why that is not possible.
    pub(crate) fn link(&self, module: &Module, mode: Mode) -> Result<InstancePre<Host>, String> {
        let linker = self.linker(mode).map_err(|error| one_line(&error))?;
        imports::link(linker.clone(), module)
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

    fn cached_or_compiled(&self, path: &Path, wasm: &[u8]) -> Result<(Module, CodeOrigin), LoadError> {
        let Some(cache) = &self.0.code_cache else {
            return Ok((self.compile_module(path, wasm)?, CodeOrigin::Compiled));
        };
        let key = Key::new(&self.0.engine, wasm);
        if let Some(module) = cache.find(&self.0.engine, &key) {
            return Ok((module, CodeOrigin::Cached));
        }
        let module = self.compile_module(path, wasm)?;
        match module.serialize() {
            Ok(code) => cache.keep(&key, &Compiled::new(code, &key.source)),
            Err(error) => tracing::debug!("the compiled code cannot be kept: {error:#}"),
        }
        Ok((module, CodeOrigin::Compiled))
    }

    fn compile_module(&self, path: &Path, bytes: &[u8]) -> Result<Module, LoadError> {
        Module::new(&self.0.engine, bytes).map_err(|error| {
            let cause = match Module::validate(&self.0.engine, bytes) {
                Err(invalid) => format!(
                    "not a valid WebAssembly module ({}); the file may be cut off or damaged: build it again",
                    one_line(&invalid)
                ),
                Ok(()) => format!("it cannot be run here: {}", one_line(&error)),
            };
            LoadError::cannot_run(path, cause)
        })
    }

    /// Says whether the program may have the memory that it starts with.
    fn check_memory(&self, module: &Module) -> Result<(), String> {
        const PAGES_OF_A_MEBIBYTE: u64 = 16;
        let pages = module.resources_required().max_initial_memory_size.unwrap_or(0);
        let max = self.0.max_memory_mebibytes;
        if pages <= u64::from(max.get()) * PAGES_OF_A_MEBIBYTE {
            return Ok(());
        }
        let wanted = pages.div_ceil(PAGES_OF_A_MEBIBYTE);
        Err(format!(
            "it starts with {wanted} MiB of memory, and may have {max} MiB; allow more by --max-memory"
        ))
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
