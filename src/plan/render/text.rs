//! A plan as text for a terminal, in French: holds, then school by school, then one closing line.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::buckets::ORDER;
use super::fold::{Fold, Limits, Who, fold};
use super::holds::HoldFold;
use super::row::Detail;
use super::survey::{School, Survey};
use super::{Options, RenderError, brief, decided, succession, words};
use crate::plan::ChangeKind;

/// Values are shortened to this many characters.
const VALUE_WIDTH: usize = 72;
/// Values of one attribute that are shown.
const VALUES: usize = 3;
/// Names of a fold. Who loses access is named further than who gains it.
const NAMES: usize = 3;
const NAMES_AT_RISK: usize = 12;
/// Different values shown of one set of attributes.
const VARIANTS: usize = 8;
/// More schools than this are one line each, and more changes than this are said by likeness first.
const SCHOOLS: usize = 5;
pub(super) const OVERVIEW: u64 = 100;
/// Beyond so many folds of holds, those of persons are told by reason.
const HOLDS: usize = 8;

/// Renders the plan in `path`, whose seal is checked before the first line is written.
pub fn text(path: &Path, options: &Options, out: &mut dyn Write) -> Result<(), RenderError> {
    write(Survey::read(path, options)?, options, out)
}

pub(super) fn write(survey: Survey, options: &Options, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut text = Text { out: BufWriter::new(out), paint: Paint(options.colour), options };
    text.write(survey)
}

/// Colours that say again what the signs say.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }
    fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }
    fn kind(self, kind: ChangeKind) -> String {
        let code = match kind {
            ChangeKind::StructureCreate | ChangeKind::Create | ChangeKind::GroupCreate => "32",
            ChangeKind::StructureUpdate | ChangeKind::Update | ChangeKind::GroupUpdate | ChangeKind::Rewrite => "33",
            ChangeKind::Move | ChangeKind::StructureRename | ChangeKind::StructureMerge | ChangeKind::GroupRename => {
                "36"
            }
            ChangeKind::Restore | ChangeKind::Reissue => "35",
            ChangeKind::Absent
            | ChangeKind::Revoke
            | ChangeKind::Suspend
            | ChangeKind::Purge
            | ChangeKind::GroupDelete
            | ChangeKind::StructureDelete => "31",
        };
        self.with(code, words::symbol(kind))
    }
}

struct Text<'a> {
    out: BufWriter<&'a mut dyn Write>,
    paint: Paint,
    options: &'a Options,
}

impl Text<'_> {
    fn write(&mut self, mut survey: Survey) -> Result<(), RenderError> {
        self.head(&survey).map_err(RenderError::Output)?;
        self.holds(&survey).map_err(RenderError::Output)?;
        self.decided(&survey).map_err(RenderError::Output)?;
        self.adopted(&survey).map_err(RenderError::Output)?;
        self.structures(&survey).map_err(RenderError::Output)?;
        self.drift(&survey).map_err(RenderError::Output)?;
        let mut schools = std::mem::take(&mut survey.schools);
        // One line a structure says it all to whoever does not ask for everything.
        if !survey.header.structures.is_empty() && !self.options.full {
            schools.clear();
        }
        let short = survey.shown >= OVERVIEW || schools.len() > SCHOOLS;
        if short && survey.header.structures.is_empty() {
            self.overview(&survey, &schools).map_err(RenderError::Output)?;
        }
        // A plan of a whole academy is read school by school, on demand.
        if schools.len() > SCHOOLS && !self.options.full && self.options.filter.is_empty() {
            self.table(&schools, &survey).map_err(RenderError::Output)?;
            schools.clear();
        }
        for school in &schools {
            self.school(school).map_err(RenderError::Output)?;
            for kind in ORDER {
                let folds = fold(survey.buckets.rows(&school.uai, kind), kind, self.limits(kind));
                for fold in folds.map_err(RenderError::Sort)? {
                    self.fold(kind, &fold).map_err(RenderError::Output)?;
                }
            }
        }
        let mut end = || -> io::Result<()> {
            writeln!(self.out)?;
            if !self.options.filter.is_empty() && !survey.kept_back {
                let (shown, all) = (words::number(survey.shown), words::number(survey.seal.changes));
                writeln!(self.out, "Filtre : {shown} des {all} changements du plan montrés ci-dessus.")?;
            }
            writeln!(self.out, "{}", self.paint.bold(&survey.closing()))?;
            self.out.flush()
        };
        end().map_err(RenderError::Output)
    }

    fn limits(&self, kind: ChangeKind) -> Limits {
        if self.options.full {
            return Limits::FULL;
        }
        let people = match kind {
            ChangeKind::Purge
            | ChangeKind::Revoke
            | ChangeKind::Suspend
            | ChangeKind::Absent
            | ChangeKind::GroupDelete => NAMES_AT_RISK,
            _ => NAMES,
        };
        Limits { people, variants: VARIANTS, full: false }
    }

    fn head(&mut self, survey: &Survey) -> io::Result<()> {
        let header = &survey.header;
        let title = format!("Plan {}", header.plan_id);
        writeln!(self.out, "{} du {}", self.paint.bold(&title), words::moment(header.created, &self.options.zone))?;
        if let Some(undoes) = &header.undoes {
            let created = words::moment(undoes.created, &self.options.zone);
            writeln!(self.out, "  Défait     plan {} du {created}", undoes.plan)?;
        }
        if let Some(renewal) = &header.credentials {
            writeln!(self.out, "  Motif      {}", words::plain(&words::renewal(renewal)))?;
        }
        writeln!(self.out, "  Annuaire   {}", words::plain(&header.directory))?;
        for (i, source) in header.sources.iter().enumerate() {
            let label = if i == 0 { "Sources" } else { "" };
            let delivered = source
                .delivered
                .map_or_else(|| "livraison non datée".to_owned(), |date| format!("livraison du {}", words::date(date)));
            writeln!(
                self.out,
                "  {label:<10} {}, {delivered} (image {})",
                words::plain(&source.name),
                words::number(source.version.unsigned_abs())
            )?;
        }
        Ok(())
    }

    fn structures(&mut self, survey: &Survey) -> io::Result<()> {
        for structure in &survey.header.structures {
            let sign = self.paint.with("36", "→");
            writeln!(self.out, "\n{sign} {}", words::plain(&succession::line(structure)))?;
            if let Some(kept) = succession::kept(structure, self.options.full) {
                writeln!(self.out, "    {}", words::plain(&kept))?;
            }
        }
        Ok(())
    }

    fn holds(&mut self, survey: &Survey) -> io::Result<()> {
        if survey.holds.is_empty() {
            return Ok(());
        }
        if survey.header.undoes.is_some() {
            return self.left(survey);
        }
        let n = survey.holds.count();
        let title = format!("!! {} : à décider avant que ce qui suit se fasse", words::count(n, "retenue", "retenues"));
        writeln!(self.out, "\n{}", self.paint.alarm(&title))?;
        let folds: Vec<&HoldFold> = survey.holds.iter().collect();
        if folds.len() <= HOLDS || self.options.full {
            return folds.into_iter().try_for_each(|hold| self.hold(survey, hold));
        }
        for hold in folds.iter().filter(|fold| fold.is_whole_plan()) {
            self.hold(survey, hold)?;
        }
        brief::holds(&mut self.out, &survey.holds, &|uai| survey.school_name(uai).to_owned())
    }

    fn overview(&mut self, survey: &Survey, schools: &[School]) -> io::Result<()> {
        let known: BTreeMap<&str, &str> = schools.iter().map(|s| (s.uai.as_str(), s.name.as_str())).collect();
        let name = |uai: &str| words::plain(known.get(uai).copied().unwrap_or(uai)).into_owned();
        let paint = self.paint;
        brief::overview(&mut self.out, &survey.overview, &name, &|title| paint.bold(title))
    }

    fn table(&mut self, schools: &[School], survey: &Survey) -> io::Result<()> {
        let paint = self.paint;
        brief::schools(&mut self.out, schools, &|title| paint.bold(title))?;
        let plan = survey.header.plan_id;
        writeln!(self.out, "  Un établissement : rentree show {plan} --school UAI ; tous : --full, ou --html DOSSIER.")
    }

    fn decided(&mut self, survey: &Survey) -> io::Result<()> {
        if survey.kept_back {
            return Ok(());
        }
        for (title, lines) in decided::sections(&survey.header, &survey.holds, self.options.full) {
            writeln!(self.out, "\n{}", self.paint.bold(title))?;
            for line in lines {
                writeln!(self.out, "  {}", words::plain(&line))?;
            }
        }
        Ok(())
    }

    /// What an undo leaves as it is: there is nothing to decide.
    fn left(&mut self, survey: &Survey) -> io::Result<()> {
        let changes = survey.holds.iter().map(|fold| fold.changes).sum();
        let title = format!("!! {}", super::words::not_undone(changes));
        writeln!(self.out, "\n{}", self.paint.alarm(&title))?;
        for fold in survey.holds.iter() {
            for hold in &fold.shown {
                writeln!(self.out, "     {} : {}", words::number(hold.changes), words::plain(&hold.message))?;
            }
            let more = fold.holds - fold.shown.len() as u64;
            if more > 0 {
                writeln!(self.out, "     … et {}", words::count(more, "autre raison", "autres raisons"))?;
            }
        }
        Ok(())
    }

    fn adopted(&mut self, survey: &Survey) -> io::Result<()> {
        for (i, line) in survey.adopted.lines().iter().enumerate() {
            match i {
                0 => writeln!(self.out, "\n{}", self.paint.bold(line))?,
                _ => writeln!(self.out, "  {line}")?,
            }
        }
        Ok(())
    }

    fn drift(&mut self, survey: &Survey) -> io::Result<()> {
        for (i, line) in survey.drift.lines(&survey.header.totals.drift).iter().enumerate() {
            match i {
                0 => writeln!(self.out, "\n{}", self.paint.bold(&super::words::capitalised(line)))?,
                _ => writeln!(self.out, "  {line}")?,
            }
        }
        Ok(())
    }

    fn hold(&mut self, survey: &Survey, fold: &HoldFold) -> io::Result<()> {
        let place = match &fold.school {
            Some(uai) => format!("{} ({uai})", words::plain(survey.school_name(uai.as_str()))),
            None if fold.is_person() => "hors établissement".to_owned(),
            None => "plan entier".to_owned(),
        };
        let reason = words::hold_reason(fold.reason);
        let who = if fold.is_person() {
            format!("{}, {reason}", words::count(fold.holds, "personne", "personnes"))
        } else {
            reason.to_owned()
        };
        let new = match fold.new {
            0 => String::new(),
            n if n == fold.holds => words::agree(n, ", nouvelle", ", nouvelles").to_owned(),
            n => format!(", dont {}", words::count(n, "nouvelle", "nouvelles")),
        };
        let changes = words::count(fold.changes, "changement retenu", "changements retenus");
        writeln!(self.out, "{} {} : {who}{new} ({changes})", self.paint.alarm("!!"), self.paint.bold(&place))?;
        for hold in &fold.shown {
            writeln!(self.out, "     {}", words::plain(&hold.message))?;
            if let Some(remark) = &hold.remark {
                writeln!(self.out, "     {}", self.paint.bold(&words::plain(remark)))?;
            }
            let mut about = vec![format!("retenue {}", words::plain(&hold.id))];
            about.extend(hold.join_key.as_ref().map(|key| words::plain(key.as_str()).into_owned()));
            about.extend(hold.origin.as_ref().map(|origin| words::plain(&origin.to_string()).into_owned()));
            writeln!(self.out, "     {}", self.paint.dim(&about.join(", ")))?;
        }
        let more = fold.holds - fold.shown.len() as u64;
        if more > 0 {
            writeln!(self.out, "     … et {}", words::count(more, "autre", "autres"))?;
        }
        Ok(())
    }

    fn school(&mut self, school: &School) -> io::Result<()> {
        let name = words::plain(&school.name);
        let title = if school.uai.is_empty() { name.into_owned() } else { format!("{name} ({})", school.uai) };
        let counts: Vec<String> = school.counts.shown().map(|(kind, n)| words::kind(kind, n)).collect();
        let held = if school.held { self.paint.alarm(" [RETENU]") } else { String::new() };
        writeln!(self.out, "\n{}{held}", self.paint.bold(&title))?;
        let mut counts = counts;
        counts.extend(school.unchanged.map(|n| words::count(n, "inchangé", "inchangés")));
        writeln!(self.out, "  {}", self.paint.dim(&counts.join(", ")))?;
        match school.overview.seen_line() {
            Some(seen) => writeln!(self.out, "  {}", self.paint.dim(&seen)),
            None => Ok(()),
        }
    }

    fn fold(&mut self, kind: ChangeKind, fold: &Fold) -> io::Result<()> {
        let sign = self.paint.kind(kind);
        let names = self.names(kind, fold);
        match kind {
            ChangeKind::GroupUpdate => self.group(&sign, fold),
            ChangeKind::StructureCreate
            | ChangeKind::StructureDelete
            | ChangeKind::GroupCreate
            | ChangeKind::GroupDelete => {
                let noun = match (kind, fold.count) {
                    (ChangeKind::StructureCreate, _) => "structure créée".to_owned(),
                    (ChangeKind::StructureDelete, _) => "structure supprimée".to_owned(),
                    (ChangeKind::GroupCreate, n) => words::count(n, "groupe créé", "groupes créés"),
                    (_, n) => words::count(n, "groupe supprimé", "groupes supprimés"),
                };
                writeln!(self.out, "  {sign} {noun} : {names}")
            }
            ChangeKind::Create => match fold.people.as_slice() {
                [one] if fold.count == 1 => writeln!(self.out, "  {sign} {}", person(fold, one)),
                _ => writeln!(self.out, "  {sign} {} : {names}", many(fold)),
            },
            ChangeKind::Update
            | ChangeKind::Rewrite
            | ChangeKind::StructureUpdate
            | ChangeKind::StructureRename
            | ChangeKind::StructureMerge
            | ChangeKind::GroupRename => self.update(&sign, fold, &names),
            ChangeKind::Purge
            | ChangeKind::Reissue
            | ChangeKind::Revoke
            | ChangeKind::Suspend
            | ChangeKind::Absent
            | ChangeKind::Move
            | ChangeKind::Restore => self.transition(kind, &sign, fold, &names),
        }
    }

    fn transition(&mut self, kind: ChangeKind, sign: &str, fold: &Fold, names: &str) -> io::Result<()> {
        let who = match fold.people.as_slice() {
            [one] if fold.count == 1 => person(fold, one),
            _ => many(fold),
        };
        let note = fold.said.note.as_deref().map(words::plain).unwrap_or_default();
        let word = match kind {
            ChangeKind::Suspend => words::agree(fold.count, "suspendu", "suspendus"),
            ChangeKind::Purge => words::agree(fold.count, "à effacer", "à effacer"),
            ChangeKind::Reissue => "mot de passe à remplacer",
            ChangeKind::Revoke => "mot de passe à retirer",
            ChangeKind::Restore => words::agree(fold.count, "rétabli", "rétablis"),
            // The note says it better where there is one.
            ChangeKind::Absent if !note.starts_with("absent") => words::agree(fold.count, "absent", "absents"),
            ChangeKind::Move if note.is_empty() => words::agree(fold.count, "déplacé", "déplacés"),
            _ => "",
        };
        let own = if fold.said.rest { "chacun pour sa raison" } else { "" };
        let what: Vec<&str> = [word, &note, own].into_iter().filter(|part| !part.is_empty()).collect();
        let attributes = if fold.said.details.is_empty() { attributes(fold) } else { String::new() };
        let attributes = if attributes.is_empty() { attributes } else { format!(" ({attributes})") };
        writeln!(self.out, "  {sign} {who} : {}{attributes}", what.join(", "))?;
        if fold.count > 1 {
            writeln!(self.out, "      {}", self.paint.dim(names))?;
        }
        self.details(&fold.said.details)
    }

    fn update(&mut self, sign: &str, fold: &Fold, names: &str) -> io::Result<()> {
        let who = match fold.people.as_slice() {
            [one] if fold.count == 1 => person(fold, one),
            _ => many(fold),
        };
        let note = fold.said.note.as_deref().map(|note| format!(" ({})", words::plain(note))).unwrap_or_default();
        if fold.said.details.is_empty() {
            let own = if fold.said.rest { ", chacun ses valeurs" } else { "" };
            writeln!(self.out, "  {sign} {who}{note} : {}{own}", attributes(fold))?;
        } else if let [detail] = fold.said.details.as_slice() {
            writeln!(self.out, "  {sign} {who}{note} : {}", self.detail(detail))?;
        } else {
            writeln!(self.out, "  {sign} {who}{note}")?;
            self.details(&fold.said.details)?;
        }
        if fold.count > 1 {
            writeln!(self.out, "      {}", self.paint.dim(names))?;
        }
        Ok(())
    }

    fn group(&mut self, sign: &str, fold: &Fold) -> io::Result<()> {
        let name = match &fold.said.name {
            Some(name) => words::plain(name).into_owned(),
            None => words::count(fold.count, "autre groupe", "autres groupes"),
        };
        let mut what = Vec::new();
        if fold.added > 0 {
            what.push(format!("+{}", words::number(fold.added)));
        }
        if fold.removed > 0 {
            what.push(format!("−{}", words::number(fold.removed)));
        }
        let members = match fold.added + fold.removed {
            0 => String::new(),
            n => format!(" : {} {}", what.join(" "), words::agree(n, "membre", "membres")),
        };
        let note = fold.said.note.as_deref().map(|note| format!(" ({})", words::plain(note))).unwrap_or_default();
        writeln!(self.out, "  {sign} {name}{note}{members}")?;
        self.details(&fold.said.details)
    }

    fn details(&mut self, details: &[Detail]) -> io::Result<()> {
        for detail in details {
            writeln!(self.out, "      {}", self.detail(detail))?;
        }
        Ok(())
    }

    /// `attribute « old » → « new »`.
    fn detail(&self, detail: &Detail) -> String {
        let attribute = words::plain(&detail.attribute);
        let old = self.values(&detail.old, false);
        let new = self.values(&detail.new, false);
        match (detail.old.is_empty(), detail.new.is_empty()) {
            (true, _) => format!("{attribute} reçoit {new}"),
            (_, true) => format!("{attribute} perd {old}"),
            // Shortened to the same, they would hide what differs.
            _ if old == new => {
                format!("{attribute} {} → {}", self.values(&detail.old, true), self.values(&detail.new, true))
            }
            _ => format!("{attribute} {old} → {new}"),
        }
    }

    fn values(&self, values: &[String], whole: bool) -> String {
        let limit = if self.options.full || whole { usize::MAX } else { VALUES };
        let width = if self.options.full || whole { usize::MAX } else { VALUE_WIDTH };
        let shown: Vec<String> =
            values.iter().take(limit).map(|v| format!("« {} »", words::plain(&words::shorten(v, width)))).collect();
        let more = values.len().saturating_sub(limit) as u64;
        let more = if more > 0 { format!(", … et {}", words::count(more, "autre", "autres")) } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }

    fn names(&self, kind: ChangeKind, fold: &Fold) -> String {
        let names: Vec<String> = fold
            .people
            .iter()
            .map(|who| {
                // Where the class is the fold's, or is what changes, it is not said again.
                let class = match (&who.class, kind) {
                    (
                        Some(class),
                        ChangeKind::Purge
                        | ChangeKind::Reissue
                        | ChangeKind::Revoke
                        | ChangeKind::Suspend
                        | ChangeKind::Absent
                        | ChangeKind::Update,
                    ) => Some(words::plain(class).into_owned()),
                    _ => None,
                };
                let note =
                    who.note.as_deref().filter(|_| self.options.full).map(|note| words::plain(note).into_owned());
                let about: Vec<String> = class.into_iter().chain(note).collect();
                let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
                format!("{}{about}", words::plain(&who.name))
            })
            .collect();
        let more = fold.count.saturating_sub(fold.people.len() as u64);
        let more = if more > 0 { format!(", … et {}", words::count(more, "autre", "autres")) } else { String::new() };
        format!("{}{more}", names.join(", "))
    }
}

/// `27 élèves de 6A`.
fn many(fold: &Fold) -> String {
    let other = if fold.said.rest && fold.said.profile.is_some() { "autres " } else { "" };
    let noun = words::profile(fold.said.profile, fold.count);
    let class = fold.said.class.as_ref().map(|class| format!(" de {}", words::plain(class))).unwrap_or_default();
    format!("{} {other}{noun}{class}", words::number(fold.count))
}

/// The names of the attributes that a fold touches.
fn attributes(fold: &Fold) -> String {
    let names: Vec<&str> = fold.attributes.iter().map(String::as_str).collect();
    if names.is_empty() && fold.said.adopts {
        return "rien à aligner".to_owned();
    }
    words::plain(&names.join(", ")).into_owned()
}

/// `Zoé ARNAUD (élève, 6A)`.
fn person(fold: &Fold, who: &Who) -> String {
    let mut about = Vec::new();
    if fold.said.profile.is_some() {
        about.push(words::profile(fold.said.profile, 1).to_owned());
    }
    about.extend(who.class.as_ref().map(|class| words::plain(class).into_owned()));
    about.extend(who.note.as_ref().map(|note| words::plain(note).into_owned()));
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    format!("{}{about}", words::plain(&who.name))
}
