//! Blocks of memory that hosts read and write, by their addresses.
#![allow(unsafe_code, reason = "hosts are given addresses, and what they wrote is behind them")]

use core::cell::{OnceCell, RefCell};
use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

/// What is in an out-variable that nobody has written to.
pub(crate) const UNTOUCHED: u32 = 0xabab_abab;

/// Why a case that needs a page at the end of memory has not looked.
pub(crate) const NO_PAGE: &str = "memory cannot grow";

/// Bytes of a page of memory.
const PAGE: u32 = 65_536;

/// Bytes of the block that all reads share.
pub(crate) const READ: u32 = 65_536;

thread_local! {
    /// The blocks of the case that runs. They are vectors of vectors, as those may be moved without their addresses.
    static BLOCKS: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
    /// The address of the block that all reads share, which is never freed.
    static READS: OnceCell<u32> = const { OnceCell::new() };
}

/// Zeros for so many bytes, aligned to 8.
fn zeros(bytes: u32) -> Vec<u64> {
    vec![0; bytes.div_ceil(8).max(1) as usize]
}

/// A block of zeros, aligned to 8. It is there until the case ends, whatever else the case allocates.
pub(crate) fn block(bytes: u32) -> u32 {
    let mut words = zeros(bytes);
    let at = address(words.as_mut_ptr().expose_provenance());
    BLOCKS.with_borrow_mut(|blocks| blocks.push(words));
    at
}

/// A block of [`READ`] bytes, always the same: a case may read hundreds of bodies, and guests have little memory.
pub(crate) fn read_buffer() -> u32 {
    let leaked = || address(zeros(READ).leak().as_mut_ptr().expose_provenance());
    READS.with(|at| *at.get_or_init(leaked))
}

/// A case has ended: frees its blocks.
pub(crate) fn free_blocks() {
    BLOCKS.take();
}

/// A block with these bytes: its address and their number.
pub(crate) fn put(bytes: &[u8]) -> (u32, u32) {
    let length = address(bytes.len());
    let at = block(length);
    write(at, bytes);
    (at, length)
}

/// A block with these numbers: its address and their count.
pub(crate) fn put_numbers(numbers: &[u32]) -> (u32, u32) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    (put(&bytes).0, address(numbers.len()))
}

/// A variable of 8 bytes, untouched.
pub(crate) fn out() -> u32 {
    put(&[0xab; 8]).0
}

/// Addresses are 32 bits wide where this program runs.
fn address(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Writes bytes into a block.
pub(crate) fn write(at: u32, bytes: &[u8]) {
    for (offset, byte) in bytes.iter().enumerate() {
        // SAFETY: callers name a block with room for the bytes, or a page of `last_page`.
        unsafe { with_exposed_provenance_mut::<u8>(at as usize + offset).write_volatile(*byte) };
    }
}

/// Bytes of a block.
pub(crate) fn bytes(at: u32, length: u32) -> Vec<u8> {
    let byte = |offset: u32| {
        // SAFETY: callers name a block with so many bytes, or a page of `last_page`.
        unsafe { with_exposed_provenance::<u8>(at as usize + offset as usize).read_volatile() }
    };
    (0..length).map(byte).collect()
}

/// A variable of 4 bytes.
pub(crate) fn number(at: u32) -> u32 {
    bytes(at, 4).iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// A variable of 8 bytes.
pub(crate) fn wide(at: u32) -> u64 {
    bytes(at, 8).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The first address that is not in memory, as of now: an allocation may move it.
#[cfg(target_family = "wasm")]
pub(crate) fn end() -> u32 {
    address(core::arch::wasm32::memory_size(0)).saturating_mul(PAGE)
}

/// There is no such address outside of wasm, where this program does not run.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn end() -> u32 {
    u32::MAX - PAGE
}

/// The last page of memory, which is new, and nobody else's: its address and that behind it. `None` when memory cannot grow.
#[cfg(target_family = "wasm")]
pub(crate) fn last_page() -> Option<(u32, u32)> {
    let before = core::arch::wasm32::memory_grow(0, 1);
    (before != usize::MAX).then(|| (end() - PAGE, end()))
}

/// There are no pages outside of wasm, where this program does not run.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn last_page() -> Option<(u32, u32)> {
    None
}
