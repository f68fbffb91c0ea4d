//! A module without its start function, which is a function that it exports instead.

use std::collections::HashSet;

use wasm_encoder::{Encode, Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::ComponentizeError;

/// What the start function is exported as, with more at its end where the module has that already.
const NAME: &str = "edgekv-start";

/// Takes the start function out of a module, and exports it: the module, and the name.
///
/// An instance of a program is there before the adapter is, so what runs while it is made could call nothing. Its code stays as it is.
pub(crate) fn exported(module: &[u8], start: u32) -> Result<(Vec<u8>, String), ComponentizeError> {
    let mut made = Module::new();
    let mut name = NAME.to_owned();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::StartSection { .. } => {}
            Payload::ExportSection(section) => {
                let exports = section.clone().into_iter().map(|export| export.map(|export| export.name));
                let names: HashSet<_> = exports.collect::<Result<_, _>>()?;
                while names.contains(name.as_str()) {
                    name.push('-');
                }
                let mut data = Vec::new();
                section.count().saturating_add(1).encode(&mut data);
                let entries = bytes(module, section.original_position()..section.range().end);
                data.extend_from_slice(entries);
                name.as_str().encode(&mut data);
                const FUNCTION: u8 = 0;
                data.push(FUNCTION);
                start.encode(&mut data);
                const EXPORTS: u8 = 7;
                made.section(&RawSection { id: EXPORTS, data: &data });
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    made.section(&RawSection { id, data: bytes(module, range) });
                }
            }
        }
    }
    Ok((made.finish(), name))
}

fn bytes(module: &[u8], range: std::ops::Range<u64>) -> &[u8] {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    module.get(place(range.start)..place(range.end)).unwrap_or_default()
}
