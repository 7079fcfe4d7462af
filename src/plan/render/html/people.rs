//! Everybody of a plan by initial, so that one person is found among all schools without a server.
//!
//! Who is called Zoé ARNAUD and logs in as `z.arnaud` stands under Z and A. An initial with too many people is told
//! apart by two letters.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::list::entry;
use super::page::Page;
use crate::plan::render::row::Row;
use crate::plan::render::shape::is_about_people;
use crate::plan::render::survey::{School, Survey};
use crate::plan::render::words;

/// Entries of one page.
const ENTRIES: u64 = 20_000;
/// Entries in all: they are in memory. Beyond, nobody is on these pages any more, and that is said.
const ALL: u64 = 600_000;

/// Entries by two letters.
#[derive(Debug, Default)]
pub(super) struct People {
    shelves: BTreeMap<String, (u64, Vec<u8>)>,
    entries: u64,
    pub left_out: u64,
}

/// The people of one page.
pub(super) struct Shelf<'a> {
    /// One letter, or two.
    pub initial: String,
    parts: Vec<&'a [u8]>,
    pub left_out: u64,
}

impl Shelf<'_> {
    pub fn file_name(&self) -> String {
        format!("personnes-{}.html", self.initial)
    }
}

/// Two letters, how many entries, and these.
type Part<'a> = (&'a str, u64, &'a [u8]);

impl People {
    pub fn note(&mut self, school: &School, row: &Row) -> io::Result<()> {
        if !is_about_people(row.kind) {
            return Ok(());
        }
        if self.entries >= ALL {
            self.left_out += 1;
            return Ok(());
        }
        let login = row.login.as_deref().unwrap_or_default();
        let words = [row.name.as_str(), login];
        let initials: BTreeSet<String> =
            words.iter().flat_map(|text| text.split([' ', '.', '-', '$', '\'', '’'])).filter_map(initial).collect();
        let texts = [&row.name, row.class.as_deref().unwrap_or_default(), login];
        for initial in initials {
            let (n, json) = self.shelves.entry(initial).or_default();
            *n += 1;
            self.entries += 1;
            entry(json, &texts, row.profile, row.kind, &format!("{}|{}", school.uai, school.name))?;
        }
        Ok(())
    }

    /// The pages: one a letter, or one for each two where there are too many.
    pub fn shelves(&self) -> Vec<Shelf<'_>> {
        let mut letters: BTreeMap<String, Vec<Part<'_>>> = BTreeMap::new();
        for (initial, (n, json)) in &self.shelves {
            let letter: String = initial.chars().take(1).collect();
            letters.entry(letter).or_default().push((initial, *n, json));
        }
        let mut shelves = Vec::new();
        for (letter, parts) in letters {
            if parts.iter().map(|(_, n, _)| n).sum::<u64>() <= ENTRIES {
                let parts = parts.into_iter().map(|(_, _, json)| json).collect();
                shelves.push(Shelf { initial: letter, parts, left_out: 0 });
                continue;
            }
            for (initial, n, json) in parts {
                let (json, left_out) = if n <= ENTRIES { (json, 0) } else { (first(json), n - ENTRIES) };
                shelves.push(Shelf { initial: initial.to_owned(), parts: vec![json], left_out });
            }
        }
        shelves
    }
}

/// The first [`ENTRIES`], one a line.
fn first(json: &[u8]) -> &[u8] {
    let lines = json.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = lines.map(|(at, _)| at).nth(usize::try_from(ENTRIES).unwrap_or(usize::MAX).saturating_sub(1));
    // Without the comma before the line that is left out.
    end.and_then(|end| json.get(..end.saturating_sub(1))).unwrap_or(json)
}

/// The first two letters of a word as a search compares them, without accents.
fn initial(word: &str) -> Option<String> {
    let plain = deunicode::deunicode(word).to_ascii_lowercase();
    let letters: String = plain.chars().filter(char::is_ascii_alphanumeric).take(2).collect();
    (!letters.is_empty()).then_some(letters)
}

impl<W: Write> Page<'_, W> {
    /// The page of one initial.
    pub fn people(&mut self, survey: &Survey, shelf: &Shelf<'_>, back: &str) -> io::Result<()> {
        let title = format!("Personnes : {}", shelf.initial.to_uppercase());
        self.open(survey, &title, Some((back, "← Plan")))?;
        write!(
            self.out,
            "<header>\n<h1>{title}</h1>\n</header>\n<main>\n<form id=\"filtre\" role=\"search\" hidden>\n<label>Chercher \
             <input type=\"search\" id=\"mots\" placeholder=\"nom, classe, identifiant\"></label>\n<output id=\"trouve\" \
             aria-live=\"polite\"></output>\n</form>\n<noscript><p>La recherche demande JavaScript ; les pages des \
             établissements se lisent sans.</p></noscript>\n<section id=\"trouves\" data-ecoles aria-labelledby=\"trouves-titre\">\n<h2 \
             id=\"trouves-titre\">Trouvés</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Nom</th><th \
             scope=\"col\">Classe</th><th scope=\"col\">Identifiant</th><th scope=\"col\">Profil</th><th \
             scope=\"col\">Changement</th><th scope=\"col\">Établissement</th></tr></thead>\n<tbody></tbody></table></div>\n\
             <p class=\"more\" id=\"trouves-reste\"></p>\n</section>\n"
        )?;
        if shelf.left_out > 0 {
            let n = words::count(shelf.left_out, "personne n'est pas dans", "personnes ne sont pas dans");
            writeln!(self.out, "<p class=\"more\">{n} cette page : rentree show --person CLÉ.</p>")?;
        }
        let json = shelf.parts.join(&b",\n"[..]);
        self.data(&json)?;
        self.foot(survey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_its_plain_letters() {
        assert_eq!(initial("Œuvrard").as_deref(), Some("oe"));
        assert_eq!(initial("Éloïse").as_deref(), Some("el"));
        assert_eq!(initial("—"), None);
    }

    #[test]
    fn a_page_that_is_too_long_is_cut_between_entries() {
        let mut json = Vec::new();
        for n in 0..ENTRIES + 2 {
            entry(&mut json, &[&n.to_string()], None, crate::plan::ChangeKind::Create, "").unwrap();
        }
        let cut: serde_json::Value = serde_json::from_slice(&[&b"["[..], first(&json), b"]"].concat()).unwrap();
        assert_eq!(cut.as_array().unwrap().len() as u64, ENTRIES);
    }
}
