//! The forms of a program, and how a user makes each.

use std::path::{Path, PathBuf};
use std::process::Command;

use edgekv_tests::{component, guest, layer};

use crate::exceptions;
use crate::workplace::{Ended, Workplace};

/// What a program is run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The module, as it was built.
    Core,
    /// A component that the adapter made of it.
    Componentized,
    /// A component that the SDK was built as.
    Sdk,
    /// The componentized one, linked with the feature.
    Composed,
    /// The componentized one, linked with a middleware and the feature.
    Layered,
    /// The one of the SDK, linked with the feature.
    SdkComposed,
    /// The one of the SDK, linked with a middleware and the feature.
    SdkLayered,
}

/// The middleware: it gives each tenant keys of their own.
pub(crate) const MIDDLEWARE: &str = "tenant-layer";
pub(crate) const FEATURE: &str = "edgekv-feature";

impl Form {
    const ALL: [Self; 7] = [
        Self::Core,
        Self::Componentized,
        Self::Composed,
        Self::Layered,
        Self::Sdk,
        Self::SdkComposed,
        Self::SdkLayered,
    ];

    /// Every form that a program can be built as.
    pub(crate) fn of(program: &str) -> Vec<Self> {
        let is_excepted = |form| exceptions::of(program, form).any(|exception| exception.case == "building");
        Self::ALL.into_iter().filter(|form| !is_excepted(*form)).collect()
    }

    /// The layers that it is linked with, the program's next one first.
    fn layers(self) -> &'static [&'static str] {
        match self {
            Self::Core | Self::Componentized | Self::Sdk => &[],
            Self::Composed | Self::SdkComposed => &[FEATURE],
            Self::Layered | Self::SdkLayered => &[MIDDLEWARE, FEATURE],
        }
    }

    /// The adapter has made a component of a module, whatever that is linked with.
    pub(crate) fn is_of_adapter(self) -> bool {
        matches!(self, Self::Componentized | Self::Composed | Self::Layered)
    }

    /// The SDK was built as a component, whatever that is linked with.
    pub(crate) fn is_of_sdk(self) -> bool {
        matches!(self, Self::Sdk | Self::SdkComposed | Self::SdkLayered)
    }

    /// It is linked with layers.
    pub(crate) fn is_linked(self) -> bool {
        !self.layers().is_empty()
    }

    pub(crate) fn has_middleware(self) -> bool {
        self.layers().contains(&MIDDLEWARE)
    }

    /// What a host has to offer to it, and no more.
    pub(crate) fn offer(self) -> &'static [&'static str] {
        match self {
            Self::Core => &[],
            Self::Componentized | Self::Sdk => &["--offer", "kv-store"],
            _ => &["--offer", "origin"],
        }
    }

    /// Makes it of a program in this directory.
    pub(crate) fn make(self, here: &Workplace, program: &str) -> PathBuf {
        self.try_make(here, program).unwrap_or_else(|refused| panic!("{program} as {self:?}: {refused:?}"))
    }

    /// The same, or how `edgekv compose` has refused it.
    pub(crate) fn try_make(self, here: &Workplace, program: &str) -> Result<PathBuf, Ended> {
        let part = match self {
            Self::Core => return Ok(guest(program)),
            Self::Sdk | Self::SdkComposed | Self::SdkLayered => component(program),
            Self::Componentized | Self::Composed | Self::Layered => componentized(here, program),
        };
        let layers: Vec<_> = self.layers().iter().map(|name| layer(name)).collect();
        if layers.is_empty() {
            return Ok(part);
        }
        let out = here.path(format!("{program}.{self:?}.wasm"));
        let linked = composed(here, &part, &layers, &out);
        if linked.status == Some(0) { Ok(out) } else { Err(linked) }
    }
}

/// The command, which takes compiled code from where other tests have left it: one program is run many times here, and no test is about
/// starts. What is kept is named by all that it depends on.
pub(crate) fn edgekv(here: &Workplace) -> Command {
    let mut command = here.edgekv();
    command.env("EDGEKV_CODE_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("code"));
    command
}

/// `edgekv componentize`, of a program in `target/guests`.
pub(crate) fn componentized(here: &Workplace, program: &str) -> PathBuf {
    let out = here.path(format!("{program}.component.wasm"));
    if !out.exists() {
        let made =
            here.edgekv().arg("componentize").arg(guest(program)).arg("-o").arg(&out).output().unwrap();
        assert_eq!(Ended::of(made).status, Some(0), "{program}");
    }
    out
}

/// `edgekv compose`, the layers from the inside to the outside.
pub(crate) fn composed(here: &Workplace, part: &PathBuf, layers: &[PathBuf], out: &PathBuf) -> Ended {
    let mut command = here.edgekv();
    command.arg("compose").arg(part);
    for layer in layers {
        command.arg("--with").arg(layer);
    }
    Ended::of(command.arg("-o").arg(out).output().unwrap())
}
