//! Which interfaces of the store a host offers to programs.

use std::fmt;

use bitflags::bitflags;

bitflags! {
    /// Which interfaces of the store a runtime offers to programs; all else that edgekv has is always offered.
    ///
    /// A host that offers only [`Offer::ORIGIN`] has programs reach their data through a feature that is composed with them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Offer: u8 {
        /// `edgekv:kv/kv-store`, and the modules of the legacy ABI for it.
        const KV_STORE = 1;
        /// `edgekv:platform/origin`, on which a feature stands.
        const ORIGIN = 2;
    }
}

impl Default for Offer {
    fn default() -> Self {
        Self::all()
    }
}

impl Offer {
    /// The names that [`Display`](fmt::Display) gives, and the flags of the command take.
    pub const NAMES: [(&'static str, Self); 2] = [("kv-store", Self::KV_STORE), ("origin", Self::ORIGIN)];
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.into_iter().filter(|(_, offer)| self.contains(*offer)).map(|(name, _)| name);
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}
