//! `edgekv:kv/bodies`.

use bytes::{Bytes, BytesMut};
use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::DynPollable;

use super::KvView;
use super::bindings::edgekv::kv::bodies::{self, End, Host, HostBody};
use crate::body::Body;
use crate::handles::Object;
use crate::operations::{Written, header_name};
use crate::status::Error;

impl Host for KvView<'_> {
    fn new_body(&mut self) -> Result<Resource<bodies::Body>, Error> {
        self.ctx.new_body().map(Resource::new_own)
    }

    async fn from_bytes(&mut self, bytes: Bytes) -> Result<Resource<bodies::Body>, Error> {
        let body = Body::from(bytes);
        self.ctx.make_room(body.held_bytes()).await?;
        self.own(Object::Body(body))
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<bodies::Error> {
        self.body_error(error)
    }
}

impl HostBody for KvView<'_> {
    async fn read(&mut self, body: Resource<bodies::Body>, max: u32) -> Result<Bytes, Error> {
        self.check_readable(&body)?;
        let mut read = Read::Nothing;
        let add = |bytes| {
            read.add(bytes);
            Ok(())
        };
        self.ctx.read_body(body.rep(), max as usize, add).await?;
        Ok(read.into())
    }

    async fn write(&mut self, body: Resource<bodies::Body>, bytes: Bytes, to: End) -> Result<(), Error> {
        let to_front = match to {
            End::Back => false,
            End::Front => {
                self.check_readable(&body)?;
                true
            }
        };
        self.ctx.write_body(body.rep(), Written::Owned(bytes), to_front).await
    }

    async fn append(
        &mut self,
        body: Resource<bodies::Body>,
        other: Resource<bodies::Body>,
    ) -> Result<(), Error> {
        if let Err(error) = self.check_readable(&other) {
            self.ctx.abandon_body(other.rep())?;
            return Err(error);
        }
        self.ctx.append_body(body.rep(), other.rep()).await
    }

    fn known_length(&mut self, body: Resource<bodies::Body>) -> wasmtime::Result<Option<u64>> {
        Ok(self.ctx.known_length_of(body.rep())?)
    }

    fn append_trailer(
        &mut self,
        body: Resource<bodies::Body>,
        name: Bytes,
        value: Bytes,
    ) -> Result<(), Error> {
        self.ctx.append_trailer(body.rep(), &header_name(&name)?, &value)
    }

    fn trailers(&mut self, body: Resource<bodies::Body>) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let trailers = self.ctx.trailers_of(body.rep())?.iter();
        Ok(trailers
            .map(|(name, value)| (Bytes::copy_from_slice(name), Bytes::copy_from_slice(value)))
            .collect())
    }

    fn subscribe(&mut self, body: Resource<bodies::Body>) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        self.subscribe_to(body.rep())
    }

    fn finish(&mut self, body: Resource<bodies::Body>) -> wasmtime::Result<()> {
        Ok(self.ctx.close_body(body.rep())?)
    }

    fn drop(&mut self, body: Resource<bodies::Body>) -> wasmtime::Result<()> {
        Ok(self.ctx.abandon_body(body.rep())?)
    }
}

impl KvView<'_> {
    /// Says whether a body is one that can be read.
    pub(super) fn check_readable(&mut self, body: &Resource<bodies::Body>) -> Result<(), Error> {
        match self.ctx.handles_mut().object(body.rep()) {
            Some(Object::StreamingBody(_)) => Err(Error::StreamingBody),
            _ => Ok(()),
        }
    }
}

/// What a read has brought: as it is, as long as it is one piece.
enum Read {
    Nothing,
    Piece(Bytes),
    Pieces(BytesMut),
}

impl Read {
    fn add(&mut self, bytes: Bytes) {
        match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => *self = Self::Piece(bytes),
            Self::Piece(first) => {
                let mut pieces = BytesMut::with_capacity(first.len() + bytes.len());
                pieces.extend_from_slice(&first);
                pieces.extend_from_slice(&bytes);
                *self = Self::Pieces(pieces);
            }
            Self::Pieces(mut pieces) => {
                pieces.extend_from_slice(&bytes);
                *self = Self::Pieces(pieces);
            }
        }
    }
}

impl From<Read> for Bytes {
    fn from(read: Read) -> Self {
        match read {
            Read::Nothing => Self::new(),
            Read::Piece(bytes) => bytes,
            Read::Pieces(bytes) => bytes.freeze(),
        }
    }
}
