//! The tables of the page: one per school and kind, a group of rows per fold.

use std::io::{self, Write};

use super::list::profile_token;
use super::page::{Escaped, Page, kind_token, title};
use crate::plan::ChangeKind;
use crate::plan::render::fold::{Fold, Who};
use crate::plan::render::row::Detail;
use crate::plan::render::shape::is_about_people;
use crate::plan::render::words::{self, number};

/// Values are shortened to this many characters.
const VALUE_WIDTH: usize = 300;
/// More people than this to whom the same happens share one row of names, where only the names differ.
const ROW_EACH: usize = 8;

/// The columns of a table.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// Profile, class, login and origin.
    persons: bool,
    /// Left out where the groups' headings say everything.
    change: bool,
}

impl Columns {
    fn of(kind: ChangeKind, folds: &[Fold]) -> Self {
        let says = |f: &Fold| f.people.iter().any(|who| who.note.is_some()) || (f.count == 1 && f.says_more());
        Self { persons: is_about_people(kind), change: folds.iter().any(says) }
    }

    const fn count(self) -> usize {
        1 + if self.persons { 4 } else { 0 } + if self.change { 1 } else { 0 }
    }
}

impl Fold {
    /// Whether there is more to say than whom it is about.
    fn says_more(&self) -> bool {
        let said = &self.said;
        said.note.is_some() || said.adopts || !self.attributes.is_empty() || self.added + self.removed > 0
    }
}

impl<W: Write> Page<'_, W> {
    /// One table of at most `limit` rows of people; `listed` when everybody is in the list of the page too.
    pub fn kind(&mut self, kind: ChangeKind, count: u64, folds: &[Fold], limit: usize, listed: bool) -> io::Result<()> {
        let whole = if listed { " data-liste" } else { "" };
        let columns = Columns::of(kind, folds);
        write!(
            self.out,
            "<section class=\"kind {}\" data-kind=\"{}\"{whole}>\n<h3><span class=\"sign\" aria-hidden=\"true\">{}</span> {} \
             <small>{}</small></h3>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Nom</th>",
            tone(kind),
            kind_token(kind),
            words::symbol(kind),
            title(kind),
            number(count)
        )?;
        let titles = [
            ("Profil", columns.persons),
            ("Classe", columns.persons),
            ("Identifiant", columns.persons),
            ("Changement", columns.change),
            ("Origine", columns.persons),
        ];
        for (title, _) in titles.into_iter().filter(|(_, there)| *there) {
            write!(self.out, "<th scope=\"col\">{title}</th>")?;
        }
        self.out.write_all(b"</tr></thead>\n")?;
        let mut room = limit;
        for fold in folds {
            let shown = fold.people.len().min(room);
            room -= shown;
            self.fold(kind, fold, shown, columns)?;
        }
        self.out.write_all(b"</table></div>\n</section>\n")
    }

    fn fold(&mut self, kind: ChangeKind, fold: &Fold, shown: usize, columns: Columns) -> io::Result<()> {
        let alone = fold.count == 1 && shown == 1;
        let width = columns.count();
        let profile = fold.said.profile.map_or("", profile_token);
        writeln!(self.out, "<tbody data-profil=\"{profile}\">")?;
        if !alone {
            let heading = Escaped(heading(kind, fold));
            write!(self.out, "<tr class=\"fold\"><th scope=\"rowgroup\" colspan=\"{width}\">{heading} ")?;
            self.change(fold)?;
            self.out.write_all(b"</th></tr>\n")?;
        }
        let more = fold.count - shown as u64;
        let same =
            matches!(kind, ChangeKind::Move | ChangeKind::Update | ChangeKind::Restore | ChangeKind::GroupCreate);
        if same && shown > ROW_EACH && !self.options.full {
            return self.names(fold, shown, more, width);
        }
        // A group that stands for itself was named in the heading.
        if alone || kind != ChangeKind::GroupUpdate || fold.said.rest {
            for who in fold.people.iter().take(shown) {
                self.person(fold, who, alone, columns)?;
            }
        }
        if more > 0 {
            let text = match shown {
                0 => words::count(more, "non détaillé ici", "non détaillés ici"),
                _ => format!("… et {}", words::count(more, "autre", "autres")),
            };
            writeln!(self.out, "<tr class=\"more\"><td colspan=\"{width}\">{text}</td></tr>")?;
        }
        self.out.write_all(b"</tbody>\n")
    }

    /// Everybody of a large fold in one row.
    fn names(&mut self, fold: &Fold, shown: usize, more: u64, width: usize) -> io::Result<()> {
        write!(self.out, "<tr><td class=\"names\" colspan=\"{width}\">")?;
        for (i, who) in fold.people.iter().take(shown).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(self.out, "{comma}{}", Escaped(&who.name))?;
            if let Some(class) = &who.class {
                write!(self.out, " <small>{}</small>", Escaped(class))?;
            }
        }
        if more > 0 {
            write!(self.out, ", … et {}", words::count(more, "autre", "autres"))?;
        }
        self.out.write_all(b"</td></tr>\n</tbody>\n")
    }

    fn person(&mut self, fold: &Fold, who: &Who, alone: bool, columns: Columns) -> io::Result<()> {
        let text = |value: Option<&str>| Escaped(value.unwrap_or_default().to_owned());
        write!(self.out, "<tr><td>{}</td>", Escaped(&who.name))?;
        if columns.persons {
            let profile = if fold.said.profile.is_some() { words::profile(fold.said.profile, 1) } else { "" };
            let (class, login) = (text(who.class.as_deref()), text(who.login.as_deref()));
            write!(self.out, "<td>{profile}</td><td>{class}</td><td>{login}</td>")?;
        }
        if columns.change {
            write!(self.out, "<td>{}", text(who.note.as_deref()))?;
            if alone {
                self.change(fold)?;
            }
            self.out.write_all(b"</td>")?;
        }
        if columns.persons {
            write!(self.out, "<td class=\"origin\">{}</td>", text(who.origin.as_deref()))?;
        }
        self.out.write_all(b"</tr>\n")
    }

    /// What is common to the fold: note, members, attributes before and after.
    fn change(&mut self, fold: &Fold) -> io::Result<()> {
        if let Some(note) = &fold.said.note {
            write!(self.out, "<span>{}</span> ", Escaped(note))?;
        }
        if fold.said.adopts && fold.attributes.is_empty() {
            self.out.write_all("<span>rien à aligner</span> ".as_bytes())?;
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
}

/// What a group of rows has in common, before its values.
fn heading(kind: ChangeKind, fold: &Fold) -> String {
    let n = fold.count;
    match kind {
        ChangeKind::GroupUpdate => {
            fold.said.name.clone().unwrap_or_else(|| words::count(n, "autre groupe", "autres groupes"))
        }
        ChangeKind::GroupCreate | ChangeKind::GroupDelete | ChangeKind::GroupRename => {
            words::count(n, "groupe", "groupes")
        }
        ChangeKind::StructureCreate
        | ChangeKind::StructureUpdate
        | ChangeKind::StructureRename
        | ChangeKind::StructureMerge
        | ChangeKind::StructureDelete => words::count(n, "structure", "structures"),
        ChangeKind::Rewrite => words::count(n, "fiche", "fiches"),
        _ => {
            let other = if fold.said.rest { "autres " } else { "" };
            let noun = words::profile(fold.said.profile, n);
            let class = fold.said.class.as_ref().map(|c| format!(" de {c}")).unwrap_or_default();
            let own = if fold.said.rest { ", chacun ses valeurs" } else { "" };
            format!("{} {other}{noun}{class}{own}", number(n))
        }
    }
}

const fn tone(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate | ChangeKind::Create | ChangeKind::GroupCreate => "create",
        ChangeKind::StructureUpdate | ChangeKind::Update | ChangeKind::GroupUpdate | ChangeKind::Rewrite => "update",
        ChangeKind::Move | ChangeKind::StructureRename | ChangeKind::StructureMerge | ChangeKind::GroupRename => "move",
        ChangeKind::Restore | ChangeKind::Reissue => "restore",
        ChangeKind::Absent
        | ChangeKind::Revoke
        | ChangeKind::Suspend
        | ChangeKind::Purge
        | ChangeKind::GroupDelete
        | ChangeKind::StructureDelete => "leave",
    }
}
