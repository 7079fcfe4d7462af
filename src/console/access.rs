//! Who may look: whoever reached the machine's own address and brings the key.
//!
//! The key stands in the address that the program prints when it starts. It is exchanged for a cookie at once, so that
//! it stays neither in the history nor in a bookmark; both live as long as the process. A page that a browser was
//! lured to cannot ask here in its name: another site's requests come without the cookie (`SameSite=Strict`), and a
//! name that was made to point to this machine (DNS rebinding) is not one of [`Access::hosts`].

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::header::{ALLOW, COOKIE, HOST, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rand::RngExt as _;
use subtle::ConstantTimeEq as _;

use super::Console;
use super::failure::Failure;
use crate::audit::{Kind, Note};

/// Says that the console answers, and nothing else: no key needed.
pub const HEALTH: &str = "/sante";
/// Whether the store can be read.
pub const READY: &str = "/pret";
/// Counts, for Prometheus: of nobody, so no key needed either.
pub const METRICS: &str = "/metrics";
/// The parameter that brings the key.
const KEY: &str = "cle";
/// Wrong keys that are answered at once; then one in [`WRONG_EVERY`]. The right key is never made to wait.
const WRONG_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const WRONG_EVERY: Duration = Duration::from_secs(6);
/// A page that takes longer is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// The secrets of one process, and the names under which it is reached.
pub struct Access {
    address: SocketAddr,
    key: Secret,
    session: Secret,
    cookie: String,
    hosts: Vec<String>,
    wrong: DefaultDirectRateLimiter,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// The key was right: here without it, with a cookie.
    Enter {
        to: String,
    },
    Refuse(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Host,
    Method,
    NoKey,
    WrongKey,
    TooManyWrongKeys,
}

/// 256 random bits as text, compared in constant time. Shown by nothing but the address that is printed.
struct Secret(String);

impl Secret {
    fn draw() -> Self {
        let mut bytes = [0_u8; 32];
        rand::rng().fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

#[derive(Debug, Default, serde::Deserialize)]
struct Parameters {
    cle: Option<String>,
}

impl Access {
    pub fn new(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string()];
        for name in ["localhost", "127.0.0.1", "[::1]"] {
            hosts.push(format!("{name}:{port}"));
            if port == 80 {
                hosts.push(name.to_owned());
            }
        }
        let quota = Quota::with_period(WRONG_EVERY).unwrap_or_else(|| Quota::per_minute(WRONG_BURST));
        Self {
            address,
            key: Secret::draw(),
            session: Secret::draw(),
            // Cookies know no port: two consoles on one machine must not take each other's.
            cookie: format!("rentree-{port}"),
            hosts,
            wrong: RateLimiter::direct(quota.allow_burst(WRONG_BURST)),
        }
    }

    /// The address with the key.
    pub fn url(&self) -> String {
        format!("http://{}/?{KEY}={}", self.address, self.key.0)
    }

    /// Decides on what a request says of itself. A wrong key counts towards the limit.
    pub fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
        if hosts.next().is_some() || !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return Verdict::Refuse(Refusal::Host);
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Verdict::Refuse(Refusal::Method);
        }
        if [HEALTH, READY, METRICS].contains(&uri.path()) {
            return Verdict::Pass;
        }
        let parameters = Query::<Parameters>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
        if let Some(key) = parameters.cle {
            return if self.key.is(&key) {
                Verdict::Enter { to: without_key(uri) }
            } else if self.wrong.check().is_ok() {
                Verdict::Refuse(Refusal::WrongKey)
            } else {
                Verdict::Refuse(Refusal::TooManyWrongKeys)
            };
        }
        if self.has_session(headers) { Verdict::Pass } else { Verdict::Refuse(Refusal::NoKey) }
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && self.session.is(value))
    }

    fn set_cookie(&self) -> String {
        format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie, self.session.0)
    }
}

/// The same page of this console without the key. A path that a browser could take for another site's address
/// (`//elsewhere`) leads to the front page.
fn without_key(uri: &Uri) -> String {
    let path = uri.path();
    let local = path.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']));
    if !local {
        return "/".to_owned();
    }
    let key = format!("{KEY}=");
    let rest: Vec<&str> =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&key)).collect();
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
}

/// Stands in front of every page.
pub async fn guard(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    match console.access.judge(request.method(), request.uri(), request.headers()) {
        Verdict::Pass => tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| {
            tracing::warn!("a page took too long");
            Failure::Busy.into_response()
        }),
        Verdict::Enter { to } => enter(&console, &to).await,
        Verdict::Refuse(refusal) => refuse(&console, refusal).await,
    }
}

async fn enter(console: &Console, to: &str) -> Response {
    if let Err(error) = console.trail.record(Kind::ConsoleOpened, None, ()) {
        tracing::error!(%error, "nobody comes in unrecorded");
        return Failure::Busy.into_response();
    }
    console.note_down().await;
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    match (HeaderValue::from_str(to), HeaderValue::from_str(&console.access.set_cookie())) {
        (Ok(to), Ok(cookie)) => {
            headers.insert(LOCATION, to);
            headers.insert(SET_COOKIE, cookie);
            response
        }
        _ => Failure::NotFound("Cette page n'existe pas.").into_response(),
    }
}

async fn refuse(console: &Console, refusal: Refusal) -> Response {
    if matches!(refusal, Refusal::WrongKey | Refusal::TooManyWrongKeys) {
        // The key of the event is its name alone: nothing of what was given is kept, it may be nearly right.
        if let Err(error) = console.trail.note(Note::ConsoleRefused, "wrong_key", None, ()) {
            tracing::error!(%error, "a refusal is not on the trail");
        }
        // Beyond the limit they are only counted, and the count goes with the next that is written.
        if refusal == Refusal::WrongKey {
            console.note_down().await;
        }
    }
    let mut response = Failure::Refused(refusal).into_response();
    match refusal {
        Refusal::Method => {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        Refusal::TooManyWrongKeys => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(WRONG_EVERY.as_secs()));
        }
        Refusal::Host | Refusal::NoKey | Refusal::WrongKey => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "127.0.0.1:8020";

    fn access() -> Access {
        Access::new(ADDRESS.parse().unwrap())
    }

    fn asked(access: &Access, method: &Method, uri: &str, headers: &[(&str, &str)]) -> Verdict {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        access.judge(method, &uri.parse().unwrap(), &map)
    }

    fn get(access: &Access, uri: &str, cookie: &str) -> Verdict {
        asked(access, &Method::GET, uri, &[("host", ADDRESS), ("cookie", cookie)])
    }

    #[test]
    fn only_the_key_opens_and_only_the_cookie_stays() {
        let access = access();
        let cookie = format!("rentree-8020={}", access.session.0);
        assert_eq!(get(&access, "/", ""), Verdict::Refuse(Refusal::NoKey));
        assert_eq!(get(&access, "/personnes?q=a", &format!("a=b; {cookie}; c=d")), Verdict::Pass);
        assert_eq!(get(&access, "/", &cookie.replace("8020=", "8021=")), Verdict::Refuse(Refusal::NoKey));
        assert_eq!(get(&access, "/", &cookie[..cookie.len() - 1]), Verdict::Refuse(Refusal::NoKey));
        assert_eq!(get(&access, "/", &format!("rentree-8020={}", access.key.0)), Verdict::Refuse(Refusal::NoKey));

        let with = |key: &str| get(&access, &format!("/personnes?q=a&cle={key}"), "");
        assert_eq!(with(&access.key.0), Verdict::Enter { to: "/personnes?q=a".into() });
        for wrong in ["", "a", &access.session.0, &access.key.0[1..], &format!("{}a", access.key.0)] {
            assert_eq!(with(wrong), Verdict::Refuse(Refusal::WrongKey), "{wrong}");
        }
        // A wrong key is one even with a good cookie.
        assert_eq!(get(&access, "/?cle=a", &cookie), Verdict::Refuse(Refusal::WrongKey));
        assert_ne!(access.key.0, Access::new(ADDRESS.parse().unwrap()).key.0);
        assert!(access.key.0.len() >= 43 && access.url() == format!("http://{ADDRESS}/?cle={}", access.key.0));
    }

    #[test]
    fn wrong_keys_are_limited_and_the_right_one_is_not() {
        let access = access();
        let answers: Vec<Verdict> = (0..30).map(|_| get(&access, "/?cle=guess", "")).collect();
        let told = answers.iter().filter(|a| **a == Verdict::Refuse(Refusal::WrongKey)).count();
        assert!((10..=11).contains(&told), "{told}");
        assert!(answers.contains(&Verdict::Refuse(Refusal::TooManyWrongKeys)));
        let right = format!("/?cle={}", access.key.0);
        assert_eq!(get(&access, &right, ""), Verdict::Enter { to: "/".into() });
    }

    #[test]
    fn only_the_machine_itself_is_a_host() {
        let access = access();
        let cookie = format!("rentree-8020={}", access.session.0);
        let from = |host: &str| asked(&access, &Method::GET, "/", &[("host", host), ("cookie", &cookie)]);
        for host in [ADDRESS, "localhost:8020", "LOCALHOST:8020", "[::1]:8020"] {
            assert_eq!(from(host), Verdict::Pass, "{host}");
        }
        for host in
            ["", "localhost", "localhost:80", "127.0.0.1:8021", "console.example:8020", "127.0.0.1:8020.evil.example"]
        {
            assert_eq!(from(host), Verdict::Refuse(Refusal::Host), "{host}");
        }
        assert_eq!(asked(&access, &Method::GET, HEALTH, &[]), Verdict::Refuse(Refusal::Host));
        let two = [("host", ADDRESS), ("host", "evil.example")];
        assert_eq!(asked(&access, &Method::GET, HEALTH, &two), Verdict::Refuse(Refusal::Host));
        let at_80 = Access::new("127.0.0.1:80".parse().unwrap());
        assert_eq!(asked(&at_80, &Method::GET, HEALTH, &[("host", "localhost")]), Verdict::Pass);
    }

    #[test]
    fn it_is_read_only_and_health_needs_no_key() {
        let access = access();
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::CONNECT, Method::TRACE] {
            let answer = asked(&access, &method, HEALTH, &[("host", ADDRESS)]);
            assert_eq!(answer, Verdict::Refuse(Refusal::Method));
        }
        for open in [HEALTH, READY, METRICS] {
            assert_eq!(asked(&access, &Method::HEAD, open, &[("host", ADDRESS)]), Verdict::Pass);
            let beyond = format!("{open}/x");
            assert_eq!(asked(&access, &Method::GET, &beyond, &[("host", ADDRESS)]), Verdict::Refuse(Refusal::NoKey));
        }
        assert_eq!(get(&access, "/sante/", ""), Verdict::Refuse(Refusal::NoKey));
    }

    #[test]
    fn the_key_leads_to_no_other_site() {
        for (given, clean) in [
            ("/?cle=x", "/"),
            ("/plans/1?cle=x&etablissement=2", "/plans/1?etablissement=2"),
            ("/personnes?q=cle%3D&cle=x", "/personnes?q=cle%3D"),
            ("//evil.example/?cle=x", "/"),
            ("/\\evil.example/?cle=x", "/"),
        ] {
            let Ok(uri) = given.parse::<Uri>() else { continue };
            assert_eq!(without_key(&uri), clean, "{given}");
        }
    }
}
