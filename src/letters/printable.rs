//! What paper can show: checked and cleaned before anything is typeset.
//!
//! A login and a password are printed exactly or not at all: one that has a blank, an invisible character or a
//! character without glyph refuses its sheet. Everything else is printed as well as it can be: invisible characters
//! go, a character that no font has becomes `□`, what is too long is cut with `…`; each such change is a [`Notice`],
//! so that nothing is lost silently.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::fonts;
use super::sheet::{Batch, Sheet};
use super::texts::Texts;
use crate::config::{Layout, Mode};

/// Something that the paper does not show as delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The sheet; `None` for what the whole batch shares.
    pub serial: Option<String>,
    /// Name of the field in `batch.json`.
    pub field: String,
    pub problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// A login or password that paper cannot show exactly: the sheet is refused.
    NotExact,
    /// A login or password that is missing where there must be one, or there where there must be none: refused.
    Inconsistent,
    /// Characters that no font has were printed as `□`, or invisible ones left out.
    Replaced,
    /// Too long: cut with `…`, or lines left out.
    Cut,
}

impl Notice {
    /// Whether the sheet cannot be printed at all.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self.problem, Problem::NotExact | Problem::Inconsistent)
    }

    /// For the people of the school.
    #[must_use]
    pub fn in_french(&self) -> String {
        let whose = self.serial.as_ref().map_or_else(|| "lot".to_owned(), |serial| format!("fiche {serial}"));
        let field = &self.field;
        match self.problem {
            Problem::NotExact => {
                format!(
                    "{whose} : « {field} » contient un caractère qui ne s’imprime pas ; la fiche n’est pas imprimée"
                )
            }
            Problem::Inconsistent => {
                format!("{whose} : « {field} » ne va pas avec le mode de connexion ; la fiche n’est pas imprimée")
            }
            Problem::Replaced => format!("{whose} : « {field} » contient des caractères qui ne s’impriment pas"),
            Problem::Cut => format!("{whose} : « {field} » est trop long et a été coupé"),
        }
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.serial {
            Some(serial) => write!(f, "{} of sheet {serial}", self.field)?,
            None => write!(f, "{} of the batch", self.field)?,
        }
        f.write_str(match self.problem {
            Problem::NotExact => " (a character that does not print)",
            Problem::Inconsistent => " (does not go with the mode)",
            Problem::Replaced => " (characters replaced)",
            Problem::Cut => " (cut)",
        })
    }
}

/// Logins and passwords longer than this would be too small to read on their one line.
const EXACT_LIMIT: usize = 64;

/// Lines that fit the window of an envelope, the name included (NF Z 10-011 asks for six).
const ADDRESS_LINES: usize = 7;

/// Longest texts printed, in characters.
const NAME: usize = 120;
const LINE: usize = 130;
const SHORT: usize = 40;
const PARAGRAPH: usize = 700;

impl Batch {
    /// What paper will not show as it is, without changing anything.
    #[must_use]
    pub fn inspect(&self) -> Vec<Notice> {
        clean(self).1
    }

    /// Takes out the sheets that cannot be printed exactly, so that the others can be. The notices tell which and
    /// why, and what the sheets that stay show differently.
    pub fn set_aside_unprintable(&mut self) -> Vec<Notice> {
        let notices = self.inspect();
        self.sheets.retain(|sheet| {
            !notices.iter().any(|notice| notice.is_refusal() && notice.serial.as_ref() == Some(&sheet.serial))
        });
        notices
    }
}

/// Whether somebody can copy a login or password from paper, exactly. `cover` says which characters have a glyph.
pub(super) fn can_be_copied(text: &str, cover: impl Fn(char) -> bool) -> bool {
    let prints = |c: char| c.is_ascii_graphic() || (!c.is_whitespace() && !invisible(c) && cover(c));
    // Decomposed accents are set as one glyph and would come back from the page as another string.
    let composed = || text.nfc().eq(text.chars());
    !text.is_empty() && text.chars().count() <= EXACT_LIMIT && composed() && text.chars().all(prints)
}

/// The batch as it will be printed.
pub(super) fn clean(batch: &Batch) -> (Batch, Vec<Notice>) {
    let mut batch = batch.clone();
    let mut notices = Vec::new();
    let mut cleaner = Cleaner { serial: None, notices: &mut notices };
    cleaner.text("id", &mut batch.id, SHORT);
    cleaner.text("ent_name", &mut batch.ent_name, NAME);
    cleaner.prose("help", &mut batch.help);
    cleaner.prose("federated_text", &mut batch.federated_text);
    cleaner.option("class", &mut batch.class, SHORT);
    cleaner.text("school.name", &mut batch.school.name, NAME);
    cleaner.text("school.uai", &mut batch.school.uai, SHORT);
    cleaner.option("school.town", &mut batch.school.town, LINE);
    cleaner.lines("school.lines", &mut batch.school.lines, 4);
    for text in batch.languages.values_mut().flat_map(Texts::all) {
        cleaner.text("languages", text, PARAGRAPH);
    }
    if let Some(cover) = &mut batch.cover {
        for name in cover.without.iter_mut().flat_map(|without| &mut without.names) {
            cleaner.text("cover.without.names", name, NAME);
        }
    }
    let is_list = batch.layout == Layout::List;
    for sheet in &mut batch.sheets {
        let mut cleaner = Cleaner { serial: Some(sheet.serial.clone()), notices: &mut notices };
        cleaner.sheet(sheet, is_list);
    }
    (batch, notices)
}

struct Cleaner<'a> {
    serial: Option<String>,
    notices: &'a mut Vec<Notice>,
}

impl Cleaner<'_> {
    fn sheet(&mut self, sheet: &mut Sheet, is_list: bool) {
        self.exact("login", &sheet.login);
        match (sheet.mode, &sheet.secret) {
            (_, None) if is_list => {}
            _ if is_list => self.note("secret", Problem::Inconsistent),
            (Mode::Bind, None) if sheet.reminder => {}
            _ if sheet.reminder => self.note("secret", Problem::Inconsistent),
            (Mode::Bind, Some(secret)) => self.exact("secret", secret.expose()),
            (Mode::Federated, None) => {}
            _ => self.note("secret", Problem::Inconsistent),
        }
        self.text("serial", &mut sheet.serial, SHORT);
        self.text("name", &mut sheet.name, NAME);
        self.option("class", &mut sheet.class, SHORT);
        self.lines("address", &mut sheet.address, ADDRESS_LINES);
        for child in &mut sheet.children {
            self.text("children.name", &mut child.name, NAME);
            self.option("children.class", &mut child.class, SHORT);
            self.option("children.school", &mut child.school, NAME);
        }
    }

    fn note(&mut self, field: &str, problem: Problem) {
        let notice = Notice { serial: self.serial.clone(), field: field.to_owned(), problem };
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    fn exact(&mut self, field: &str, text: &str) {
        if !can_be_copied(text, fonts::cover) {
            self.note(field, Problem::NotExact);
        }
    }

    fn text(&mut self, field: &str, text: &mut String, limit: usize) {
        let (mut cleaned, replaced) = visible(text);
        if replaced {
            self.note(field, Problem::Replaced);
        }
        if let Some((end, _)) = cleaned.char_indices().nth(limit) {
            cleaned.truncate(end);
            cleaned.truncate(cleaned.trim_end().len());
            cleaned.push('…');
            self.note(field, Problem::Cut);
        }
        *text = breakable(cleaned);
    }

    fn option(&mut self, field: &str, text: &mut Option<String>, limit: usize) {
        if let Some(inner) = text {
            self.text(field, inner, limit);
        }
        if text.as_ref().is_some_and(String::is_empty) {
            *text = None;
        }
    }

    /// A paragraph that somebody wrote in the configuration: given our typography.
    fn prose(&mut self, field: &str, text: &mut Option<String>) {
        self.option(field, text, PARAGRAPH);
        if let Some(inner) = text {
            *inner = french(inner);
        }
    }

    fn lines(&mut self, field: &str, lines: &mut Vec<String>, limit: usize) {
        for line in lines.iter_mut() {
            self.text(field, line, LINE);
        }
        lines.retain(|line| !line.is_empty());
        if lines.len() > limit {
            // The first line is the name and the last ones the town and the country: what goes is before them.
            let extra = lines.len() - limit;
            let at = limit.saturating_sub(2);
            lines.drain(at..at + extra);
            self.note(field, Problem::Cut);
        }
    }
}

/// `text` composed, on one line, with single blanks, without invisible characters, `□` for what no font has; and
/// whether something of it was lost.
fn visible(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut lost = false;
    for c in text.nfc() {
        if c.is_control() || (c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}') {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if invisible(c) {
            lost = true;
        } else if fonts::cover(c) {
            out.push(c);
        } else {
            lost = true;
            if !out.ends_with('□') {
                out.push('□');
            }
        }
    }
    (out.trim().to_owned(), lost)
}

/// A run of letters that no column could hold may be broken anywhere. Shorter ones stay as they are, so that a search
/// in the PDF finds them.
fn breakable(text: String) -> String {
    const LONGEST_RUN: usize = 20;
    if text.split(|c: char| !c.is_alphanumeric()).all(|run| run.chars().count() <= LONGEST_RUN) {
        return text;
    }
    text.chars().flat_map(|c| [Some(c), c.is_alphanumeric().then_some('\u{200b}')]).flatten().collect()
}

/// Characters without ink that are not blanks: soft hyphen, zero-width, direction marks and overrides, variation
/// selectors, tags, fillers.
const fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// French typography for prose: curly apostrophes, and the narrow no-break space before `; : ? !` and inside `« »`
/// where the author typed a blank.
fn french(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            (' ', Some(';' | ':' | '?' | '!' | '»')) => out.push('\u{202f}'),
            ('«', Some(' ')) => {
                out.push_str("«\u{202f}");
                chars.next();
            }
            ('\'', Some(next)) if next.is_alphabetic() && out.ends_with(char::is_alphabetic) => out.push('’'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_gets_french_typography() {
        assert_eq!(
            french("Perdu ? Voir l'accueil : « ici »."),
            "Perdu\u{202f}? Voir l’accueil\u{202f}: «\u{202f}ici\u{202f}»."
        );
        assert_eq!(french("https://ent.example.fr"), "https://ent.example.fr");
    }

    #[test]
    fn only_absurd_words_may_break() {
        assert_eq!(breakable("Anne-Sophie ROCHEFOUCAULD".into()), "Anne-Sophie ROCHEFOUCAULD");
        assert_eq!(breakable("A".repeat(21)).chars().count(), 42);
    }

    #[test]
    fn what_has_no_ink_goes_and_what_has_no_glyph_shows() {
        assert_eq!(visible("Le\u{200b}a\n\tMAR\u{202e}TIN"), ("Lea MARTIN".to_owned(), true));
        assert_eq!(visible("Zoe\u{301} 👩‍👧 X"), ("Zoé □ X".to_owned(), true));
        assert_eq!(visible("Œuvre Ÿ l'Haÿ"), ("Œuvre Ÿ l'Haÿ".to_owned(), false));
    }
}
