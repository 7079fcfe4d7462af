//! The pages over an invented store, asked as a browser asks.

use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::civil::date;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::audit::{Actor, EventFilter, Kind, Unchained, show};
use crate::naming::{Login, Uid, fold};
use crate::plan::fixtures::{MOULIN, Plan, hold_of_pupil, hold_of_school, modify};
use crate::plan::{ChangeKind, PlanId, RunId};
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, BatchResult, NameRow, PrintBatch, PrintedSheet, Stage, testing};

const ADDRESS: &str = "127.0.0.1:8020";
const HOSTILE: &str = "<script>alert(1)</script>";

/// A console in a folder of its own, with a browser's cookie.
struct Window {
    folder: TempDir,
    console: Arc<Console>,
    cookie: String,
}

struct Page {
    status: StatusCode,
    policy: String,
    text: String,
}

impl Window {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display();
        let store = testing::open(folder.path()).await;
        let text = format!(
            "[store]\nurl = \"sqlite:{home}/rentree.db\"\n[[source]]\nname = \"AC-RENNES\"\nkind = \"aaf-2d\"\npath = \"x\"\n\
             [directory]\nkind = \"embedded\"\nsuffix = \"dc=esco-centre,dc=fr\"\n"
        );
        let config = Config::parse(&text, &folder.path().join("rentree.toml")).unwrap();
        let trail = Trail::open(&store, RunId(Uuid::from_u128(1)), &Actor::current()).await.unwrap();
        let clock = Box::new(|| date(2026, 9, 20).at(8, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap());
        let console = Arc::new(Console::new(config, store, trail, clock, ADDRESS.parse().unwrap()));
        let mut window = Self { folder, console, cookie: String::new() };
        let path = window.console.url().split_once(ADDRESS).unwrap().1.to_owned();
        let entered = window.ask(&path).await;
        assert_eq!((entered.status(), entered.headers()[LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
        let cookie = entered.headers()[SET_COOKIE].to_str().unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        window.cookie = cookie.split(';').next().unwrap().to_owned();
        window
    }

    async fn ask(&self, path: &str) -> Response<Body> {
        let request = Request::get(path)
            .header(HOST, ADDRESS)
            .header(COOKIE, &self.cookie)
            .header(ACCEPT, "text/html")
            .body(Body::empty())
            .unwrap();
        TowerToHyperService::new(router(Arc::clone(&self.console))).call(request).await.unwrap()
    }

    async fn page(&self, path: &str) -> Page {
        let response = self.ask(path).await;
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Page { status, policy, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn shown(&self, path: &str) -> String {
        let page = self.page(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        assert!(!page.text.contains(HOSTILE), "{path}");
        page.text
    }

    fn store(&self) -> &Store {
        &self.console.store
    }

    /// Two accounts of one school, one of them of another too, and a name that has no account.
    async fn populate(&self) {
        let account = |key: &str, profile, stage, class: Option<&str>, schools: &[&str]| AccountRow {
            join_key: JoinKey::new("AC-RENNES", key),
            dn: format!("uid=f{key},ou=people,dc=esco-centre,dc=fr"),
            profile,
            stage,
            since: date(2026, 9, 2),
            schools: schools.iter().map(|uai| (*uai).into()).collect(),
            class: class.map(Into::into),
            level: None,
            expected: false,
            adopted: false,
            written: None,
            left: None,
            former_class: None,
        };
        let accounts = vec![
            account("1", Profile::Pupil, Stage::Present, Some(HOSTILE), &[MOULIN]),
            account("2", Profile::Pupil, Stage::Absent, Some("6B"), &[MOULIN]),
            account("3", Profile::Teacher, Stage::Present, None, &[MOULIN, "0291595B"]),
        ];
        let batch = BatchResult { accounts, ..BatchResult::default() };
        self.store()
            .settle_batch(PlanId(Uuid::from_u128(9)), &batch, Unchained::default(), jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        let name = |key: &str, login: &str| NameRow {
            join_key: JoinKey::new("AC-RENNES", key),
            uid: Uid::new(&format!("F{key}")),
            login: Login::new(login),
        };
        let names = [name("1", "zoe.arnaud"), name("2", "ali.bensaid"), name("3", "lou.cam"), name("4", "tom.petit")];
        self.store().reserve_names(&names, &[], |n| fold(n).to_string(), 0).await.unwrap();
        let batch = PrintBatch {
            id: "1".into(),
            at: 1_789_000_000_000,
            actor: HOSTILE.into(),
            selection: "{}".into(),
            template: None,
            reason: None,
        };
        let sheet = PrintedSheet {
            serial: "1".into(),
            join_key: JoinKey::new("AC-RENNES", "1"),
            profile: Profile::Pupil,
            school: MOULIN.into(),
            class: None,
            file: "secret-folder/x.pdf".into(),
        };
        self.store().note_printed(&batch, &[sheet], Unchained::default()).await.unwrap();
    }

    /// A plan as `prepare` leaves one; gives its number.
    async fn plan(&self) -> String {
        let mut plan = Plan { holds: vec![hold_of_school(), hold_of_pupil(1)], ..Plan::default() };
        plan.holds[0].message = format!("{HOSTILE} {}", plan.holds[0].message);
        plan.person(ChangeKind::Update, 1, Some("6B"), modify(&[("mail", &[HOSTILE], &["b"])]));
        let path = self.plan_file();
        plan.write(&path);
        let (header, seal) = crate::plan::file::verify(&path).unwrap();
        self.store().save_plan(header.plan_id, &path.display().to_string(), &seal.digest, 0).await.unwrap();
        header.plan_id.to_string()
    }

    fn plan_file(&self) -> std::path::PathBuf {
        self.folder.path().join("a.plan")
    }

    async fn events(&self, kind: Kind, person: Option<&str>) -> usize {
        use futures_util::StreamExt as _;
        let person = person.map(|key| JoinKey::new("AC-RENNES", key));
        let filter = EventFilter { kind: Some(kind), person, ..EventFilter::default() };
        show(self.store(), &filter).await.unwrap().count().await
    }
}

#[tokio::test]
async fn before_anything_was_planned_it_says_what_to_do() {
    let window = Window::open().await;
    let text = window.shown("/").await;
    assert!(text.contains("rentree plan") && text.contains("jamais livrée"), "{text}");
    assert!(window.shown("/etablissements").await.contains("Aucun établissement"));
    assert!(window.shown("/personnes?q=a").await.contains("Personne de connu"));
    for path in ["/etablissements/0290009C", "/etablissements/-", "/personnes/x", "/plans/x", "/nowhere"] {
        assert_eq!(window.page(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(window.events(Kind::ConsoleOpened, None).await, 1);
}

#[tokio::test]
async fn the_dashboard_shows_runs_holds_and_accounts() {
    let window = Window::open().await;
    window.populate().await;
    let plan = window.plan().await;
    let run = RunId(Uuid::from_u128(7));
    let trail = Trail::open(window.store(), run, &Actor::current()).await.unwrap();
    window.store().run_started(run, "sync", None, 1_789_000_000_000).await.unwrap();
    trail.record(Kind::RunStarted, None, ()).unwrap();
    let mut totals = crate::plan::Totals::default();
    totals.accounts.created = 1_203;
    let saved = serde_json::json!({ "plan": plan, "totals": totals, "holds": 2 });
    trail.record(Kind::PlanSaved, None, saved).unwrap();
    trail.close().await.unwrap();
    window.store().run_finished(run, "held", 0).await.unwrap();

    let text = window.shown("/").await;
    for expected in [
        "trop de départs",
        "62 élèves sur 400",
        "Collège Jean Moulin",
        "sans division",
        "1\u{202f}203 créés, 2 retenues",
        "fait, des retenues",
        Actor::current().as_str(),
        &format!("/plans/{plan}"),
        "&lt;script&gt;",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn a_late_source_stands_out() {
    let window = Window::open().await;
    let source = window.store().source("AC-RENNES", "AC-RENNES", "aaf-2d").await.unwrap();
    let accept = async |day: i8| {
        let delivery = crate::store::DeliveryRow {
            kind: crate::feed::DeliveryKind::Complete,
            date: Some(date(2026, 9, day)),
            digest: [day.unsigned_abs(); 32],
        };
        let acceptance = crate::store::Acceptance {
            source: source.id,
            delivered: delivery.date,
            digest: "00",
            gone: &[],
            delivery: &delivery,
            accepted_at: 1_789_000_000_000,
        };
        window.store().accept(acceptance).await.unwrap();
        window.shown("/").await
    };
    let late = accept(11).await;
    assert!(late.contains("11 septembre 2026") && late.contains("il y a 9 jours") && late.contains("en retard"));
    let fresh = accept(12).await;
    assert!(fresh.contains("il y a 8 jours") && !fresh.contains("en retard"), "{fresh}");
}

#[tokio::test]
async fn schools_show_accounts_sheets_and_holds() {
    let window = Window::open().await;
    window.populate().await;
    window.plan().await;
    let list = window.shown("/etablissements").await;
    assert!(list.contains("Collège Jean Moulin") && list.contains("Lycée Simone Weil") && list.contains("retenu"));
    let school = window.shown(&format!("/etablissements/{MOULIN}")).await;
    for expected in ["sans division", "&lt;script&gt;", "?etablissement=0290009C", "<td class=\"n\">1</td>"] {
        assert!(school.contains(expected), "{expected}: {school}");
    }
    assert!(!school.contains("62 élèves"), "another school's hold");
    // Lower case is the same school; one that only the plan knows is one.
    assert_eq!(window.page("/etablissements/0290009c").await.status, StatusCode::OK);
    assert_eq!(window.page("/etablissements/0291595B").await.status, StatusCode::OK);
}

#[tokio::test]
async fn people_are_found_by_any_of_their_names() {
    let window = Window::open().await;
    window.populate().await;
    for question in ["zoe.arnaud", "Zo%C3%A9", "arnaud+zo%C3%A9", "AC-RENNES%241", "1", "f1"] {
        let text = window.shown(&format!("/personnes?q={question}")).await;
        assert!(text.contains("/personnes/AC-RENNES$1\""), "{question}");
        assert!(!text.contains("AC-RENNES$2"), "{question}");
    }
    assert!(window.shown("/personnes?q=tom").await.contains("pas encore de compte"));
    let hostile = window.shown("/personnes?q=%3Cscript%3Ealert(1)%3C/script%3E%22").await;
    assert!(hostile.contains("value=\"&lt;script&gt;alert(1)&lt;/script&gt;&quot;\""));
    // A question is no pattern, no filter, no SQL.
    for question in ["%25", "_", "*", "')%20OR%201=1--", "%FF", "%00"] {
        assert!(window.shown(&format!("/personnes?q={question}")).await.contains("<h1>Personnes</h1>"), "{question}");
    }
    assert_eq!(window.events(Kind::PersonLookedUp, None).await, 0, "a list is nobody's page");
}

#[tokio::test]
async fn whose_page_was_looked_at_is_on_the_trail() {
    let window = Window::open().await;
    window.populate().await;
    let text = window.shown("/personnes/AC-RENNES$1").await;
    for expected in
        ["zoe.arnaud", "&lt;script&gt;", "élève", "présent depuis le 2 septembre 2026", "jamais été consultée"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("secret-folder"));
    assert_eq!(window.events(Kind::PersonLookedUp, Some("1")).await, 1);
    assert!(window.shown("/personnes/AC-RENNES$1").await.contains("consultée 1 fois"));
    window.plan().await;
    let held = window.shown("/personnes/AC-RENNES$1").await;
    assert!(held.contains("Retenu : ") && held.contains("pas de division"), "{held}");
    assert_eq!(window.events(Kind::PersonLookedUp, Some("2")).await, 0);
    assert!(window.shown("/personnes/AC-RENNES%244").await.contains("pas encore de compte"));
    let text = window.shown("/personnes/AC-RENNES$2").await;
    assert!(text.contains("absent (utilisable) depuis"), "{text}");
}

#[tokio::test]
async fn a_plan_is_shown_whole_or_not_at_all() {
    let window = Window::open().await;
    let plan = window.plan().await;
    let path = format!("/plans/{plan}");
    let page = window.page(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Tableau de bord") && page.text.trim_end().ends_with("</html>"));
    assert!(!page.text.contains(HOSTILE) && page.text.contains("&lt;script&gt;"));
    assert!(page.policy.contains("script-src 'sha256-") && page.policy.contains("frame-ancestors 'none'"));
    assert!(!page.policy.contains("unsafe"), "{}", page.policy);
    assert!(window.shown(&format!("{path}?etablissement=0291595B")).await.contains("0 des 1 changements"));
    assert!(window.shown(&format!("{path}?etablissement=-")).await.contains("0 des 1 changements"));
    assert_eq!(window.page(&format!("{path}?etablissement=..")).await.status, StatusCode::NOT_FOUND);

    // Another plan, sealed as it should be, in the place of the one that was saved.
    let mut other = Plan::default();
    other.person(ChangeKind::Update, 2, None, modify(&[]));
    std::fs::remove_file(window.plan_file()).unwrap();
    other.write(&window.plan_file());
    let exchanged = window.page(&path).await;
    assert_eq!(exchanged.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", exchanged.text);

    let bytes = std::fs::read(window.plan_file()).unwrap();
    std::fs::write(window.plan_file(), &bytes[..bytes.len() - 9]).unwrap();
    let cut = window.page(&path).await;
    assert_eq!(cut.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(cut.text.contains("Plan altéré") && !cut.text.contains("ZOÉ"));
    assert!(window.shown("/").await.contains("n'est plus celui qui a été scellé"));

    std::fs::remove_file(window.plan_file()).unwrap();
    assert_eq!(window.page(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_the_key_there_is_nothing_to_see() {
    let mut window = Window::open().await;
    window.populate().await;
    window.cookie.clear();
    for path in
        ["/", "/etablissements", "/personnes?q=zoe", "/personnes/AC-RENNES$1", "/plans/x", "/nowhere", "/?cle=no"]
    {
        let page = window.page(path).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!page.text.contains("zoe"), "{path}");
    }
    assert_eq!(window.events(Kind::PersonLookedUp, None).await, 0);
    assert_eq!(window.events(Kind::ConsoleRefused, None).await, 1);
    assert_eq!(window.page("/sante").await.text, "ok\n");
}

#[tokio::test]
async fn a_store_that_fails_says_nothing_of_its_inside() {
    let window = Window::open().await;
    window.console.store.reader.close().await;
    for path in ["/", "/etablissements", "/personnes?q=a", "/personnes/a", "/plans/a"] {
        let page = window.page(path).await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(!page.text.contains("sqlite") && !page.text.contains("pool"), "{}", page.text);
    }
}
