//! The flags that say how programs are compiled and what they get: the same for every command that runs them.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use edgekv_runtime::{CodeCache, Environment, Offer, Runtime, RuntimeBuilder};

/// How programs run.
#[derive(Debug, Args)]
pub(crate) struct ProgramArgs {
    /// Environment variable for the program; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// Interfaces of the store that the program may import: `kv-store`, `origin`, or both with a comma. With `origin` alone,
    /// programs reach their data through a feature that is composed with them
    #[arg(
        long,
        value_name = "LIST",
        default_value = "kv-store,origin",
        env = "EDGEKV_OFFER",
        value_parser = parse_offer
    )]
    offer: Offer,
    /// Most memory for the program with all its layers, in MiB
    #[arg(long, value_name = "MIB", default_value = "128", value_parser = parse_mebibytes)]
    max_memory: NonZeroU32,
    /// Directory where compiled programs are kept, so that the next start is fast; `none` keeps nothing [default:
    /// `edgekv` in the user's directory for caches]
    #[arg(long, value_name = "DIR", env = "EDGEKV_CODE_CACHE", value_parser = parse_code_cache)]
    code_cache: Option<CodeCacheChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum CodeCacheChoice {
    None,
    Directory(PathBuf),
}

impl ProgramArgs {
    /// The environment of the program.
    pub(crate) fn environment(&self) -> Environment {
        Environment::new(self.env.iter().cloned())
    }

    /// A runtime with these limits.
    pub(crate) fn runtime(&self) -> RuntimeBuilder {
        let cache = match &self.code_cache {
            Some(CodeCacheChoice::None) => None,
            Some(CodeCacheChoice::Directory(directory)) => Some(CodeCache::new(directory)),
            None => CodeCache::of_user(),
        };
        Runtime::builder().max_memory_mebibytes(self.max_memory).offer(self.offer).code_cache(cache)
    }
}

fn parse_code_cache(text: &str) -> Result<CodeCacheChoice, &'static str> {
    match text {
        "" => Err("name a directory, or `none`"),
        "none" => Ok(CodeCacheChoice::None),
        directory => Ok(CodeCacheChoice::Directory(directory.into())),
    }
}

fn parse_variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE"),
    }
}

fn parse_offer(text: &str) -> Result<Offer, &'static str> {
    let named =
        |name: &str| Offer::NAMES.into_iter().find(|(named, _)| *named == name).map(|(_, offer)| offer);
    text.split(',')
        .map(named)
        .collect::<Option<Offer>>()
        .ok_or("write it as `kv-store`, `origin` or `kv-store,origin`")
}

fn parse_mebibytes(text: &str) -> Result<NonZeroU32, &'static str> {
    // What 32-bit memory can have at all.
    let mebibytes = text.parse().ok().filter(|mebibytes: &NonZeroU32| mebibytes.get() <= 4096);
    mebibytes.ok_or("write a number of MiB from 1 to 4096")
}
