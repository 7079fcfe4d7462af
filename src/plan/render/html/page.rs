//! The parts of the page.

use std::fmt;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::plan::render::Options;
use crate::plan::render::buckets::ORDER;
use crate::plan::render::fold::{Fold, Who};
use crate::plan::render::holds::HoldFold;
use crate::plan::render::row::Detail;
use crate::plan::render::survey::{Counts, School, Survey};
use crate::plan::render::words::{self, number};
use crate::plan::{ChangeKind, HoldReason};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Values are shortened to this many characters.
const VALUE_WIDTH: usize = 300;

/// Text, escaped for element content and quoted attributes alike; control and directional characters made visible.
pub(super) struct Escaped<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in words::plain(self.0.as_ref()).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

pub(super) struct Page<'a, W> {
    out: W,
    pub options: &'a Options,
}

impl<'a, W: Write> Page<'a, W> {
    pub const fn new(out: W, options: &'a Options) -> Self {
        Self { out, options }
    }

    pub fn into_inner(self) -> W {
        self.out
    }

    pub fn head(&mut self, survey: &Survey) -> io::Result<()> {
        let header = &survey.header;
        let when = words::moment(header.created, &self.options.zone);
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
        let (style, script) = (hash(STYLE), hash(SCRIPT));
        write!(
            self.out,
            "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; \
             script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Plan du {when}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        )?;
        let closing = survey.closing();
        let closing = closing.strip_prefix("Plan : ").unwrap_or(&closing);
        write!(
            self.out,
            "<header>\n<h1>Plan du {when}</h1>\n<p class=\"closing\">{}</p>\n</header>\n<main>\n",
            Escaped(capitalised(closing))
        )?;
        if !self.options.filter.is_empty() {
            let (shown, all) = (number(survey.shown), number(survey.seal.changes));
            writeln!(
                self.out,
                "<p class=\"partial\">Extrait : {shown} des {all} changements du plan, par filtre.</p>"
            )?;
        }
        self.tiles(survey)?;
        self.holds(survey)?;
        self.bindings(survey)
    }

    fn tiles(&mut self, survey: &Survey) -> io::Result<()> {
        let of = |kind| survey.counts.of(kind);
        let totals = &survey.header.totals;
        let groups = of(ChangeKind::GroupCreate) + of(ChangeKind::GroupUpdate) + of(ChangeKind::GroupDelete);
        let findings: u64 = totals.findings.iter().filter(|(name, _)| *name != "information").map(|(_, n)| n).sum();
        let tiles = [
            ("create", "Comptes à créer", of(ChangeKind::Create)),
            ("update", "À mettre à jour", of(ChangeKind::Update)),
            ("move", "Déplacés", of(ChangeKind::Move)),
            ("restore", "Rétablis", of(ChangeKind::Restore)),
            ("leave", "Absents", of(ChangeKind::Absent)),
            ("leave", "Suspendus", of(ChangeKind::Suspend)),
            ("plain", "Inchangés", totals.accounts.unchanged),
            ("update", "Repris de l'annuaire", survey.adopted),
            ("plain", "Groupes à écrire", groups),
            ("plain", "Mots de passe à émettre", survey.credentials),
            ("held", "Enregistrements retenus", totals.accounts.held),
            ("held", "Enregistrements rejetés", totals.accounts.rejected),
            ("plain", "Hors périmètre", totals.accounts.out_of_scope),
            ("plain", "Signalements à corriger", findings),
        ];
        self.out.write_all(
            b"<section aria-labelledby=\"resume\">\n<h2 id=\"resume\">En bref</h2>\n<dl class=\"tiles\">\n",
        )?;
        for (class, label, n) in tiles {
            let none = if n == 0 { " none" } else { "" };
            writeln!(self.out, "<div class=\"{class}{none}\"><dt>{label}</dt><dd>{}</dd></div>", number(n))?;
        }
        self.out.write_all(b"</dl>\n</section>\n")
    }

    fn holds(&mut self, survey: &Survey) -> io::Result<()> {
        if survey.holds.is_empty() {
            return Ok(());
        }
        let n = survey.holds.count();
        write!(
            self.out,
            "<section aria-labelledby=\"retenues\" class=\"holds\">\n<h2 id=\"retenues\">{} : à décider</h2>\n",
            words::count(n, "retenue", "retenues")
        )?;
        for fold in survey.holds.iter() {
            self.hold(survey, fold)?;
        }
        self.out.write_all(b"</section>\n")
    }

    fn hold(&mut self, survey: &Survey, fold: &HoldFold) -> io::Result<()> {
        let place = match &fold.school {
            Some(uai) => format!("{} ({uai})", survey.school_name(uai.as_str())),
            None if fold.is_person() => "Hors établissement".to_owned(),
            None => "Plan entier".to_owned(),
        };
        let who = if fold.is_person() {
            format!("{}, ", words::count(fold.holds, "personne", "personnes"))
        } else {
            String::new()
        };
        let new = if fold.new > 0 { " <strong class=\"new\">nouveau</strong>" } else { "" };
        write!(
            self.out,
            "<article data-reason=\"{}\">\n<h3>{} : {who}{}{new}</h3>\n<ul>\n",
            reason_token(fold.reason),
            Escaped(place),
            words::hold_reason(fold.reason)
        )?;
        for hold in &fold.shown {
            write!(self.out, "<li>{} <small>retenue {}", Escaped(&hold.message), Escaped(&hold.id))?;
            if let Some(key) = &hold.join_key {
                write!(self.out, ", {}", Escaped(key.as_str()))?;
            }
            if let Some(origin) = &hold.origin {
                write!(self.out, ", {}", Escaped(origin.to_string()))?;
            }
            writeln!(self.out, "</small></li>")?;
        }
        let more = fold.holds - fold.shown.len() as u64;
        if more > 0 {
            writeln!(self.out, "<li class=\"more\">… et {}</li>", words::count(more, "autre", "autres"))?;
        }
        let changes = words::count(fold.changes, "changement retenu", "changements retenus");
        write!(self.out, "</ul>\n<p class=\"counts\">{changes}</p>\n</article>\n")
    }

    /// What the plan is bound to.
    fn bindings(&mut self, survey: &Survey) -> io::Result<()> {
        let header = &survey.header;
        self.out.write_all(b"<section aria-labelledby=\"origine\">\n<h2 id=\"origine\">Ce que le plan compare</h2>\n<table class=\"bindings\">\n")?;
        writeln!(self.out, "<tr><th scope=\"row\">Annuaire</th><td>{}</td></tr>", Escaped(&header.directory))?;
        for source in &header.sources {
            let delivered =
                source.delivered.map_or_else(|| "non datée".to_owned(), |date| format!("du {}", words::date(date)));
            writeln!(
                self.out,
                "<tr><th scope=\"row\">Source</th><td>{}, livraison {delivered}, image {}</td></tr>",
                Escaped(&source.name),
                number(source.version.unsigned_abs())
            )?;
        }
        let read: Vec<String> =
            header.totals.read.iter().map(|(category, n)| format!("{} {category}", number(*n))).collect();
        if !read.is_empty() {
            let read = Escaped(read.join(", "));
            writeln!(self.out, "<tr><th scope=\"row\">Enregistrements lus</th><td>{read}</td></tr>")?;
        }
        writeln!(self.out, "<tr><th scope=\"row\">Plan</th><td><code>{}</code></td></tr>", header.plan_id)?;
        self.out.write_all(b"</table>\n</section>\n")
    }

    /// The schools and what happens there; the filter, which a script brings to life.
    pub fn contents(&mut self, schools: &[School], counts: &Counts) -> io::Result<()> {
        if schools.is_empty() {
            return self.out.write_all("<p class=\"empty\">Aucun changement à montrer.</p>\n".as_bytes());
        }
        let kinds: Vec<ChangeKind> =
            ORDER.into_iter().filter(|k| schools.iter().any(|s| s.counts.of(*k) > 0)).collect();
        if schools.len() > 1 {
            self.out.write_all("<nav aria-labelledby=\"etablissements\">\n<h2 id=\"etablissements\">Établissements</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Établissement</th>".as_bytes())?;
            for kind in &kinds {
                write!(self.out, "<th scope=\"col\" class=\"n\">{}</th>", title(*kind))?;
            }
            self.out.write_all(b"</tr></thead>\n<tbody>\n")?;
            for school in schools {
                let held = if school.held { " <strong class=\"new\">retenu</strong>" } else { "" };
                let (id, name) = (anchor(school), Escaped(&school.name));
                write!(
                    self.out,
                    "<tr><th scope=\"row\"><a href=\"#{id}\">{name}</a> <small>{}</small>{held}</th>",
                    Escaped(&school.uai)
                )?;
                for kind in &kinds {
                    let n = school.counts.of(*kind);
                    let text = if n == 0 { "·".to_owned() } else { number(n) };
                    write!(self.out, "<td class=\"n\">{text}</td>")?;
                }
                self.out.write_all(b"</tr>\n")?;
            }
            self.out.write_all(b"</tbody>\n</table></div>\n</nav>\n")?;
        }
        self.out.write_all("<form id=\"filtre\" role=\"search\" hidden>\n<label>Chercher <input type=\"search\" id=\"mots\" placeholder=\"nom, classe, attribut, valeur\"></label>\n<label>Changement <select id=\"genre\"><option value=\"\">tous</option>".as_bytes())?;
        for (kind, _) in counts.shown().filter(|(k, _)| kinds.contains(k)) {
            write!(self.out, "<option value=\"{}\">{}</option>", kind_token(kind), title(kind))?;
        }
        self.out.write_all("</select></label>\n<label>Retenues <select id=\"motif\"><option value=\"\">toutes</option></select></label>\n<output id=\"trouve\" aria-live=\"polite\"></output>\n</form>\n".as_bytes())
    }

    pub fn open_school(&mut self, school: &School) -> io::Result<()> {
        let counts: Vec<String> = school.counts.shown().map(|(kind, n)| words::kind(kind, n)).collect();
        let held = if school.held { " <strong class=\"new\">retenu</strong>" } else { "" };
        let id = anchor(school);
        write!(
            self.out,
            "<section class=\"school\" id=\"{id}\" aria-labelledby=\"{id}-nom\">\n<h2 id=\"{id}-nom\">{} <small>{}</small>{held}</h2>\n<p class=\"counts\">{}</p>\n",
            Escaped(&school.name),
            Escaped(&school.uai),
            counts.join(", ")
        )
    }

    pub fn close_school(&mut self) -> io::Result<()> {
        self.out.write_all(b"</section>\n")
    }

    /// One table: a group of rows per fold, at most `limit` rows in all.
    pub fn kind(&mut self, kind: ChangeKind, count: u64, folds: &[Fold], limit: usize) -> io::Result<()> {
        let persons = is_person(kind);
        let change = kind != ChangeKind::Create;
        write!(
            self.out,
            "<section class=\"kind {}\" data-kind=\"{}\">\n<h3><span class=\"sign\" aria-hidden=\"true\">{}</span> {} <small>{}</small></h3>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Nom</th>",
            tone(kind),
            kind_token(kind),
            words::symbol(kind),
            title(kind),
            number(count)
        )?;
        if persons {
            self.out.write_all(
                "<th scope=\"col\">Profil</th><th scope=\"col\">Classe</th><th scope=\"col\">Identifiant</th>"
                    .as_bytes(),
            )?;
        }
        if change {
            self.out.write_all(b"<th scope=\"col\">Changement</th>")?;
        }
        if persons {
            self.out.write_all(b"<th scope=\"col\">Origine</th>")?;
        }
        self.out.write_all(b"</tr></thead>\n")?;
        let columns = 1 + usize::from(change) + if persons { 4 } else { 0 };
        let mut room = limit;
        for fold in folds {
            let shown = fold.people.len().min(room);
            room -= shown;
            self.fold(kind, fold, shown, columns)?;
        }
        self.out.write_all(b"</table></div>\n</section>\n")
    }

    fn fold(&mut self, kind: ChangeKind, fold: &Fold, shown: usize, columns: usize) -> io::Result<()> {
        let alone = fold.count == 1 && shown == 1;
        self.out.write_all(b"<tbody>\n")?;
        if !alone {
            write!(
                self.out,
                "<tr class=\"fold\"><th scope=\"rowgroup\" colspan=\"{columns}\">{}",
                Escaped(heading(kind, fold))
            )?;
            self.change(fold, " ")?;
            self.out.write_all(b"</th></tr>\n")?;
        }
        for who in fold.people.iter().take(shown) {
            self.person(kind, fold, who, alone)?;
        }
        let more = fold.count - shown as u64;
        if more > 0 {
            let text = if shown == 0 {
                words::count(more, "non détaillé ici", "non détaillés ici")
            } else {
                format!("… et {}", words::count(more, "autre", "autres"))
            };
            writeln!(self.out, "<tr class=\"more\"><td colspan=\"{columns}\">{text}</td></tr>")?;
        }
        self.out.write_all(b"</tbody>\n")
    }

    fn person(&mut self, kind: ChangeKind, fold: &Fold, who: &Who, alone: bool) -> io::Result<()> {
        write!(self.out, "<tr><td>{}</td>", Escaped(&who.name))?;
        let text = |value: Option<&str>| Escaped(value.unwrap_or_default().to_owned());
        if is_person(kind) {
            write!(
                self.out,
                "<td>{}</td><td>{}</td><td>{}</td>",
                if fold.said.profile.is_some() { words::profile(fold.said.profile, 1) } else { "" },
                text(who.class.as_deref()),
                text(who.login.as_deref())
            )?;
        }
        if kind != ChangeKind::Create {
            write!(self.out, "<td>{}", text(who.note.as_deref()))?;
            if alone {
                self.change(fold, "")?;
            }
            self.out.write_all(b"</td>")?;
        }
        if is_person(kind) {
            write!(self.out, "<td class=\"origin\">{}</td>", text(who.origin.as_deref()))?;
        }
        self.out.write_all(b"</tr>\n")
    }

    /// What is common to the fold: note, attributes before and after, members.
    fn change(&mut self, fold: &Fold, before: &str) -> io::Result<()> {
        self.out.write_all(before.as_bytes())?;
        if let Some(note) = &fold.said.note {
            write!(self.out, "<span>{}</span> ", Escaped(note))?;
        }
        if fold.said.adopts {
            self.out.write_all("<span>compte déjà dans l'annuaire</span> ".as_bytes())?;
        }
        if fold.added > 0 {
            write!(self.out, "<ins>+{}</ins> ", words::count(fold.added, "membre", "membres"))?;
        }
        if fold.removed > 0 {
            write!(self.out, "<del>−{}</del> ", words::count(fold.removed, "membre", "membres"))?;
        }
        if fold.said.details.is_empty() {
            for attribute in &fold.attributes {
                write!(self.out, "<code>{}</code> ", Escaped(attribute))?;
            }
            return Ok(());
        }
        self.out.write_all(b"<ul>")?;
        for detail in &fold.said.details {
            self.detail(detail)?;
        }
        self.out.write_all(b"</ul>")
    }

    fn detail(&mut self, detail: &Detail) -> io::Result<()> {
        write!(self.out, "<li><code>{}</code> ", Escaped(&detail.attribute))?;
        self.values(&detail.old, "del")?;
        if !detail.old.is_empty() && !detail.new.is_empty() {
            self.out.write_all(" → ".as_bytes())?;
        }
        self.values(&detail.new, "ins")?;
        self.out.write_all(b"</li>")
    }

    fn values(&mut self, values: &[String], tag: &str) -> io::Result<()> {
        let width = if self.options.full { usize::MAX } else { VALUE_WIDTH };
        for (i, value) in values.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(self.out, "{comma}<{tag}>{}</{tag}>", Escaped(words::shorten(value, width)))?;
        }
        Ok(())
    }

    pub fn foot(&mut self, survey: &Survey) -> io::Result<()> {
        write!(
            self.out,
            "</main>\n<footer>\n<p>Aucun changement n'est fait avant l'application du plan. Sceau <code>{}</code>, {}, écrit par {}.</p>\n</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            Escaped(&survey.seal.digest),
            words::count(survey.seal.changes, "changement", "changements"),
            Escaped(&survey.header.program)
        )
    }
}

fn anchor(school: &School) -> String {
    let uai: String = school.uai.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("e-{uai}")
}

/// What a group of rows has in common, before its values.
fn heading(kind: ChangeKind, fold: &Fold) -> String {
    let n = fold.count;
    let other = if fold.said.rest { "autres " } else { "" };
    match kind {
        ChangeKind::GroupUpdate => {
            fold.said.name.clone().unwrap_or_else(|| words::count(n, "autre groupe", "autres groupes"))
        }
        ChangeKind::GroupCreate | ChangeKind::GroupDelete => words::count(n, "groupe", "groupes"),
        ChangeKind::StructureCreate | ChangeKind::StructureUpdate => words::count(n, "structure", "structures"),
        _ => {
            let noun = words::profile(fold.said.profile, n);
            let class = fold.said.class.as_ref().map(|c| format!(" de {c}")).unwrap_or_default();
            let own = if fold.said.rest { ", chacun ses valeurs" } else { "" };
            format!("{} {other}{noun}{class}{own}", number(n))
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

const fn is_person(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::Create
            | ChangeKind::Restore
            | ChangeKind::Move
            | ChangeKind::Update
            | ChangeKind::Absent
            | ChangeKind::Suspend
    )
}

const fn title(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate => "Structures à créer",
        ChangeKind::StructureUpdate => "Structures à mettre à jour",
        ChangeKind::Create => "Comptes à créer",
        ChangeKind::Restore => "Rétablis",
        ChangeKind::Move => "Déplacés",
        ChangeKind::Update => "À mettre à jour",
        ChangeKind::Absent => "Absents",
        ChangeKind::Suspend => "Suspendus",
        ChangeKind::GroupCreate => "Groupes à créer",
        ChangeKind::GroupUpdate => "Groupes à mettre à jour",
        ChangeKind::GroupDelete => "Groupes à supprimer",
    }
}

const fn tone(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate | ChangeKind::Create | ChangeKind::GroupCreate => "create",
        ChangeKind::StructureUpdate | ChangeKind::Update | ChangeKind::GroupUpdate => "update",
        ChangeKind::Move => "move",
        ChangeKind::Restore => "restore",
        ChangeKind::Absent | ChangeKind::Suspend | ChangeKind::GroupDelete => "leave",
    }
}

const fn kind_token(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate => "structure-create",
        ChangeKind::StructureUpdate => "structure-update",
        ChangeKind::Create => "create",
        ChangeKind::Restore => "restore",
        ChangeKind::Move => "move",
        ChangeKind::Update => "update",
        ChangeKind::Absent => "absent",
        ChangeKind::Suspend => "suspend",
        ChangeKind::GroupCreate => "group-create",
        ChangeKind::GroupUpdate => "group-update",
        ChangeKind::GroupDelete => "group-delete",
    }
}

/// Shown by the filter, so in words.
const fn reason_token(reason: HoldReason) -> &'static str {
    words::hold_reason(reason)
}
