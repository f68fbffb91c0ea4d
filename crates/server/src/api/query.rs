//! What the query of a URL may say.

use std::num::NonZeroU32;

use axum::extract::Query;
use edgekv_store::ListMode;
use http::Uri;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use utoipa::IntoParams;

use super::problem::Problem;
use super::target::{BadText, check_escapes};

/// Reads a query. Each parameter is there once at most, and one that is not known is a mistake.
pub(crate) fn read<T: DeserializeOwned + Default>(uri: &Uri) -> Result<T, Problem> {
    let Some(query) = uri.query().filter(|query| !query.is_empty()) else { return Ok(T::default()) };
    check_escapes(query).map_err(|bad| bad.problem("query"))?;
    percent_decode_str(query).decode_utf8().map_err(|_| BadText::NotUtf8.problem("query"))?;
    match Query::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(rejection) => {
            Err(Problem::bad_request(format!("the query is not understood: {}", cause(&rejection))))
        }
    }
}

/// The innermost reason: those around it only say that there is one.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

/// What a list of keys may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `strong` (the default): every write that has been acknowledged is seen. `eventual`: the list may lag behind.
    #[param(inline)]
    pub(crate) consistency: Option<Consistency>,
    /// Most keys on the page. Default, and most: 1,000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<u32>, minimum = 1)]
    pub(crate) limit: Option<NonZeroU32>,
    /// `meta.next_cursor` of the page before; prefix and store have to be the same.
    pub(crate) cursor: Option<String>,
    /// Only keys that begin so.
    pub(crate) prefix: Option<String>,
}

/// How fresh a list has to be.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Consistency {
    Strong,
    Eventual,
}

impl From<Consistency> for ListMode {
    fn from(consistency: Consistency) -> Self {
        match consistency {
            Consistency::Strong => Self::Strong,
            Consistency::Eventual => Self::Eventual,
        }
    }
}

/// What an export may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Where to go on: a cursor of a list of keys with the same prefix.
    pub(crate) cursor: Option<String>,
    /// Only items whose keys begin so.
    pub(crate) prefix: Option<String>,
}

/// What a write may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct WriteQuery {
    /// The write fails with 412 when the key is there. Not together with `append` or `prepend`.
    #[serde(deserialize_with = "flag")]
    #[param(required = false)]
    pub(crate) add: bool,
    /// The body is put after the value that is there. Not together with `add` or `prepend`.
    #[serde(deserialize_with = "flag")]
    #[param(required = false)]
    pub(crate) append: bool,
    /// The body is put before the value that is there. Not together with `add` or `append`.
    #[serde(deserialize_with = "flag")]
    #[param(required = false)]
    pub(crate) prepend: bool,
    /// Caches may go on serving the old value until they have the new one.
    #[serde(deserialize_with = "flag")]
    #[param(required = false)]
    pub(crate) background_fetch: bool,
}

/// What a delete may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// That there is nothing to delete is a success.
    #[serde(deserialize_with = "flag")]
    #[param(required = false)]
    pub(crate) force: bool,
}

/// What a list of stores may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StoresQuery {
    /// `meta.next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Most stores on the page. Default, and most: 1,000.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<u32>, minimum = 1)]
    pub(crate) limit: Option<NonZeroU32>,
    /// Only the store of this name.
    pub(crate) name: Option<String>,
}

/// What making a store may be asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CreateQuery {
    /// Where the platform is to keep the store. This server keeps it where it is.
    #[expect(dead_code, reason = "only checked")]
    #[param(inline)]
    pub(crate) location: Option<Location>,
}

/// Where the platform keeps stores.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Location {
    Us,
    Eu,
    Asia,
    Aus,
}

/// Routes whose queries say nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

/// A flag is set by being there, and by `true` or `1`; Python writes `True`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if text.is_empty() || is("true") || is("1") {
        Ok(true)
    } else if is("false") || is("0") {
        Ok(false)
    } else {
        Err(D::Error::custom(format!("{text:?} is neither true nor false")))
    }
}

/// A number of at least 1.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    // More than fits is cut to the limit like everything above it.
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().unwrap_or(u32::MAX)).and_then(NonZeroU32::new);
    number.map(Some).ok_or_else(|| D::Error::custom(format!("{text:?} is not a number of at least 1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(query: &str) -> Result<ListQuery, String> {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        read(&uri).map_err(|problem: Problem| problem.detail.into_owned())
    }

    #[test]
    fn parameters_are_decoded_as_forms_write_them() {
        let query = list("prefix=a%2Fb+c%2B&limit=7&consistency=eventual").unwrap();
        assert_eq!(query.prefix.as_deref(), Some("a/b c+"));
        assert_eq!(query.limit, NonZeroU32::new(7));
        assert_eq!(query.consistency.map(ListMode::from), Some(ListMode::Eventual));
        assert_eq!(list("limit=99999999999").unwrap().limit, NonZeroU32::new(u32::MAX));
        assert!(list("").unwrap().prefix.is_none());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (query, word) in [
            ("limit=0", "\"0\""),
            ("limit=-1", "\"-1\""),
            ("limit=", "\"\""),
            ("consistency=weak", "weak"),
            ("colour=red", "colour"),
            ("prefix=a&prefix=b", "prefix"),
            ("prefix=%zz", "%"),
            ("prefix=%ff", "UTF-8"),
        ] {
            let detail = list(query).unwrap_err();
            assert!(detail.contains(word), "{query}: {detail}");
        }
    }

    #[test]
    fn flags_are_set_by_being_there() {
        let add = |query: &str| {
            let uri: Uri = format!("/?{query}").parse().unwrap();
            read::<WriteQuery>(&uri).map(|query| query.add).ok()
        };
        for (query, expected) in [
            ("add", Some(true)),
            ("add=true", Some(true)),
            ("add=1", Some(true)),
            ("add=True", Some(true)),
            ("add=false", Some(false)),
            ("add=x", None),
            ("", Some(false)),
        ] {
            assert_eq!(add(query), expected, "{query:?}");
        }
    }
}
