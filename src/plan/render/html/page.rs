//! The page around the tables: summary, holds, schools, filter.

use std::io::{self, Write};

use super::list::profile_token;
use crate::plan::render::Options;
use crate::plan::render::buckets::ORDER;
use crate::plan::render::decided;
use crate::plan::render::holds::HoldFold;
use crate::plan::render::succession;
use crate::plan::render::survey::{Counts, School, Survey};
use crate::plan::render::words::{self, capitalised, number};
use crate::plan::{ChangeKind, HoldReason};
use crate::roster::Profile;
pub(super) use crate::wording::Escaped;
use crate::wording::policy_source;

const STYLE: &str = concat!(include_str!("../../../page.css"), include_str!("page.css"));
/// Folds of holds that one page shows.
const HOLDS: usize = 40;
const SCRIPT: &str = include_str!("page.js");

pub(super) struct Page<'a, W> {
    pub out: W,
    pub options: &'a Options,
}

impl<'a, W: Write> Page<'a, W> {
    pub const fn new(out: W, options: &'a Options) -> Self {
        Self { out, options }
    }

    pub fn into_inner(self) -> W {
        self.out
    }

    /// The start of every page, with a way back.
    pub fn open(&mut self, survey: &Survey, title: &str, back: Option<(&str, &str)>) -> io::Result<()> {
        let (policy, title) = (policy(), Escaped(title));
        let redacted = if self.options.redact { " (sans noms)" } else { "" };
        let when = words::moment(survey.header.created, &self.options.zone);
        write!(
            self.out,
            "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} : plan du {when}{redacted}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        )?;
        match back {
            Some((link, text)) => writeln!(self.out, "<nav><a href=\"{}\">{text}</a></nav>", Escaped(link)),
            None => Ok(()),
        }
    }

    /// The head of the page of one school, which stands beside others.
    pub fn head_of_school(&mut self, survey: &Survey, school: &School, back: &str) -> io::Result<()> {
        self.open(survey, &school.name, Some((back, "← Tous les établissements")))?;
        let mut counts: Vec<String> = school.counts.shown().map(|(kind, n)| words::kind(kind, n)).collect();
        counts.extend(school.unchanged.map(|n| words::count(n, "inchangé", "inchangés")));
        let held = if school.held { " <strong class=\"new\">retenu</strong>" } else { "" };
        write!(
            self.out,
            "<header>\n<h1>{} <small>{}</small>{held}</h1>\n<p class=\"closing\">{}</p>\n</header>\n<main \
             class=\"school\">\n",
            Escaped(&school.name),
            Escaped(&school.uai),
            counts.join(", ")
        )?;
        let here = |fold: &&HoldFold| match &fold.school {
            Some(uai) => uai.as_str() == school.uai,
            None => fold.is_whole_plan() || (fold.is_person() && school.uai.is_empty()),
        };
        let folds: Vec<&HoldFold> = survey.holds.iter().filter(here).collect();
        self.folds_of_holds(survey, &folds)?;
        self.overview(&school.overview, &|_| String::new())?;
        let known: Vec<ChangeKind> = ORDER.into_iter().filter(|kind| school.counts.of(*kind) > 0).collect();
        self.search(&known)
    }

    pub fn head(&mut self, survey: &Survey) -> io::Result<()> {
        let when = words::moment(survey.header.created, &self.options.zone);
        let back = self.options.in_console.then_some(("/", "← Tableau de bord"));
        self.open(survey, "Plan", back)?;
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
        self.structures(survey)?;
        self.holds(survey)?;
        self.decided(survey)?;
        self.adopted(survey)?;
        self.drift(survey)?;
        self.bindings(survey)
    }

    fn tiles(&mut self, survey: &Survey) -> io::Result<()> {
        let of = |kind| survey.counts.of(kind);
        let totals = &survey.header.totals;
        let groups = of(ChangeKind::GroupCreate)
            + of(ChangeKind::GroupUpdate)
            + of(ChangeKind::GroupDelete)
            + of(ChangeKind::GroupRename);
        let findings: u64 = totals.findings.iter().filter(|(name, _)| *name != "information").map(|(_, n)| n).sum();
        let tiles = [
            ("create", "Comptes à créer", of(ChangeKind::Create)),
            ("update", "À mettre à jour", of(ChangeKind::Update)),
            ("move", "Déplacés", of(ChangeKind::Move)),
            ("restore", "Rétablis", of(ChangeKind::Restore)),
            ("leave", "Absents", of(ChangeKind::Absent)),
            ("leave", "Suspendus", of(ChangeKind::Suspend)),
            ("leave", "À effacer", of(ChangeKind::Purge)),
            ("restore", "Mots de passe à remplacer", of(ChangeKind::Reissue)),
            ("leave", "Mots de passe à retirer", of(ChangeKind::Revoke)),
            ("plain", "Inchangés", totals.accounts.unchanged),
            ("update", "Repris de l'annuaire", survey.adopted.accounts),
            ("update", "Modifiés à la main", totals.drift.restored + totals.drift.left),
            ("plain", "Groupes à écrire", groups),
            ("plain", "Mots de passe à émettre", survey.credentials),
            ("held", "Enregistrements retenus", totals.accounts.held),
            ("plain", "Enregistrements écartés", totals.accounts.discarded),
            ("held", "Enregistrements rejetés", totals.accounts.rejected),
            ("plain", "Hors périmètre", totals.accounts.out_of_scope),
            ("plain", "Signalements à corriger", findings),
        ];
        self.out.write_all(
            b"<section aria-labelledby=\"resume\">\n<h2 id=\"resume\">En bref</h2>\n<dl class=\"tiles\">\n",
        )?;
        // No night deletes anybody.
        let (purge, renews) = (survey.header.purge, survey.header.credentials.is_some());
        let told = |label: &str| match label {
            "À effacer" => purge,
            "Mots de passe à remplacer" | "Mots de passe à retirer" => renews,
            _ => true,
        };
        for (class, label, n) in tiles.into_iter().filter(|(_, label, _)| told(label)) {
            let none = if n == 0 { " none" } else { "" };
            writeln!(self.out, "<div class=\"{class}{none}\"><dt>{label}</dt><dd>{}</dd></div>", number(n))?;
        }
        self.out.write_all(b"</dl>\n</section>\n")
    }

    /// Structures that go on under other identifiers, one line each.
    fn structures(&mut self, survey: &Survey) -> io::Result<()> {
        if survey.header.structures.is_empty() {
            return Ok(());
        }
        self.out
            .write_all(b"<section aria-labelledby=\"structures\">\n<h2 id=\"structures\">Structures</h2>\n<ul>\n")?;
        for structure in &survey.header.structures {
            writeln!(self.out, "<li>{}</li>", Escaped(succession::line(structure)))?;
            if let Some(kept) = succession::kept(structure, self.options.full) {
                writeln!(self.out, "<li>{}</li>", Escaped(kept))?;
            }
        }
        self.out.write_all(b"</ul>\n</section>\n")
    }

    fn holds(&mut self, survey: &Survey) -> io::Result<()> {
        if survey.holds.is_empty() {
            return Ok(());
        }
        if survey.header.undoes.is_some() {
            let changes = survey.holds.iter().map(|fold| fold.changes).sum();
            let title = words::not_undone(changes);
            write!(
                self.out,
                "<section aria-labelledby=\"retenues\" class=\"holds\">\n<h2 id=\"retenues\">{title}</h2>\n<ul>\n"
            )?;
            for hold in survey.holds.iter().flat_map(|fold| &fold.shown) {
                writeln!(self.out, "<li>{} : {}</li>", words::number(hold.changes), Escaped(&hold.message))?;
            }
            return self.out.write_all(b"</ul>\n</section>\n");
        }
        let folds: Vec<&HoldFold> = survey.holds.iter().collect();
        self.folds_of_holds(survey, &folds)
    }

    fn folds_of_holds(&mut self, survey: &Survey, folds: &[&HoldFold]) -> io::Result<()> {
        if folds.is_empty() {
            return Ok(());
        }
        let n = folds.iter().map(|fold| fold.holds).sum();
        write!(
            self.out,
            "<section aria-labelledby=\"retenues\" class=\"holds\">\n<h2 id=\"retenues\">{} : à décider</h2>\n",
            words::count(n, "retenue", "retenues")
        )?;
        let limit = if self.options.full { usize::MAX } else { HOLDS };
        for fold in folds.iter().take(limit) {
            self.hold(survey, fold)?;
        }
        let rest = folds.get(limit..).unwrap_or_default();
        if !rest.is_empty() {
            let n = words::count(rest.iter().map(|fold| fold.holds).sum(), "autre retenue", "autres retenues");
            writeln!(self.out, "<p class=\"more\">… et {n}, sur les pages des établissements.</p>")?;
        }
        self.out.write_all(b"</section>\n")
    }

    /// What people decided: released, set aside, closed.
    fn decided(&mut self, survey: &Survey) -> io::Result<()> {
        for (title, lines) in decided::sections(&survey.header, &survey.holds, self.options.full) {
            write!(self.out, "<section>\n<h2>{title}</h2>\n<ul>\n")?;
            for line in lines {
                writeln!(self.out, "<li>{}</li>", Escaped(line))?;
            }
            self.out.write_all(b"</ul>\n</section>\n")?;
        }
        Ok(())
    }

    fn adopted(&mut self, survey: &Survey) -> io::Result<()> {
        let lines = survey.adopted.lines();
        if lines.is_empty() {
            return Ok(());
        }
        self.out.write_all(b"<section aria-labelledby=\"repris\">\n<h2 id=\"repris\">Comptes repris</h2>\n<ul>\n")?;
        for line in lines {
            writeln!(self.out, "<li>{}</li>", Escaped(capitalised(&line)))?;
        }
        self.out.write_all(b"</ul>\n</section>\n")
    }

    fn drift(&mut self, survey: &Survey) -> io::Result<()> {
        let lines = survey.drift.lines(&survey.header.totals.drift);
        if lines.is_empty() {
            return Ok(());
        }
        self.out.write_all(b"<section aria-labelledby=\"derive\">\n<h2 id=\"derive\">D\xc3\xa9rive</h2>\n<ul>\n")?;
        for line in lines {
            writeln!(self.out, "<li>{}</li>", Escaped(capitalised(&line)))?;
        }
        self.out.write_all(b"</ul>\n</section>\n")
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
            write!(self.out, "<li>{} ", Escaped(&hold.message))?;
            if let Some(remark) = &hold.remark {
                write!(self.out, "<strong>{}</strong> ", Escaped(remark))?;
            }
            write!(self.out, "<small>retenue <code>{}</code>", Escaped(&hold.id))?;
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
        if let Some(renewal) = &header.credentials {
            let reason = Escaped(words::renewal(renewal));
            writeln!(self.out, "<tr><th scope=\"row\">Motif</th><td>{reason}</td></tr>")?;
        }
        if let Some(undoes) = &header.undoes {
            let created = words::moment(undoes.created, &self.options.zone);
            writeln!(self.out, "<tr><th scope=\"row\">Défait</th><td>plan {} du {created}</td></tr>", undoes.plan)?;
        }
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
        let known: Vec<ChangeKind> = counts.shown().map(|(kind, _)| kind).filter(|k| kinds.contains(k)).collect();
        self.search(&known)
    }

    /// The filter of a page with tables, which the script brings to life.
    fn search(&mut self, kinds: &[ChangeKind]) -> io::Result<()> {
        self.out.write_all("<form id=\"filtre\" role=\"search\" hidden>\n<label>Chercher <input type=\"search\" id=\"mots\" placeholder=\"nom, classe, identifiant, valeur\"></label>\n<label>Changement <select id=\"genre\"><option value=\"\">tous</option>".as_bytes())?;
        for kind in kinds {
            write!(self.out, "<option value=\"{}\">{}</option>", kind_token(*kind), title(*kind))?;
        }
        self.out
            .write_all(b"</select></label>\n<label>Profil <select id=\"profil\"><option value=\"\">tous</option>")?;
        for profile in [Profile::Pupil, Profile::Relative, Profile::Teacher, Profile::Staff] {
            let word = words::profile(Some(profile), 2);
            write!(self.out, "<option value=\"{}\">{word}</option>", profile_token(profile))?;
        }
        self.out.write_all("</select></label>\n<label>Retenues <select id=\"motif\"><option value=\"\">toutes</option></select></label>\n<output id=\"trouve\" aria-live=\"polite\"></output>\n</form>\n".as_bytes())
    }

    pub fn open_school(&mut self, school: &School) -> io::Result<()> {
        let mut counts: Vec<String> = school.counts.shown().map(|(kind, n)| words::kind(kind, n)).collect();
        counts.extend(school.unchanged.map(|n| words::count(n, "inchangé", "inchangés")));
        counts.extend(school.overview.seen_line());
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

/// The content policy of the page.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        policy_source(STYLE),
        policy_source(SCRIPT)
    )
}

fn anchor(school: &School) -> String {
    let uai: String = school.uai.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("e-{uai}")
}

pub(super) const fn title(kind: ChangeKind) -> &'static str {
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
        ChangeKind::GroupRename => "Groupes à renommer",
        ChangeKind::StructureRename => "Structures à renommer",
        ChangeKind::StructureMerge => "Structures à réunir",
        ChangeKind::StructureDelete => "Structures à supprimer",
        ChangeKind::Rewrite => "Fiches à réécrire",
        ChangeKind::Purge => "Comptes à effacer",
        ChangeKind::Reissue => "Mots de passe à remplacer",
        ChangeKind::Revoke => "Mots de passe à retirer",
    }
}

pub(super) const fn kind_token(kind: ChangeKind) -> &'static str {
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
        ChangeKind::GroupRename => "group-rename",
        ChangeKind::StructureRename => "structure-rename",
        ChangeKind::StructureMerge => "structure-merge",
        ChangeKind::StructureDelete => "structure-delete",
        ChangeKind::Rewrite => "rewrite",
        ChangeKind::Purge => "purge",
        ChangeKind::Reissue => "reissue",
        ChangeKind::Revoke => "revoke",
    }
}

/// Shown by the filter, so in words.
const fn reason_token(reason: HoldReason) -> &'static str {
    words::hold_reason(reason)
}
