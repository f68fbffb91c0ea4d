//! The first bytes of a body, to be looked at or changed before the rest is read.

use std::io::{self, Read as _};
use std::mem;
use std::ops::{Deref, DerefMut};
use std::str::Utf8Error;

use super::Body;

impl Body {
    /// The first bytes of the body: `length`, or fewer when it has no more. They return to the body, as they are then, when
    /// the prefix is dropped, unless [`Prefix::take`] keeps them.
    ///
    /// ```
    /// let mut body = edgekv::Body::from("GIF87a...");
    /// assert!(body.get_prefix_mut(3).starts_with(b"GIF"));
    /// body.get_prefix_mut(6)[4] = b'9';
    /// assert_eq!(body.into_string(), "GIF89a...");
    /// ```
    ///
    /// # Panics
    ///
    /// When the host fails to deliver the bytes; [`Body::try_get_prefix_mut`] reports that as an error.
    pub fn get_prefix_mut(&mut self, length: usize) -> Prefix<'_> {
        self.try_get_prefix_mut(length).unwrap_or_else(|error| panic!("body cannot be read: {error}"))
    }

    /// As [`get_prefix_mut`](Self::get_prefix_mut), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Body::try_into_bytes`]. Bytes that had come stay in the body.
    pub fn try_get_prefix_mut(&mut self, length: usize) -> io::Result<Prefix<'_>> {
        let bytes = self.take_prefix(length)?;
        Ok(Prefix { bytes, body: self })
    }

    /// The first bytes of the body as text: `length`, or fewer when it has no more, or when that would cut a character in
    /// two. They return to the body as those of [`get_prefix_mut`](Self::get_prefix_mut) do.
    ///
    /// ```
    /// let mut body = edgekv::Body::from("Grüße");
    /// assert_eq!(body.get_prefix_str_mut(3).as_str(), "Gr");
    /// body.get_prefix_str_mut(4).insert_str(0, "Liebe ");
    /// assert_eq!(body.into_string(), "Liebe Grüße");
    /// ```
    ///
    /// # Panics
    ///
    /// When the bytes are not UTF-8, and when the host fails to deliver them.
    pub fn get_prefix_str_mut(&mut self, length: usize) -> PrefixString<'_> {
        self.try_get_prefix_str_mut(length)
            .unwrap_or_else(|error| panic!("body cannot be read as text: {error}"))
    }

    /// As [`get_prefix_str_mut`](Self::get_prefix_str_mut), with an error for bytes that are not UTF-8. They stay in the
    /// body then.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8.
    ///
    /// # Panics
    ///
    /// When the host fails to deliver the bytes.
    pub fn try_get_prefix_str_mut(&mut self, length: usize) -> Result<PrefixString<'_>, Utf8Error> {
        let bytes = self.take_prefix(length).unwrap_or_else(|error| panic!("body cannot be read: {error}"));
        match String::from_utf8(bytes) {
            Ok(text) => Ok(PrefixString { text, body: self }),
            Err(error) => {
                let cause = error.utf8_error();
                let mut bytes = error.into_bytes();
                // No length: the bytes are good, and end within a character.
                let cut = if cause.error_len().is_none() { cause.valid_up_to() } else { 0 };
                self.put_back(bytes.split_off(cut));
                match String::from_utf8(bytes) {
                    Ok(text) if cause.error_len().is_none() => Ok(PrefixString { text, body: self }),
                    _ => Err(cause),
                }
            }
        }
    }

    fn take_prefix(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = u64::try_from(length).unwrap_or(u64::MAX);
        match self.by_ref().take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => {
                self.put_back(bytes);
                Err(error)
            }
        }
    }

    /// Makes these bytes the next ones to be read.
    fn put_back(&mut self, mut bytes: Vec<u8>) {
        if !bytes.is_empty() {
            bytes.extend_from_slice(self.unread());
            self.front = bytes;
            self.taken = 0;
        }
    }
}

/// The first bytes of a body, made by [`Body::get_prefix_mut`]. They return to the body when this is dropped.
#[derive(Debug)]
#[must_use = "a prefix that is dropped returns to the body"]
pub struct Prefix<'a> {
    bytes: Vec<u8>,
    body: &'a mut Body,
}

impl Prefix<'_> {
    /// The bytes. They do not return to the body.
    #[must_use]
    pub fn take(mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }
}

impl Deref for Prefix<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Prefix<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Prefix<'_> {
    fn drop(&mut self) {
        self.body.put_back(mem::take(&mut self.bytes));
    }
}

/// The first bytes of a body as text, made by [`Body::get_prefix_str_mut`]. They return to the body when this is dropped.
#[derive(Debug)]
#[must_use = "a prefix that is dropped returns to the body"]
pub struct PrefixString<'a> {
    text: String,
    body: &'a mut Body,
}

impl PrefixString<'_> {
    /// The text. It does not return to the body.
    #[must_use]
    pub fn take(mut self) -> String {
        mem::take(&mut self.text)
    }
}

impl Deref for PrefixString<'_> {
    type Target = String;

    fn deref(&self) -> &String {
        &self.text
    }
}

impl DerefMut for PrefixString<'_> {
    fn deref_mut(&mut self) -> &mut String {
        &mut self.text
    }
}

impl Drop for PrefixString<'_> {
    fn drop(&mut self) {
        self.body.put_back(mem::take(&mut self.text).into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Write as _};

    use edgekv_sys::{BodyWriteEnd, FastlyStatus as Status};

    use super::*;
    use crate::abi::HostBody;
    use crate::abi::script::{self, answer};

    #[test]
    fn a_prefix_returns_with_its_changes_unless_it_is_taken() {
        let mut body = Body::from("0123");
        body.write_all(b"4567").unwrap();
        assert_eq!(*body.get_prefix_mut(6), b"012345");
        body.get_prefix_mut(2).clear();
        body.get_prefix_mut(2).extend(b"abc");
        assert_eq!(body.get_prefix_mut(3).take(), b"23a");
        assert_eq!(*body.get_prefix_mut(usize::MAX), b"bc4567");
        assert_eq!(body.into_bytes(), b"bc4567");
    }

    #[test]
    fn text_is_cut_between_characters() {
        let mut body = Body::from("aé");
        assert_eq!(body.get_prefix_str_mut(2).take(), "a");
        assert_eq!(body.get_prefix_str_mut(1).as_str(), "");
        assert_eq!(body.get_prefix_str_mut(2).as_str(), "é");
        assert_eq!(body.into_string(), "é");
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let mut body = Body::from(&b"a\xFFb"[..]);
        assert_eq!(body.try_get_prefix_str_mut(3).unwrap_err().valid_up_to(), 1);
        assert_eq!(body.into_bytes(), b"a\xFFb");
    }

    #[test]
    fn bytes_of_the_host_return_to_the_guest_also_after_an_error() {
        let failed = || answer("read").status(Status::HTTPINCOMPLETE);
        let script = script::start([answer("read").bytes("abc"), failed(), failed()]);
        let mut host = HostBody::new().unwrap();
        host.write(b"rest", BodyWriteEnd::BACK).unwrap();
        let mut body = Body::from(host);
        assert_eq!(body.try_get_prefix_mut(10).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(*body.get_prefix_mut(3), b"abc");
        assert_eq!(body.try_get_prefix_mut(10).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(body.into_string(), "abcrest");
        script.finish();
    }
}
