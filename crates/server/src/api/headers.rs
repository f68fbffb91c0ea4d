//! What the headers of a write say.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgekv_store::{GenerationMatch, Metadata};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use super::conditional::generation_of;
use super::problem::Problem;

/// The generation that an entry must have; 0 is none.
pub(crate) const IF_GENERATION_MATCH: &str = "if-generation-match";
/// The lifetime of an entry, in seconds.
pub(crate) const TIME_TO_LIVE: &str = "time_to_live_sec";
/// Metadata, as they are.
pub(crate) const METADATA: &str = "metadata";
/// Metadata that do not fit in a header as they are.
pub(crate) const METADATA_BASE64: &str = "metadata-base64";

/// The header of this name; more than one are a mistake, as it is not said which one counts.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("the header \"{name}\" is there more than once")));
    }
    Ok(value)
}

/// A decimal number.
fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = single(headers, name)? else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Problem::bad_request(format!(
            "the header \"{name}\" is not a decimal number below 2^64, but {:?}",
            String::from_utf8_lossy(value.as_bytes())
        ))),
    }
}

/// How long an entry is to live.
pub(crate) fn time_to_live(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    Ok(number(headers, TIME_TO_LIVE)?.map(Duration::from_secs))
}

/// The metadata of a write.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<Metadata, Problem> {
    let metadata = match (single(headers, METADATA)?, single(headers, METADATA_BASE64)?) {
        (None, None) => return Ok(Metadata::NONE),
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request(
                "metadata are given twice, by \"metadata\" and \"metadata-base64\"; send one of them",
            ));
        }
        (Some(plain), None) => Metadata::copy_from(plain.as_bytes()),
        (None, Some(encoded)) => {
            let bytes = STANDARD.decode(encoded.as_bytes()).map_err(|error| {
                Problem::bad_request(format!("the header \"metadata-base64\" is not base64: {error}"))
            })?;
            Metadata::new(bytes)
        }
    };
    metadata.map_err(|error| Problem::bad_request(error.to_string()))
}

/// The state that the entry of a write must be in: by the header of the platform, or by those of HTTP.
pub(crate) fn condition(headers: &HeaderMap) -> Result<Option<GenerationMatch>, Problem> {
    if headers.contains_key(IF_UNMODIFIED_SINCE) {
        return Err(Problem::bad_request(
            "a date is no condition of a write, as several may be of one second; send \"if-match\" with the \"etag\"",
        ));
    }
    let generation = number(headers, IF_GENERATION_MATCH)?.map(GenerationMatch::from_number);
    let tag = match single(headers, IF_MATCH.as_str())? {
        Some(tag) => {
            Some(GenerationMatch::Is(generation_of(tag.as_bytes().trim_ascii()).ok_or_else(|| {
                Problem::bad_request("for a write, \"if-match\" has to be one entity tag, as \"etag\" has it")
            })?))
        }
        None => None,
    };
    let absent = match single(headers, IF_NONE_MATCH.as_str())? {
        Some(value) if value == "*" => Some(GenerationMatch::Absent),
        Some(_) => return Err(Problem::bad_request("for a write, \"if-none-match\" can only be \"*\"")),
        None => None,
    };
    let mut conditions = [generation, tag, absent].into_iter().flatten();
    let condition = conditions.next();
    if conditions.next().is_some() {
        return Err(Problem::bad_request(
            "\"if-generation-match\", \"if-match\" and \"if-none-match\" exclude each other; send one of them",
        ));
    }
    Ok(condition)
}

/// Refuses what would be a part of a value: it would take the place of the whole.
pub(crate) fn check_whole(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Problem::bad_request(
            "a part cannot be written (\"content-range\"); send the whole, or use append or prepend",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| -> (HeaderName, HeaderValue) {
            (name.parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn a_condition_is_worded_in_three_ways_of_which_one_counts() {
        let seven = GenerationMatch::from_number(7);
        let table: [(Pairs, Option<Option<GenerationMatch>>); 14] = [
            (&[], Some(None)),
            (&[("if-generation-match", "7")], Some(Some(seven))),
            (&[("if-generation-match", "0")], Some(Some(GenerationMatch::Absent))),
            (&[("if-match", "\"7\"")], Some(Some(seven))),
            (&[("if-none-match", "*")], Some(Some(GenerationMatch::Absent))),
            (&[("if-match", "W/\"7\"")], None),
            (&[("if-match", "*")], None),
            (&[("if-match", "\"007\"")], None),
            (&[("if-unmodified-since", "Mon, 23 Jun 2025 19:41:16 GMT")], None),
            (&[("if-none-match", "\"7\"")], None),
            (&[("if-generation-match", "-7")], None),
            (&[("if-generation-match", "")], None),
            (&[("if-generation-match", "7"), ("if-generation-match", "8")], None),
            (&[("if-generation-match", "7"), ("if-match", "\"7\"")], None),
        ];
        for (pairs, expected) in table {
            assert_eq!(condition(&headers(pairs)).ok(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn metadata_come_as_they_are_or_in_base64() {
        let read = |pairs: &[(&str, &str)]| {
            metadata(&headers(pairs)).ok().map(|metadata| metadata.as_bytes().to_vec())
        };
        assert_eq!(read(&[]), Some(Vec::new()));
        assert_eq!(read(&[("metadata", "é=1")]), Some("é=1".as_bytes().to_vec()));
        assert_eq!(read(&[("metadata-base64", "AA0K")]), Some(vec![0, 13, 10]));
        assert_eq!(read(&[("metadata-base64", "AA0")]), None);
        assert_eq!(read(&[("metadata", "a"), ("metadata-base64", "AA0K")]), None);
        assert_eq!(read(&[("metadata", &"m".repeat(2001))]), None);
    }
}
