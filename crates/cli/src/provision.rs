//! Which imports this host has, as `edgekv run` and `edgekv serve` will find when they link.

use std::fmt;

use edgekv_runtime::{Offer, Provision};

/// What becomes of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provided {
    /// It is there.
    Yes,
    /// It is there, and answers that it is not supported.
    Unsupported,
    /// It is there in another version.
    OtherVersion,
    /// It is not there.
    No,
}

impl Provided {
    /// A word for it, for programs that read JSON.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Unsupported => "unsupported",
            Self::OtherVersion => "other_version",
            Self::No => "no",
        }
    }
}

impl fmt::Display for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "this host has it",
            Self::Unsupported => "calls are answered `unsupported`",
            Self::OtherVersion => "this host has another version of it",
            Self::No => "this host does not have it",
        })
    }
}

/// What becomes of the import of an interface by a component, on a host that offers all that it has.
pub(crate) fn interface(name: &str) -> Provided {
    match Provision::of(name, Offer::all()) {
        Provision::Provided => Provided::Yes,
        Provision::OtherVersion => Provided::OtherVersion,
        _ => Provided::No,
    }
}

/// What becomes of the import of a function by a core module.
pub(crate) fn function(module: &str, name: &str) -> Provided {
    if module == PREVIEW_1_MODULE {
        return if PREVIEW_1.contains(&name) { Provided::Yes } else { Provided::No };
    }
    match edgekv_host::provision(module, name) {
        edgekv_host::Provision::Provided => Provided::Yes,
        edgekv_host::Provision::Unsupported => Provided::Unsupported,
        _ => Provided::No,
    }
}

const PREVIEW_1_MODULE: &str = "wasi_snapshot_preview1";

/// The functions of WASI preview 1: a standard that does not change any more.
const PREVIEW_1: [&str; 46] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_read",
    "fd_readdir",
    "fd_renumber",
    "fd_seek",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "proc_exit",
    "proc_raise",
    "random_get",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];
