//! Who may use the API.

use http::header::{AUTHORIZATION, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, request};

use super::problem::Problem;
use super::token::Token;

/// The header that clients of the platform show their token in.
const FASTLY_KEY: &str = "fastly-key";

/// Paths that are open to everybody: they say nothing about stores, and are asked for by those who have no token (yet).
pub(crate) fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/realms/fastly/.well-known/openid-configuration")
}

/// Whether a request may be answered. The URL of `head` is absolute.
pub(crate) fn check(token: Option<&Token>, head: &request::Parts) -> Result<(), Problem> {
    match token {
        Some(token) => match shown(&head.headers) {
            Some(shown) if token.is(shown) => Ok(()),
            Some(_) => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "the token is not that of this server; it was given by --api-token-file or EDGEKV_API_TOKEN",
            )),
            None => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "a token is needed: send \"Fastly-Key: TOKEN\" or \"Authorization: Bearer TOKEN\"",
            )),
        },
        None => check_local(head),
    }
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get(FASTLY_KEY) {
        return Some(key.as_bytes());
    }
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Without a token, whoever reaches the server may do everything, and only programs of this machine should reach it. A web
/// page is none of them, although a browser that shows it is: so a request that a page makes is refused, and one whose host
/// is a name that somebody else may have pointed to this machine.
fn check_local(head: &request::Parts) -> Result<(), Problem> {
    let host = head.uri.authority().map_or("", Authority::host);
    let is_address = || {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.parse::<std::net::IpAddr>().is_ok()
    };
    if !is_local_name(host) && !is_address() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "without a token, the host of the URL has to be localhost or an IP address; set a token to use names",
        ));
    }
    let is_foreign = |origin: &[u8]| {
        let authority = head.uri.authority().map_or("", Authority::as_str);
        origin.strip_prefix(b"http://") != Some(authority.as_bytes())
    };
    if head.headers.get(ORIGIN).is_some_and(|origin| is_foreign(origin.as_bytes())) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "without a token, requests of web pages are refused; set a token, and let the page send it",
        ));
    }
    Ok(())
}

fn is_local_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn head(uri: &str, headers: &[(&str, &str)]) -> request::Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(token: Option<&Token>, head: &request::Parts) -> Option<u16> {
        check(token, head).err().map(|problem| problem.status.as_u16())
    }

    #[test]
    fn a_token_is_shown_in_one_of_two_headers() {
        let token = Token::new("secret").unwrap();
        let table: [(Pairs, Option<u16>); 8] = [
            (&[("Fastly-Key", "secret")], None),
            (&[("Authorization", "Bearer secret")], None),
            (&[("Authorization", "bearer  secret ")], None),
            (&[], Some(401)),
            (&[("Fastly-Key", "other")], Some(401)),
            (&[("Authorization", "secret")], Some(401)),
            (&[("Authorization", "Basic secret")], Some(401)),
            (&[("Fastly-Key", "other"), ("Authorization", "Bearer secret")], Some(401)),
        ];
        for (headers, expected) in table {
            assert_eq!(status(Some(&token), &head("http://any.example/", headers)), expected, "{headers:?}");
        }
    }

    #[test]
    fn without_a_token_only_programs_of_this_machine_are_served() {
        for host in
            ["localhost", "LOCALHOST:80", "kv.localhost", "localhost.", "127.0.0.1:7677", "[::1]:7677"]
        {
            assert_eq!(status(None, &head(&format!("http://{host}/"), &[])), None, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example"] {
            assert_eq!(status(None, &head(&format!("http://{host}/"), &[])), Some(403), "{host}");
        }
        let origin = |origin: &str| status(None, &head("http://localhost:7677/", &[("Origin", origin)]));
        assert_eq!(origin("http://localhost:7677"), None);
        for other in ["http://evil.example", "https://localhost:7677", "http://localhost:8000", "null"] {
            assert_eq!(origin(other), Some(403), "{other}");
        }
    }
}
