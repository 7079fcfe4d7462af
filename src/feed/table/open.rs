//! [`Table`]: a part opened, its header understood, its rows to come.

use std::io::Read;

use super::columns::{Columns, HEADER_WITHIN, header_among, headers};
use super::encoding::{Charset, Survey, Unreadable};
use super::profile::Profile;
use super::row::Row;
use super::sheet::{self, Sheet};
use super::spec::TableSpec;
use super::stream::{CHUNK, Normalised};
use super::text::{RowError, TextRows};
use crate::feed::archive::{PartBytes, read_full};
use crate::feed::{Code, Limits, Part};

/// The separators that are tried; the first of equals wins.
const SEPARATORS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// A table whose header is understood.
pub(super) struct Table<'b> {
    pub(super) columns: Columns,
    rows: Rows<'b>,
    /// What was found out about the file, in French: encoding, separator, sheet.
    pub(super) read_as: String,
    /// Rows above the header that hold something.
    pub(super) above: u32,
    /// Numbers in a date column are days, counted from 1904 if so.
    pub(super) serial_dates: Option<bool>,
    /// Cells whose formula gave an error.
    pub(super) formula_errors: u32,
    /// Headers and name say two different things; the headers were believed.
    pub(super) contradiction: Option<Profile>,
}

enum Rows<'b> {
    Text(Box<TextRows<&'b mut PartBytes>>),
    Sheet { sheet: Sheet, at: usize, bytes: u64, digest: [u8; 32] },
}

/// Why a file is not read.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) code: Code,
    /// In French.
    pub(super) message: String,
}

impl Refusal {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What a look at the beginning of a file tells.
pub(super) enum Glance {
    /// A table of these people.
    Of(Profile),
    /// A table whose headers do not say of whom.
    Table,
    Foreign,
}

/// Looks at the beginning of a text file.
pub(super) fn glance(bytes: &mut PartBytes, part: &Part, spec: &TableSpec) -> std::io::Result<Glance> {
    let mut head = vec![0; CHUNK];
    bytes.open(part)?;
    let read = read_full(bytes, &mut head)?;
    head.truncate(read);
    let mut survey = Survey::default();
    survey.chunk(&head);
    // The end of the head may cut a character, and Macintosh headers are worth a guess here: the reading judges.
    let charset = survey.conclude(spec.charset).unwrap_or(Charset::Macintosh);
    let Some(found) = detect(&head, charset, spec) else { return Ok(Glance::Foreign) };
    let profile = Profile::of_headers(&headers(&found.header), |word| spec.columns.get(word).copied());
    Ok(profile.map_or(Glance::Table, Glance::Of))
}

struct Detected {
    separator: u8,
    header: Row,
    /// Headers recognised.
    known: usize,
}

/// The separator under which most headers are known, and the header.
fn detect(head: &[u8], charset: Charset, spec: &TableSpec) -> Option<Detected> {
    let mut best: Option<Detected> = None;
    for separator in SEPARATORS {
        let stream = Normalised::new(head, charset, false);
        let mut rows = TextRows::new(stream, charset, separator, CHUNK * 4);
        let mut first = Vec::new();
        let mut row = Row::default();
        while first.len() < HEADER_WITHIN && rows.next(&mut row).unwrap_or(false) {
            first.push(std::mem::take(&mut row));
        }
        let Some((at, known)) = header_among(first.iter(), &spec.columns) else { continue };
        if best.as_ref().is_none_or(|best| known > best.known) {
            let header = first.into_iter().nth(at).unwrap_or_default();
            best = Some(Detected { separator, header, known });
        }
    }
    best
}

/// Opens a part. `hash`: whether the digest of its bytes is wanted at the end.
pub(super) fn open<'b>(
    bytes: &'b mut PartBytes,
    part: &Part,
    spec: &TableSpec,
    limits: &Limits,
    hash: bool,
) -> Result<Table<'b>, Refusal> {
    let io = |e: std::io::Error| Refusal::new(Code::UnreadableTable, format!("fichier illisible ({e})"));
    let mut head = vec![0; CHUNK];
    bytes.open(part).map_err(io)?;
    let read = read_full(bytes, &mut head).map_err(io)?;
    head.truncate(read);
    if sheet::is_compound(&head) {
        let message = "ancien classeur Excel (.xls) ou classeur protégé par un mot de passe : enregistrez-le en .xlsx sans mot de passe, ou en CSV UTF-8";
        return Err(Refusal::new(Code::UnreadableTable, message));
    }
    if sheet::is_archive(&head) {
        return open_sheet(bytes, head, part, spec, limits);
    }
    let charset = survey(bytes, &head, limits).map_err(io)?.conclude(spec.charset).map_err(unreadable)?;
    let Some(found) = detect(&head, charset, spec) else {
        let message = "aucune ligne d'en-tête reconnue : le fichier n'est pas lu ; vérifiez qu'il commence par les titres des colonnes";
        return Err(Refusal::new(Code::UnreadableTable, message));
    };
    let (columns, contradiction) = understand(&found.header, part, spec)?;
    bytes.open(part).map_err(io)?;
    let stream = Normalised::new(bytes, charset, hash);
    let rows = TextRows::new(stream, charset, found.separator, limits.record);
    let shown = match found.separator {
        b'\t' => "tabulation".to_owned(),
        other => format!("« {} »", char::from(other)),
    };
    let read_as = format!("codage {}, séparateur {shown}", charset.name());
    let mut table = Table {
        columns,
        rows: Rows::Text(Box::new(rows)),
        read_as,
        above: 0,
        serial_dates: None,
        formula_errors: 0,
        contradiction,
    };
    table.skip_to(found.header.line).map_err(|_| {
        Refusal::new(
            Code::UnreadableTable,
            "la ligne d'en-tête ne se relit pas : le fichier a changé pendant la lecture",
        )
    })?;
    if let Rows::Text(rows) = &table.rows
        && rows.marks() > 0
    {
        let marks = if rows.marks() > 1 {
            format!(" ({} marques d'ordre des octets retirées)", rows.marks())
        } else {
            String::new()
        };
        table.read_as = format!("codage {} avec marque{marks}, séparateur {shown}", charset.name());
    }
    Ok(table)
}

/// Looks at every byte of an open part whose head was read.
fn survey(bytes: &mut PartBytes, head: &[u8], limits: &Limits) -> std::io::Result<Survey> {
    let mut survey = Survey::default();
    survey.chunk(head);
    let mut chunk = vec![0; CHUNK];
    let mut total = head.len() as u64;
    loop {
        let read = read_full(bytes, &mut chunk)?;
        total += read as u64;
        if read == 0 || total > limits.unpacked {
            return Ok(survey);
        }
        survey.chunk(chunk.get(..read).unwrap_or_default());
    }
}

fn unreadable(reason: Unreadable) -> Refusal {
    match reason {
        Unreadable::Macintosh => Refusal::new(
            Code::MacintoshBytes,
            "accents écrits comme sur un ancien Macintosh : le fichier n'est pas lu, ses noms seraient faux ; \
             enregistrez-le en CSV UTF-8, ou indiquez encoding = \"macintosh\" pour cette source",
        ),
        Unreadable::BrokenMark => Refusal::new(
            Code::UnreadableTable,
            "marque de codage abîmée (octets FE BB BF) : le fichier n'est pas lu ; exportez-le de nouveau en CSV UTF-8",
        ),
        Unreadable::Binary => Refusal::new(
            Code::UnreadableTable,
            "ce n'est pas un fichier de texte (octets nuls) : le fichier n'est pas lu",
        ),
    }
}

fn open_sheet<'b>(
    bytes: &mut PartBytes,
    head: Vec<u8>,
    part: &Part,
    spec: &TableSpec,
    limits: &Limits,
) -> Result<Table<'b>, Refusal> {
    use sha2::{Digest as _, Sha256};
    let refused = |reason: String| Refusal::new(Code::UnreadableTable, format!("classeur non lu : {reason}"));
    let most = sheet::PACKED.min(limits.unpacked);
    let mut whole = head;
    let room = most.saturating_sub(whole.len() as u64) + 1;
    bytes.take(room).read_to_end(&mut whole).map_err(|e| refused(e.to_string()))?;
    if whole.len() as u64 > most {
        return Err(refused(format!("plus de {} Mo", most >> 20)));
    }
    let header_of = |sheet: &Sheet| {
        let mut first = Vec::new();
        let mut row = Row::default();
        while first.len() < HEADER_WITHIN && sheet.read(first.len(), &mut row) {
            first.push(std::mem::take(&mut row));
        }
        let (at, _) = header_among(first.iter(), &spec.columns)?;
        first.into_iter().nth(at)
    };
    let found = sheet::read(&whole, &|sheet| header_of(sheet).is_some()).map_err(refused)?;
    let Some((sheet, header)) = found.and_then(|sheet| header_of(&sheet).map(|header| (sheet, header))) else {
        return Err(refused("aucune feuille n'a de ligne d'en-tête reconnue".to_owned()));
    };
    let (columns, contradiction) = understand(&header, part, spec)?;
    let read_as = format!("classeur, feuille « {} »", crate::wording::plain(&sheet.name));
    let (serial_dates, formula_errors) = (Some(sheet.from_1904), sheet.errors);
    let digest = Sha256::digest(&whole).into();
    let rows = Rows::Sheet { sheet, at: 0, bytes: whole.len() as u64, digest };
    let mut table = Table { columns, rows, read_as, above: 0, serial_dates, formula_errors, contradiction };
    table.skip_to(header.line).map_err(|_| refused("ligne d'en-tête perdue".to_owned()))?;
    Ok(table)
}

/// Whose file it is, and what its columns mean.
fn understand(header: &Row, part: &Part, spec: &TableSpec) -> Result<(Columns, Option<Profile>), Refusal> {
    let words = headers(header);
    let proved = Profile::of_headers(&words, |word| spec.columns.get(word).copied());
    let hinted = Profile::of_name(&part.name);
    let Some(profile) = proved.or(hinted) else {
        let message = "ni les colonnes ni le nom du fichier ne disent s'il s'agit d'élèves, de responsables, d'enseignants, de personnels \
                       ou d'invités : le fichier n'est pas lu ; mettez le mot dans son nom (Eleves.csv)";
        return Err(Refusal::new(Code::UnknownProfile, message));
    };
    // `Discipline` is in the sheets of all staff: the name then says which.
    let profile = match (proved, hinted) {
        (Some(Profile::Teacher), Some(hint @ (Profile::Staff | Profile::Guest))) => hint,
        _ => profile,
    };
    let columns = Columns::new(header, profile, &spec.columns);
    let missing = columns.missing();
    if !missing.is_empty() {
        let message = format!(
            "colonne{} obligatoire{} absente{} : {} ; le fichier n'est pas lu",
            plural(missing.len()),
            plural(missing.len()),
            plural(missing.len()),
            missing.join(", ")
        );
        return Err(Refusal::new(Code::MissingColumn, message));
    }
    Ok((columns, hinted.filter(|hint| *hint != profile)))
}

fn plural(count: usize) -> &'static str {
    if count > 1 { "s" } else { "" }
}

impl Table<'_> {
    /// Reads rows up to and with the header.
    fn skip_to(&mut self, line: u32) -> Result<(), RowError> {
        let mut row = Row::default();
        loop {
            if !self.read(&mut row)? {
                return Err(RowError::Io { line, reason: "no header".to_owned() });
            }
            if row.line >= line {
                return Ok(());
            }
            let is_excel_hint = row.cell(0).to_ascii_lowercase().starts_with("sep=");
            self.above += u32::from(!row.is_blank() && !is_excel_hint);
        }
    }

    /// The next row as it is; `false` at the end.
    pub(super) fn read(&mut self, row: &mut Row) -> Result<bool, RowError> {
        match &mut self.rows {
            Rows::Text(rows) => rows.next(row),
            Rows::Sheet { sheet, at, .. } => {
                let found = sheet.read(*at, row);
                *at += 1;
                Ok(found)
            }
        }
    }

    /// Whether the row holds others because of an unclosed quote.
    pub(super) fn swallowed(&self, row: &Row) -> bool {
        match &self.rows {
            Rows::Text(rows) => rows.swallowed(row, self.columns.headers.len()),
            Rows::Sheet { .. } => false,
        }
    }

    /// Raw bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        match &self.rows {
            Rows::Text(rows) => rows.bytes(),
            Rows::Sheet { bytes, .. } => *bytes,
        }
    }

    /// Rows that had to be read as windows-1252 in a file of UTF-8.
    pub(super) fn stray_rows(&self) -> u64 {
        match &self.rows {
            Rows::Text(rows) => rows.stray_rows,
            Rows::Sheet { .. } => 0,
        }
    }

    /// The digest of the whole file, when it was wanted.
    pub(super) fn finish(&mut self) -> std::io::Result<Option<[u8; 32]>> {
        match &mut self.rows {
            Rows::Text(rows) => rows.finish(),
            Rows::Sheet { digest, .. } => Ok(Some(*digest)),
        }
    }
}
