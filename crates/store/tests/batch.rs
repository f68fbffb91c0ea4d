//! Batches: what holds however they are cut, and whatever is in them.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use bytes::Bytes;
use edgekv_store::batch::{Item, Piece, Splitter, max_item_bytes, parse, write_line};
use edgekv_store::{Entry, Generation, Key, Metadata, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// Everything that comes of a batch whose bytes arrive in pieces that end at these places.
fn split(batch: &[u8], limit: usize, cuts: &[prop::sample::Index]) -> Vec<Piece> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(batch.len() + 1)).collect();
    cuts.extend([0, batch.len()]);
    cuts.sort_unstable();
    let mut splitter = Splitter::new(limit);
    let mut pieces = Vec::new();
    for cut in cuts.windows(2) {
        splitter.push(&batch[cut[0]..cut[1]]);
        pieces.extend(std::iter::from_fn(|| splitter.next()));
    }
    pieces.extend(splitter.finish());
    pieces
}

/// Text that has much of what makes a difference.
fn something() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(&br#"{"key":"a","value":"YQ=="}"#[..]),
        1 => Just(&br#"{"key":"\u00e9","value":"","time_to_live_sec":1}"#[..]),
        4 => Just(&b"{"[..]),
        4 => Just(&b"}"[..]),
        4 => Just(&b"\""[..]),
        4 => Just(&b"\\"[..]),
        4 => Just(&b"\n"[..]),
        1 => Just(&b"\xef\xbb\xbf"[..]),
        1 => Just(&b" "[..]),
        1 => Just(&b"\r\n"[..]),
        1 => Just(&b"["[..]),
        1 => Just(&b",:x"[..]),
        1 => Just(&b"\xff\0"[..]),
    ];
    vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn entry() -> impl Strategy<Value = (String, Entry)> {
    let key = prop_oneof![
        "[a-z/%+ é键\u{1F600}\"\\\\\u{0}]{1,12}",
        "[^\r\n#;?\\^|]{1,20}".prop_filter("is a key", |text| Key::new(text).is_ok()),
    ];
    let bytes = || vec(any::<u8>(), 0..50);
    let text = || "\\PC{0,10}".prop_map(String::into_bytes);
    (key, bytes(), prop_oneof![bytes(), text()], proptest::option::of(1_u64..1 << 40)).prop_map(
        |(key, value, metadata, expires_at)| {
            let metadata = Metadata::new(metadata).unwrap();
            let generation = Generation::new(1).unwrap();
            let expires_at = expires_at.map(|seconds| Timestamp::from_micros(seconds * 1_000_000));
            (key, Entry::new(Bytes::from(value), metadata, generation, expires_at))
        },
    )
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_gives_the_same_pieces(
        batch in something(),
        limit in 0_usize..80,
        cuts in vec(any::<prop::sample::Index>(), 0..30),
    ) {
        prop_assert_eq!(split(&batch, limit, &cuts), split(&batch, limit, &[]));
    }

    #[test]
    fn pieces_come_in_order_and_their_ends_are_places_to_go_on_from(batch in something()) {
        let pieces = split(&batch, 80, &[]);
        let ends: Vec<_> = pieces.iter().map(|piece| piece.end).collect();
        prop_assert!(ends.is_sorted());
        for (place, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.text.is_ok()) {
            let rest = split(&batch[usize::try_from(piece.end).unwrap()..], 80, &[]);
            let texts = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>();
            // But for a byte order mark, which is only one at the start.
            if !batch.windows(3).any(|bytes| bytes == b"\xef\xbb\xbf") {
                prop_assert_eq!(texts(&rest), texts(&pieces[place + 1..]));
            }
        }
    }

    #[test]
    fn nothing_panics_whatever_an_item_is(text in something()) {
        if let Ok(Item { key, .. }) = parse(&text) {
            prop_assert!(Key::new(key.as_str()).is_ok());
        }
    }

    #[test]
    fn entries_that_are_written_are_read_back(
        entries in vec(entry(), 0..20),
        cuts in vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let mut batch = Vec::new();
        for (key, entry) in &entries {
            write_line(&mut batch, Key::new(key).unwrap(), entry, Timestamp::default());
        }
        let pieces = split(&batch, max_item_bytes(50), &cuts);
        prop_assert_eq!(pieces.len(), entries.len());
        for (piece, (key, entry)) in pieces.into_iter().zip(&entries) {
            let item = piece.item().unwrap();
            prop_assert_eq!(item.key.as_str(), key);
            prop_assert_eq!(&item.insert.value, entry.value());
            prop_assert_eq!(&item.insert.metadata, entry.metadata());
            let expires_at = item.insert.time_to_live.map(|ttl| Timestamp::default().saturating_add(ttl));
            prop_assert_eq!(expires_at, entry.expires_at());
        }
    }
}
