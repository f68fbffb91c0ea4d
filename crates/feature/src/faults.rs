//! What a feature may hold and do that others must not see or suffer from: for tests of isolation, and in no feature otherwise.

use std::hint::black_box;
use std::sync::OnceLock;

/// Length of the secret, in bytes.
pub const SECRET_BYTES: usize = 64;

/// A byte of the secret. Told as a rule, so that who looks for it need not have it in memory.
///
/// ```
/// assert_eq!([0, 1, 2, 63].map(edgekv_feature::faults::secret_byte), [91, 128, 179, 68]);
/// ```
#[must_use]
pub const fn secret_byte(at: usize) -> u8 {
    let [lowest, ..] =
        at.wrapping_mul(at).wrapping_mul(7).wrapping_add(at.wrapping_mul(30)).wrapping_add(91).to_le_bytes();
    lowest
}

static SECRET: OnceLock<Box<[u8]>> = OnceLock::new();

/// Puts the secret into memory, to stay there.
pub(crate) fn keep_secret() {
    let secret = SECRET.get_or_init(|| (0..black_box(SECRET_BYTES)).map(secret_byte).collect());
    black_box(&**secret);
}

/// Fails in the way that a key asks for. Not inlined, so that a backtrace names it.
#[inline(never)]
pub(crate) fn fail_on(key: &[u8]) {
    match key {
        b"panic!" => panic!("a panic that a test wants"),
        b"allocate!" => loop {
            // For ever, all of it in use.
            black_box(Box::leak(vec![1_u8; 1024 * 1024].into_boxed_slice()));
        },
        b"loop!" => loop {
            black_box(());
        },
        _ => {}
    }
}
