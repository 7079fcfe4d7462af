//! The rows that a page's search looks through and that do not stand in its tables: a block of JSON, which is data to
//! the browser and never runs.

use std::io::{self, Write};

use super::page::{Page, kind_token, title};
use crate::plan::ChangeKind;
use crate::plan::render::row::Row;
use crate::plan::render::words::{self, plain};
use crate::roster::Profile;

/// Rows of a page's list: beyond, they are counted. A browser finds its way through so many at once.
const ROWS: u64 = 20_000;
/// Characters of what is said of one row.
const WIDTH: usize = 100;

/// Rows for the search of one page.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Without the brackets.
    json: Vec<u8>,
    rows: u64,
    left_out: u64,
}

impl List {
    pub fn push(&mut self, row: &Row) -> io::Result<()> {
        if self.rows >= ROWS {
            self.left_out += 1;
            return Ok(());
        }
        self.rows += 1;
        let attributes: Vec<&str> = row.details.iter().map(|d| d.attribute.as_str()).collect();
        let what = row.note.clone().unwrap_or_else(|| attributes.join(", "));
        let what = words::shorten(&what, WIDTH);
        let texts = [&row.name, row.class.as_deref().unwrap_or_default(), row.login.as_deref().unwrap_or_default()];
        entry(&mut self.json, &texts, row.profile, row.kind, &what)
    }
}

/// `["Zoé ARNAUD","4A","z.arnaud","pupil","update","mobile"],` and a newline, safe inside of a `script` element.
pub(super) fn entry(
    out: &mut Vec<u8>,
    texts: &[&str],
    profile: Option<Profile>,
    kind: ChangeKind,
    what: &str,
) -> io::Result<()> {
    if !out.is_empty() {
        out.extend_from_slice(b",\n");
    }
    let texts = texts.iter().map(|text| plain(text));
    let tokens = [profile.map_or("", profile_token).into(), kind_token(kind).into(), plain(what)];
    let fields: Vec<_> = texts.chain(tokens).collect();
    let json = serde_json::to_string(&fields)?;
    // A `<` could end the element, whatever stands around it.
    out.extend_from_slice(json.replace('<', "\\u003c").as_bytes());
    Ok(())
}

pub(super) const fn profile_token(profile: Profile) -> &'static str {
    match profile {
        Profile::Pupil => "pupil",
        Profile::Relative => "relative",
        Profile::Teacher => "teacher",
        Profile::Staff => "staff",
    }
}

impl<W: Write> Page<'_, W> {
    /// The table that a search fills, and what it looks through.
    pub fn list(&mut self, list: &List) -> io::Result<()> {
        if list.rows == 0 {
            return Ok(());
        }
        self.out.write_all(
            "<section id=\"trouves\" hidden aria-labelledby=\"trouves-titre\">\n<h2 id=\"trouves-titre\">Trouvés dans les \
             listes complètes</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Nom</th><th \
             scope=\"col\">Classe</th><th scope=\"col\">Identifiant</th><th scope=\"col\">Profil</th><th \
             scope=\"col\">Changement</th><th scope=\"col\">Détail</th></tr></thead>\n<tbody></tbody></table></div>\n<p \
             class=\"more\" id=\"trouves-reste\"></p>\n</section>\n"
                .as_bytes(),
        )?;
        if list.left_out > 0 {
            let n = words::count(list.left_out, "changement n'est pas dans", "changements ne sont pas dans");
            writeln!(self.out, "<p class=\"more\">{n} cette page : rentree show --school UAI --full.</p>")?;
        }
        self.data(&list.json)
    }

    /// The block of data, with the words of its tokens.
    pub fn data(&mut self, json: &[u8]) -> io::Result<()> {
        let mut kinds: Vec<(&str, &str)> = Vec::new();
        kinds.extend(ChangeKind::ALL.map(|kind| (kind_token(kind), title(kind))));
        kinds.extend(
            [Profile::Pupil, Profile::Relative, Profile::Teacher, Profile::Staff]
                .map(|profile| (profile_token(profile), words::profile(Some(profile), 1))),
        );
        let words: std::collections::BTreeMap<&str, &str> = kinds.into_iter().collect();
        writeln!(
            self.out,
            "<script type=\"application/json\" id=\"liste\">{{\"words\":{},\"rows\":[",
            serde_json::to_string(&words)?
        )?;
        self.out.write_all(json)?;
        self.out.write_all(b"\n]}</script>\n")
    }
}
