//! The programs that keep the contract, and what each of them can express.

/// What some guests can express, and others cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    /// A lookup tells the generation of the entry.
    Generations,
    /// A write may have no lifetime at all; its entry is expired at once.
    NoLifetime,
    /// A write is answered when a value that was streamed is in the store.
    WaitsForStreams,
    /// Several values of one header are seen one by one, in the order they came in.
    SeparateValues,
    /// The program makes a stream itself, sends interim answers, goes on after its answer.
    Streams,
    /// The program decides itself whether, and how often, it answers.
    SendsItself,
    /// Trailers are read and sent.
    Trailers,
    /// The program sees the version of HTTP.
    Version,
    /// The program sees how much memory it uses.
    Heap,
    /// An error that the program returns is told to the client.
    ErrorText,
}

use Capability::{
    ErrorText, Generations, Heap, NoLifetime, SendsItself, SeparateValues, Streams, Trailers, Version,
    WaitsForStreams,
};

/// A program, as `cargo xtask guests` builds it.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) can: &'static [Capability],
}

/// `#[fastly::main]` of the public crate: a request in, one whole response out.
pub(crate) const FASTLY_MAIN: Guest = Guest {
    name: "fastly-http",
    can: &[Generations, NoLifetime, WaitsForStreams, SeparateValues, Version, Heap, ErrorText],
};

/// The public crate with an ordinary `main`, which can do all there is.
pub(crate) const FASTLY_STREAMS: Guest = Guest {
    name: "fastly-streams",
    can: &[
        Generations,
        NoLifetime,
        WaitsForStreams,
        SeparateValues,
        Streams,
        SendsItself,
        Trailers,
        Version,
        Heap,
        ErrorText,
    ],
};

/// Our SDK, which can do all there is. But a lifetime of nothing is a mistake to it, and an error that a program returns is
/// for its log, and not for the client.
pub(crate) const SDK: Guest = Guest {
    name: "sdk-http",
    can: &[Generations, WaitsForStreams, SeparateValues, Streams, SendsItself, Trailers, Version, Heap],
};

/// The public JavaScript runtime. Its interface has no generation of an entry, no trailers, no version of HTTP and no
/// figure of memory; it joins the values of a header by commas, in the order of names; `put` of a stream waits for
/// nothing; and what a handler throws is logged only.
pub(crate) const JAVASCRIPT: Guest = Guest { name: "js-http", can: &[NoLifetime, Streams] };

/// The example on the SDK of this project.
pub(crate) const SHORTENER: Guest = Guest { name: "shortener", can: &[] };

/// The same on the public crate.
pub(crate) const SHORTENER_FASTLY: Guest = Guest { name: "shortener-fastly", can: &[] };
