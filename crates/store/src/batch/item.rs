//! An item, from its JSON.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::field;
use super::problem::{Problem, ProblemKind};
use crate::insert::Insert;
use crate::key::{Key, KeyBuf};
use crate::metadata::Metadata;

/// Whoever leaves the padding out means the same bytes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A write, as a batch has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The key to write.
    pub key: KeyBuf,
    /// What to write: it replaces what is there, without a condition.
    pub insert: Insert,
}

/// Reads one item from its JSON, which is an object and nothing behind it but blanks.
///
/// The value is decoded once, into memory of its own; nothing else of the text is copied but the key and the metadata.
/// How large a value may be is not decided here, but when it is [written](crate::KvStore::insert).
///
/// # Errors
///
/// What is wrong, and the key if the item got that far.
///
/// ```
/// use edgekv_store::batch;
///
/// let item = batch::parse(br#"{"key": "greeting", "value": "aGVsbG8="}"#)?;
/// assert_eq!(item.key.as_str(), "greeting");
/// assert_eq!(item.insert.value, "hello");
///
/// let problem = batch::parse(br#"{"key": "greeting", "value": 7}"#).unwrap_err();
/// assert_eq!(problem.key(), Some("greeting"));
/// assert_eq!(problem.to_string(), r#"field "value" is a number; it has to be a string"#);
/// # Ok::<(), batch::Problem>(())
/// ```
pub fn parse(text: &[u8]) -> Result<Item, Problem> {
    // The parser's message would repeat what is there instead, however long it is.
    if text.trim_ascii_start().first().is_some_and(|byte| *byte != b'{') {
        return Err(Problem::new(ProblemKind::NotAnObject));
    }
    let mut fields = Fields::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = json.deserialize_map(FieldsVisitor(&mut fields)).and_then(|()| json.end());
    match read {
        Ok(()) => fields.item(),
        // What is wrong with a field comes first in the text.
        Err(error) => Err(fields.problem(ProblemKind::Syntax(error.to_string()))),
    }
}

/// The value of a field. What is not short has been borrowed, or is nobody's business.
#[derive(Debug, Default)]
enum Value<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    /// Text that had escapes, decoded as it was read, so that it was never there a second time.
    Decoded(Result<Bytes, ProblemKind>),
    Number(u64),
    Bool(bool),
    /// Something that no field is, by the name of its kind.
    Other(&'static str),
}

impl Value<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Null => "null",
            Self::Text(_) | Self::Decoded(_) => "a string",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Other(kind) => kind,
        }
    }
}

/// What an object has said so far.
#[derive(Debug, Default)]
struct Fields<'a> {
    key: Value<'a>,
    value: Value<'a>,
    metadata: Value<'a>,
    metadata_base64: Value<'a>,
    time_to_live: Value<'a>,
    background_fetch: Value<'a>,
    /// The first field that should not be there.
    wrong: Option<ProblemKind>,
}

impl<'a> Fields<'a> {
    fn named(&mut self, name: &str) -> Option<(&'static str, &mut Value<'a>)> {
        Some(match name {
            field::KEY => (field::KEY, &mut self.key),
            field::VALUE => (field::VALUE, &mut self.value),
            field::METADATA => (field::METADATA, &mut self.metadata),
            field::METADATA_BASE64 => (field::METADATA_BASE64, &mut self.metadata_base64),
            field::TIME_TO_LIVE => (field::TIME_TO_LIVE, &mut self.time_to_live),
            field::BACKGROUND_FETCH => (field::BACKGROUND_FETCH, &mut self.background_fetch),
            _ => return None,
        })
    }

    fn problem(self, kind: ProblemKind) -> Problem {
        let key = if let Value::Text(key) = &self.key { Some(&**key) } else { None };
        Problem::of(key, self.wrong.unwrap_or(kind))
    }

    fn item(mut self) -> Result<Item, Problem> {
        if let Some(wrong) = self.wrong.take() {
            return Err(self.problem(wrong));
        }
        let checked = self.check();
        checked.map_err(|kind| self.problem(kind))
    }

    fn check(&self) -> Result<Item, ProblemKind> {
        let key = text(field::KEY, &self.key)?.ok_or(ProblemKind::Missing(field::KEY))?;
        let key = Key::new(key)?.to_buf();
        let value = match &self.value {
            // For a value, unlike for metadata, nothing and empty are not the same.
            Value::Null => return Err(wrong_type(field::VALUE, "a string", &self.value)),
            Value::Decoded(decoded) => decoded.clone()?,
            value => {
                let text = text(field::VALUE, value)?.ok_or(ProblemKind::Missing(field::VALUE))?;
                decode(field::VALUE, text)?
            }
        };
        let metadata = match (
            text(field::METADATA, &self.metadata)?,
            text(field::METADATA_BASE64, &self.metadata_base64)?,
        ) {
            (None, None) => Metadata::NONE,
            (Some(text), None) => Metadata::copy_from(text.as_bytes())?,
            (None, Some(text)) => Metadata::new(decode(field::METADATA_BASE64, text)?)?,
            (Some(_), Some(_)) => return Err(ProblemKind::TwoMetadata),
        };
        let time_to_live = match &self.time_to_live {
            Value::Absent | Value::Null => None,
            Value::Number(seconds) => Some(Duration::from_secs(*seconds)),
            other => return Err(wrong_type(field::TIME_TO_LIVE, "a whole number of seconds", other)),
        };
        let background_fetch = match &self.background_fetch {
            Value::Absent | Value::Null => false,
            Value::Bool(is_on) => *is_on,
            other => return Err(wrong_type(field::BACKGROUND_FETCH, "true or false", other)),
        };
        let insert = Insert { metadata, time_to_live, background_fetch, ..Insert::new(value) };
        Ok(Item { key, insert })
    }
}

fn text<'v>(field: &'static str, value: &'v Value<'_>) -> Result<Option<&'v str>, ProblemKind> {
    match value {
        Value::Absent => Ok(None),
        // A key that is null is wrong and not absent; it says so as any other key that is no string.
        Value::Null if field != field::KEY => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        other => Err(wrong_type(field, "a string", other)),
    }
}

fn wrong_type(field: &'static str, expected: &'static str, value: &Value<'_>) -> ProblemKind {
    ProblemKind::WrongType { field, expected, found: value.kind() }
}

fn decode(field: &'static str, text: &str) -> Result<Bytes, ProblemKind> {
    BASE64.decode(text).map(Bytes::from).map_err(|_| ProblemKind::NotBase64(field))
}

struct FieldsVisitor<'f, 'a>(&'f mut Fields<'a>);

impl<'de> Visitor<'de> for FieldsVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            match self.0.named(&name) {
                Some((name, slot)) => {
                    let value = map.next_value_seed(ValueVisitor { of: name })?;
                    if matches!(slot, Value::Absent) {
                        *slot = value;
                    } else {
                        self.0.wrong.get_or_insert(ProblemKind::Twice(name));
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                    self.0.wrong.get_or_insert_with(|| ProblemKind::unknown(&name));
                }
            }
        }
        Ok(())
    }
}

/// The name of a field, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ValueVisitor { of: "" })? {
            Value::Text(name) => Ok(Self(name)),
            // JSON has no others.
            _ => Err(de::Error::custom("the name of a field is not a string")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Takes whatever comes: errors of the parser about types would repeat the value, however long it is.
struct ValueVisitor {
    of: &'static str,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        // Escapes in base64 are rare, but there are writers of JSON that escape every `/`.
        Ok(if self.of == field::VALUE {
            Value::Decoded(decode(field::VALUE, text))
        } else {
            Value::Text(Cow::Owned(text.to_owned()))
        })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other("a negative number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other("a number that is not whole, or too large"))
    }

    fn visit_bool<E>(self, is_true: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    // What is inside of these is skipped, however deep it is; the parser does that without recursion.

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Problem {
        parse(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn fields_are_taken_in_any_order_and_escaped_as_json_may() {
        let item = parse(
            br#" { "background_fetch": true, "time_to_live_sec": 60, "v\u0061lue": "\/w==",
                "metadata": "m\n", "key": "a\/\u00e9\ud83d\ude00" } "#,
        )
        .unwrap();
        assert_eq!(item.key.as_str(), "a/é😀");
        assert_eq!(item.insert.value, &b"\xff"[..]);
        assert_eq!(item.insert.metadata.as_bytes(), "m\n");
        assert_eq!(item.insert.time_to_live, Some(Duration::from_mins(1)));
        assert!(item.insert.background_fetch);
    }

    #[test]
    fn what_is_absent_or_null_is_none() {
        let plain = parse(br#"{"key":"k","value":""}"#).unwrap();
        assert_eq!(plain.insert, Insert::new(""));
        let nulls = br#"{"key":"k","value":"","metadata":null,"metadata_base64":null,"time_to_live_sec":null,"background_fetch":null}"#;
        assert_eq!(parse(nulls).unwrap(), plain);
    }

    #[test]
    fn a_value_with_escapes_is_decoded_where_it_is_and_is_wrong_as_any_other() {
        let large = format!(r#"{{"key":"k","value":"{}"}}"#, r"\/\/\/\/".repeat(1000));
        assert_eq!(parse(large.as_bytes()).unwrap().insert.value, vec![0xff; 3000]);
        for (value, code) in [(r"\/", "invalid_base64"), (r"d\u0067=?", "invalid_base64")] {
            let problem = problem(&format!(r#"{{"key":"k","value":"{value}"}}"#));
            assert_eq!((problem.kind().code(), problem.key()), (code, Some("k")), "{value}: {problem}");
        }
    }

    #[test]
    fn values_need_no_padding() {
        for value in ["dg==", "dg=", "dg"] {
            let text = format!(r#"{{"key":"k","value":"{value}"}}"#);
            assert_eq!(parse(text.as_bytes()).unwrap().insert.value, "v", "{value}");
        }
    }

    /// Each with its code, the key that it tells of, and a word of its message.
    #[test]
    fn what_is_wrong_is_said() {
        let many = "x".repeat(1025);
        let table = [
            (r#"{"value":""}"#, "invalid_field", None, "\"key\" is missing"),
            (r#"{"key":"k"}"#, "invalid_field", Some("k"), "\"value\" is missing"),
            (r#"{"key":null,"value":""}"#, "invalid_field", None, "is null"),
            (r#"{"key":"k","value":null}"#, "invalid_field", Some("k"), "is null"),
            (r#"{"key":7,"value":""}"#, "invalid_field", None, "\"key\" is a number"),
            (r#"{"key":["k"],"value":""}"#, "invalid_field", None, "an array"),
            (r#"{"key":{"k":1},"value":""}"#, "invalid_field", None, "an object"),
            (r#"{"key":"k","value":true}"#, "invalid_field", Some("k"), "a boolean"),
            (r#"{"key":"","value":""}"#, "invalid_key", Some(""), "empty"),
            (r#"{"key":"a?b","value":""}"#, "invalid_key", Some("a?b"), "'?'"),
            (r#"{"key":"k","value":"d"}"#, "invalid_base64", Some("k"), "\"value\""),
            (r#"{"key":"k","value":"d-_=","metadata":"m"}"#, "invalid_base64", Some("k"), "base64"),
            (r#"{"key":"k","value":"dg==\n"}"#, "invalid_base64", Some("k"), "base64"),
            (
                r#"{"key":"k","value":"","metadata_base64":"?"}"#,
                "invalid_base64",
                Some("k"),
                "metadata_base64",
            ),
            (
                r#"{"key":"k","value":"","metadata":7}"#,
                "invalid_field",
                Some("k"),
                "\"metadata\" is a number",
            ),
            (
                r#"{"key":"k","value":"","metadata":"a","metadata_base64":"YQ=="}"#,
                "invalid_metadata",
                Some("k"),
                "both",
            ),
            (r#"{"key":"k","value":"","time_to_live_sec":"60"}"#, "invalid_field", Some("k"), "whole number"),
            (r#"{"key":"k","value":"","time_to_live_sec":-1}"#, "invalid_field", Some("k"), "negative"),
            (r#"{"key":"k","value":"","time_to_live_sec":1.5}"#, "invalid_field", Some("k"), "not whole"),
            (r#"{"key":"k","value":"","time_to_live_sec":1e99}"#, "invalid_field", Some("k"), "too large"),
            (r#"{"key":"k","value":"","background_fetch":1}"#, "invalid_field", Some("k"), "true or false"),
            (r#"{"key":"k","value":"","ttl":1}"#, "invalid_field", Some("k"), "unknown field \"ttl\""),
            (r#"{"ttl":[{}],"key":"k"}"#, "invalid_field", Some("k"), "unknown field"),
            (r#"{"key":"k","key":"l","value":""}"#, "invalid_field", Some("k"), "\"key\" is there twice"),
            (r#"{"key":"k","value":""#, "invalid_json", Some("k"), "EOF"),
            (r#"{"key":"k","value":""} x"#, "invalid_json", Some("k"), "trailing"),
            (r#"{"key":"k" "value":""}"#, "invalid_json", Some("k"), "expected"),
            (r#"{'key':"k"}"#, "invalid_json", None, "string"),
            (r#"{"key":"\ud800","value":""}"#, "invalid_json", None, ""),
            ("", "invalid_json", None, "EOF"),
            ("[]", "invalid_json", None, ""),
            ("7", "invalid_json", None, ""),
        ];
        for (text, code, key, word) in table {
            let problem = problem(text);
            assert_eq!((problem.kind().code(), problem.key()), (code, key), "{text}: {problem}");
            assert!(problem.to_string().contains(word), "{text}: {problem}");
        }
        let long = format!(r#"{{"key":"{many}","value":""}}"#);
        assert!(matches!(problem(&long).kind(), ProblemKind::Key(_)));
        let metadata = format!(r#"{{"key":"k","value":"","metadata":"{}"}}"#, "m".repeat(2001));
        assert_eq!(problem(&metadata).kind().code(), "invalid_metadata");
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_wherever_they_are() {
        for text in [
            &b"{\"key\":\"a\xff\",\"value\":\"\"}"[..],
            b"{\"k\xffy\":\"a\",\"value\":\"\"}",
            b"{\"key\":\"a\",\"value\":\"\xff\"}",
            b"\xff",
        ] {
            assert_eq!(parse(text).unwrap_err().kind().code(), "invalid_json");
        }
    }

    #[test]
    fn messages_stay_short_whatever_is_in_the_item() {
        let long = "x".repeat(1_000_000);
        for text in [
            format!(r#"{{"key":"{long}","value":""}}"#),
            format!(r#"{{"key":"k","{long}":""}}"#),
            format!(r#"{{"key":"k","value":"","time_to_live_sec":"{long}"}}"#),
            format!(r#"{{"key":"k","value":"","metadata":"{long}"}}"#),
            format!(r#""{long}""#),
            long.clone(),
        ] {
            let problem = problem(&text);
            assert!(problem.to_string().len() < 300, "{problem}");
            assert!(problem.key().is_none_or(|key| key.len() <= 1024));
        }
    }

    #[test]
    fn deep_nesting_is_an_answer_and_not_a_stack_overflow() {
        for open in ["[", r#"{"a":"#] {
            let deep = open.repeat(1_000_000);
            for text in
                [format!(r#"{{"key":"k","value":{deep}"#), format!(r#"{{"key":"k","other":{deep}"#), deep]
            {
                problem(&text);
            }
        }
    }
}
