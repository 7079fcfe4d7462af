//! The page around a page, and what every answer says of itself.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};

use crate::wording::{Escaped, policy_source};

const STYLE: &str = concat!(include_str!("../page.css"), include_str!("frame.css"));

/// What a page may do: show its own style, send its own form here.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = policy_source(STYLE);
    let policy =
        format!("default-src 'none'; style-src {style}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// Which entry of the navigation a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Dashboard,
    Schools,
    People,
}

const PLACES: [(Place, &str, &str); 3] = [
    (Place::Dashboard, "/", "Tableau de bord"),
    (Place::Schools, "/etablissements", "Établissements"),
    (Place::People, "/personnes", "Personnes"),
];

/// A whole page; `body` is HTML and begins with its `<h1>`.
pub fn page(title: &str, place: Place, body: &str) -> Response {
    let mut html = head(title);
    html.push_str("<header class=\"top\">\n<a class=\"skip\" href=\"#contenu\">Aller au contenu</a>\n<p class=\"brand\">Rentrée</p>\n<nav aria-label=\"Pages\">\n<ul>\n");
    for (here, href, label) in PLACES {
        let current = if here == place { " aria-current=\"page\"" } else { "" };
        let _ = writeln!(html, "<li><a href=\"{href}\"{current}>{label}</a></li>");
    }
    let _ = write!(html, "</ul>\n</nav>\n</header>\n<main id=\"contenu\">\n{body}</main>\n");
    html.push_str(&foot());
    Html(html).into_response()
}

/// A page that says one thing. The way back is for those who are in.
pub fn message(status: StatusCode, title: &str, what: &str, inside: bool) -> Response {
    let mut html = head(title);
    let _ = write!(html, "<main class=\"message\">\n<h1>{}</h1>\n<p>{}</p>\n", Escaped(title), Escaped(what));
    if inside || status == StatusCode::UNAUTHORIZED {
        html.push_str("<p><a href=\"/\">Tableau de bord</a></p>\n");
    }
    html.push_str("</main>\n");
    html.push_str(&foot());
    (status, Html(html)).into_response()
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} · Rentrée</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        Escaped(title)
    )
}

fn foot() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<footer>\n<p>Rentrée {version}. Console en lecture seule ; ces pages contiennent des données personnelles.</p>\n</footer>\n</body>\n</html>\n"
    )
}

/// What every answer carries, whichever page it is. A page that has a policy of its own keeps it.
pub async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| POLICY.clone());
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A value as one segment of a path of ours.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'$') {
            encoded.push(char::from(byte));
        } else {
            // Dots too: a segment of dots alone would be a way up.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(segment("AC-RENNES$12/3?é.."), "AC-RENNES$12%2F3%3F%C3%A9%2E%2E");
        assert_eq!(segment("\"><b>"), "%22%3E%3Cb%3E");
    }
}
