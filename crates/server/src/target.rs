//! The target of a request: which URL it means, and whether its head can be believed.
//!
//! Two parties that read the same head in two ways are how requests are smuggled; so what can be read in two ways is
//! refused here, once, before an application sees it.

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Uri, Version, request};

/// Why a request is not given to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadTarget {
    /// Tunnels are not offered.
    Connect,
    NoHost,
    SeveralHosts,
    Host,
    Scheme,
}

impl BadTarget {
    pub(crate) const fn explanation(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT is not supported",
            Self::NoHost => "the request has no Host header",
            Self::SeveralHosts => "the request has more than one Host header",
            Self::Host => "the Host header is not a host name with an optional port",
            Self::Scheme => "the request target is not an http URL",
        }
    }
}

/// Makes the URI of a request absolute, and the Host header agree with it.
///
/// `server` is what a client has connected to, for HTTP/1.0 requests that do not say.
pub(crate) fn make_absolute(
    head: &mut request::Parts,
    server: impl FnOnce() -> String,
) -> Result<(), BadTarget> {
    if head.method == Method::CONNECT {
        return Err(BadTarget::Connect);
    }
    if head.uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS) {
        return Err(BadTarget::Scheme);
    }
    let named = host_header(&head.headers)?;
    // What the target says counts; the header is for targets that say nothing (RFC 9112, section 3.2.2).
    let authority = match head.uri.authority() {
        Some(authority) => checked(authority.clone())?,
        None => match named {
            Some(host) => {
                let host = Authority::try_from(host.as_bytes()).map_err(|_| BadTarget::Host)?;
                checked(host)?
            }
            None if head.version >= Version::HTTP_11 => return Err(BadTarget::NoHost),
            None => Authority::try_from(server()).map_err(|_| BadTarget::Host)?,
        },
    };
    if named.is_none_or(|host| host.as_bytes() != authority.as_str().as_bytes()) {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| BadTarget::Host)?;
        head.headers.insert(HOST, host);
    }
    let mut uri = std::mem::take(&mut head.uri).into_parts();
    // No TLS is spoken here; whoever does that in front of the server is not believed without being asked to.
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(authority);
    if uri.path_and_query.as_ref().is_none_or(|path| path == "*") {
        // `OPTIONS *` is about the server, whose URL has no path.
        uri.path_and_query = Some(PathAndQuery::from_static("/"));
    }
    head.uri = Uri::from_parts(uri).map_err(|_| BadTarget::Host)?;
    Ok(())
}

fn host_header(headers: &HeaderMap) -> Result<Option<&HeaderValue>, BadTarget> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() { Err(BadTarget::SeveralHosts) } else { Ok(host) }
}

/// A host and perhaps a port, and nothing else: no user, no password.
fn checked(authority: Authority) -> Result<Authority, BadTarget> {
    let is_plain = !authority.host().is_empty() && !authority.as_str().contains('@');
    let port_is_valid = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok(),
        _ => true,
    };
    if is_plain && port_is_valid { Ok(authority) } else { Err(BadTarget::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absolute(uri: &str, hosts: &[&str], version: Version) -> Result<(String, String), BadTarget> {
        let mut request = http::Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        make_absolute(&mut head, || "127.0.0.1:80".into())?;
        Ok((head.uri.to_string(), head.headers[HOST].to_str().unwrap().to_owned()))
    }

    fn ok(uri: &str, host: &str) -> Result<(String, String), BadTarget> {
        Ok((uri.to_owned(), host.to_owned()))
    }

    #[test]
    fn the_url_is_made_of_host_and_path() {
        assert_eq!(
            absolute("/a?b", &["example.com:81"], Version::HTTP_11),
            ok("http://example.com:81/a?b", "example.com:81")
        );
        assert_eq!(absolute("/", &["[::1]:7"], Version::HTTP_11), ok("http://[::1]:7/", "[::1]:7"));
    }

    #[test]
    fn an_absolute_target_keeps_its_port_and_replaces_the_header() {
        let expected = ok("http://real.example:8080/x", "real.example:8080");
        assert_eq!(absolute("http://real.example:8080/x", &["other"], Version::HTTP_11), expected);
        assert_eq!(absolute("http://real.example:8080/x", &[], Version::HTTP_2), expected);
    }

    #[test]
    fn http_1_0_may_leave_the_host_out_and_others_may_not() {
        assert_eq!(absolute("/", &[], Version::HTTP_10), ok("http://127.0.0.1:80/", "127.0.0.1:80"));
        assert_eq!(absolute("/", &[], Version::HTTP_11), Err(BadTarget::NoHost));
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_refused() {
        assert_eq!(absolute("/", &["a", "a"], Version::HTTP_11), Err(BadTarget::SeveralHosts));
        for host in ["", "a b", "user@a", "a/b", "a:b", "a:99999", "a:", "a?b"] {
            assert_eq!(absolute("/", &[host], Version::HTTP_11), Err(BadTarget::Host), "{host:?}");
        }
        assert_eq!(absolute("ftp://a/", &["a"], Version::HTTP_11), Err(BadTarget::Scheme));
    }
}
