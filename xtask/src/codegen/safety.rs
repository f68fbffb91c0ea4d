//! The `# Safety` section of a host call: which pointers must be valid, for how much, and when.
//!
//! Besides the parameters themselves there are two conventions of the ABI to follow, both about a parameter `config`
//! that points to a record `r` and is preceded by a mask whose bits are those of the flags `r_options`: a pointer in the
//! record counts only when the bit of the same name is set, and a bit that names a field of the record `r_v2` says that
//! the pointer is one to that longer record. A pointer may be null where the docs of the function say so, in the words that
//! [`may_be_null`] looks for.

use super::model::{Abi, Func, Number, Param, Record, Ty, TypeKind};
use super::rust::{camel, screaming, ty};

/// Renders the section: one line for each rule.
pub(super) fn section(abi: &Abi, func: &Func) -> String {
    let mut rules = Vec::new();
    for (at, param) in func.params.iter().enumerate() {
        let Ty::Pointer { mutable, to } = &param.ty else { continue };
        let access = if *mutable { "writes" } else { "reads" };
        let length = func.params.get(at + 1).filter(|next| is_length_of(next, param));
        let amount = match (length, &**to) {
            (Some(length), of) => format!("`{}` {}", length.name, items(of)),
            // An address, or the MD5 of something: told shorter, but never longer.
            (None, _) if param.name.ends_with("octets_out") => "16 bytes".to_owned(),
            (None, of) => format!("one `{}`", ty(of)),
        };
        let must = if may_be_null(func, param) { "may be null, or must" } else { "must" };
        rules.push(format!("`{}` {must} be valid for {access} of {amount}.", param.name));
        if let Ty::Named(name) = &**to
            && let Some(TypeKind::Record(record)) = abi.kind(name)
        {
            let mask = format!("{}_mask", param.name);
            let mask = func.params.iter().find(|other| other.name == mask).map(|mask| mask.name.as_str());
            rules.extend(longer(abi, name, record, param, mask, access));
            rules.extend(inside(abi, name, record, param, mask));
        }
    }
    let rules = match rules.as_slice() {
        [] => "None: the call touches no memory of the guest.".to_owned(),
        [rule] => rule.clone(),
        rules => rules.iter().map(|rule| format!("- {rule}\n")).collect(),
    };
    format!("\n# Safety\n\n{rules}")
}

/// Whether the docs of the function say that this pointer may be null.
fn may_be_null(func: &Func, param: &Param) -> bool {
    // A sentence may go over the end of a line.
    let docs = func.docs.split_whitespace().collect::<Vec<_>>().join(" ");
    docs.contains("Either pointer may be null.") || docs.contains(&format!("`{}` may be null", param.name))
}

/// When the record behind the pointer is the longer one.
fn longer(
    abi: &Abi,
    name: &str,
    record: &Record,
    param: &Param,
    mask: Option<&str>,
    access: &str,
) -> Vec<String> {
    let successor = format!("{name}_v2");
    let (Some(mask), Some(TypeKind::Record(next))) = (mask, abi.kind(&successor)) else { return Vec::new() };
    let is_new = |bit: &str| {
        let has = |record: &Record| record.fields.iter().any(|field| field.name == bit);
        has(next) && !has(record)
    };
    bits(abi, name)
        .filter(|bit| is_new(bit))
        .map(|bit| {
            format!(
                "When `{}` is set in `{mask}`, `{}` must be valid for {access} of one `{}` ({} bytes).",
                screaming(bit),
                param.name,
                camel(&successor),
                next.size,
            )
        })
        .collect()
}

/// The pointers that the record holds.
fn inside(abi: &Abi, name: &str, record: &Record, param: &Param, mask: Option<&str>) -> Vec<String> {
    let mut rules = Vec::new();
    for (at, field) in record.fields.iter().enumerate() {
        let Ty::Pointer { mutable, to } = &field.ty else { continue };
        let access = if *mutable { "writes" } else { "reads" };
        let length = format!("{}_len", field.name);
        let amount = match record.fields.get(at + 1).filter(|next| next.name == length) {
            Some(length) => format!("`{}.{}` {}", param.name, length.name, items(to)),
            None => format!("one `{}`", ty(to)),
        };
        let pointer = format!("`{}.{}`", param.name, field.name);
        let bit = bits(abi, name).find(|bit| *bit == field.name);
        rules.push(match (bit, mask) {
            (Some(bit), Some(mask)) => format!(
                "When `{}` is set in `{mask}`, {pointer} must be valid for {access} of {amount}.",
                screaming(bit)
            ),
            _ => format!("{pointer} must be valid for {access} of {amount}."),
        });
    }
    rules
}

/// The names of the bits that say which fields of a record are meant.
fn bits<'a>(abi: &'a Abi, record: &str) -> impl Iterator<Item = &'a str> {
    let bits = match abi.kind(&format!("{record}_options")) {
        Some(TypeKind::Flags { bits, .. }) => bits.as_slice(),
        _ => &[],
    };
    bits.iter().map(|bit| bit.name.as_str())
}

fn items(of: &Ty) -> String {
    match of {
        Ty::Number(Number::Char8 | Number::U8) => "bytes".to_owned(),
        of => format!("values of `{}`", ty(of)),
    }
}

fn is_length_of(length: &Param, pointer: &Param) -> bool {
    length.ty == Ty::Number(Number::Usize) && length.name == format!("{}_len", pointer.name)
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    fn rules(func: &str) -> Vec<String> {
        documented_rules("", func)
    }

    fn documented_rules(docs: &str, func: &str) -> Vec<String> {
        let document = witx::parse(&format!(
            "(typename $status (enum (@witx tag u32) $ok))
            (typename $options (record
                (field $always (@witx const_pointer u8)) (field $always_len (@witx usize))
                (field $note (@witx const_pointer (@witx char8))) (field $note_len (@witx usize))
                (field $at (@witx pointer u64))))
            (typename $options_options (flags (@witx repr u32) $reserved $note $at))
            (typename $short (record (field $reserved u32)))
            (typename $short_v2 (record (field $reserved u32) (field $generation u64)))
            (typename $short_options (flags (@witx repr u32) $reserved $generation))
            (module $m {docs} (@interface func (export \"f\") {func} (result $err (expected (error $status)))))"
        ))
        .unwrap();
        let abi = load::lower(&document).unwrap();
        let section = section(&abi, &abi.modules[0].funcs[0]);
        section.lines().skip(3).map(|line| line.trim_start_matches("- ").to_owned()).collect()
    }

    #[test]
    fn a_pointer_in_a_record_counts_when_its_bit_is_set() {
        let rules = rules("(param $config_mask u32) (param $config (@witx const_pointer $options))");
        assert_eq!(
            rules,
            [
                "`config` must be valid for reads of one `Options`.",
                "`config.always` must be valid for reads of `config.always_len` bytes.",
                "When `NOTE` is set in `config_mask`, `config.note` must be valid for reads of `config.note_len` bytes.",
                "When `AT` is set in `config_mask`, `config.at` must be valid for writes of one `u64`.",
            ]
        );
    }

    #[test]
    fn a_bit_can_say_that_the_record_is_longer() {
        let rules = rules("(param $config_mask u32) (param $config (@witx const_pointer $short))");
        assert_eq!(
            rules[1..],
            [
                "When `GENERATION` is set in `config_mask`, `config` must be valid for reads of one `ShortV2` (16 bytes)."
            ]
        );
    }

    #[test]
    fn without_a_mask_every_pointer_counts() {
        let rules = rules("(param $config (@witx const_pointer $options))");
        assert_eq!(rules.len(), 4);
        assert!(rules.iter().all(|rule| !rule.contains("When")), "{rules:?}");
    }

    #[test]
    fn a_pointer_may_be_null_where_the_docs_say_so() {
        let both = "(param $a (@witx pointer u32)) (param $b (@witx pointer u32))";
        let null = |name| format!("`{name}` may be null, or must be valid for writes of one `u32`.");
        let valid = |name| format!("`{name}` must be valid for writes of one `u32`.");
        let rules = |docs| documented_rules(docs, both);
        assert_eq!(rules(";;; Asks.\n"), [valid("a"), valid("b")]);
        assert_eq!(rules(";;; Asks. Either pointer may\n;;; be null.\n"), [null("a"), null("b")]);
        assert_eq!(rules(";;; Asks; `b` may be null.\n"), [valid("a"), null("b")]);
    }

    #[test]
    fn a_call_without_pointers_has_no_rule() {
        assert_eq!(rules("(param $a u32)"), ["None: the call touches no memory of the guest."]);
    }
}
