//! The programs that keep the contract, and what each of them can express.

use std::path::PathBuf;

use edgekv_tests::{component, guest};

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
    /// The program sees its client's address, and the number of the request.
    Client,
    /// A program that ends without an answer has given an empty one.
    EndsSilently,
    /// The program has the routes that show how our SDK reads and sends bodies.
    Bodies,
    /// The program sees how much memory it uses.
    Heap,
    /// An error that the program returns is told to the client.
    ErrorText,
}

use Capability::{
    Bodies, Client, EndsSilently, ErrorText, Generations, Heap, NoLifetime, SendsItself, SeparateValues,
    Streams, Trailers, Version, WaitsForStreams,
};

/// A program, as `cargo xtask guests` builds it.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) is_component: bool,
    pub(crate) can: &'static [Capability],
}

/// `#[fastly::main]` of the public crate: a request in, one whole response out.
pub(crate) const FASTLY_MAIN: Guest = Guest {
    name: "fastly-http",
    is_component: false,
    can: &[Generations, NoLifetime, WaitsForStreams, SeparateValues, Client, Version, Heap, ErrorText],
};

/// The public crate with an ordinary `main`, which can do all there is.
pub(crate) const FASTLY_STREAMS: Guest = Guest {
    name: "fastly-streams",
    is_component: false,
    can: &[
        Generations,
        NoLifetime,
        WaitsForStreams,
        SeparateValues,
        Streams,
        SendsItself,
        EndsSilently,
        Trailers,
        Client,
        Version,
        Heap,
        ErrorText,
    ],
};

/// Our SDK, which can do all there is. But a lifetime of nothing is a mistake to it, and an error that a program returns is
/// for its log, and not for the client.
pub(crate) const SDK: Guest = Guest {
    name: "sdk-http",
    is_component: false,
    can: &[
        Generations,
        WaitsForStreams,
        SeparateValues,
        Streams,
        SendsItself,
        EndsSilently,
        Trailers,
        Client,
        Version,
        Heap,
        Bodies,
    ],
};

/// The same source as a component. The standard interfaces have neither a client's address nor the version of HTTP, and a
/// component that ends without an answer has failed.
pub(crate) const SDK_COMPONENT: Guest = Guest {
    name: "sdk-http",
    is_component: true,
    can: &[Generations, WaitsForStreams, SeparateValues, Streams, SendsItself, Trailers, Heap, Bodies],
};

/// The public JavaScript runtime. Its interface has no generation of an entry, no trailers, no version of HTTP and no
/// figure of memory; it joins the values of a header by commas, in the order of names; `put` of a stream waits for
/// nothing; and what a handler throws is logged only.
pub(crate) const JAVASCRIPT: Guest =
    Guest { name: "js-http", is_component: false, can: &[NoLifetime, Streams, Client] };

/// The example on the SDK of this project.
pub(crate) const SHORTENER: Guest = Guest { name: "shortener", is_component: false, can: &[] };

/// The same on the public crate.
pub(crate) const SHORTENER_FASTLY: Guest = Guest { name: "shortener-fastly", is_component: false, can: &[] };

impl Guest {
    /// The file that is served.
    pub(crate) fn file(&self) -> PathBuf {
        if self.is_component { component(self.name) } else { guest(self.name) }
    }
}
