//! [`Table`]: a part opened, its header understood, its rows to come.

use std::io::Read;

use super::columns::{Columns, HEADER_WITHIN, header_among, headers};
use super::cut::{Cut, Cutter, End};
use super::encoding::{Charset, Survey, Unreadable};
use super::profile::Profile;
use super::row::{Page, Piece, Row};
use super::sheet::{self, Sheet};
use super::spec::TableSpec;
use super::stream::HEAD;
use crate::feed::archive::{PartBytes, read_full};
use crate::feed::{Code, Limits, Part};

/// The separators that are tried; the first of equals wins.
const SEPARATORS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// Bytes read at once: large enough that handing over a piece costs nothing, small enough to stay in a cache.
pub(super) const BLOCK: usize = 128 << 10;

/// A table whose header is understood.
pub(super) struct Table<'b> {
    pub(super) columns: Columns,
    pub(super) rows: Rows<'b>,
    /// The line of the header: what stands above it is not read.
    pub(super) header: u32,
    /// What was found out about the file, in French: encoding, separator, sheet.
    pub(super) read_as: String,
    /// Rows above the header that hold something.
    pub(super) above: u32,
    /// Of a text; none in a spreadsheet.
    pub(super) separator: Option<u8>,
    /// Numbers in a date column are days, counted from 1904 if so.
    pub(super) serial_dates: Option<bool>,
    /// Cells whose formula gave an error.
    pub(super) formula_errors: u32,
    /// Headers and name say two different things; the headers were believed.
    pub(super) contradiction: Option<Profile>,
}

/// The rows of a table, piece by piece.
pub(super) enum Rows<'b> {
    Text(Box<Cutter<&'b mut PartBytes>>),
    Sheet { sheet: Sheet, at: usize, bytes: u64, digest: [u8; 32] },
}

impl Rows<'_> {
    /// The next piece; `spare` is memory to use.
    pub(super) fn next(&mut self, mut spare: Piece) -> Cut {
        match self {
            Self::Text(cutter) => cutter.next(spare),
            Self::Sheet { sheet, at, bytes, digest } => {
                spare.clear();
                while spare.bytes.len() < BLOCK && sheet.read(*at, &mut spare) {
                    *at += 1;
                }
                let end = End { fault: None, unclosed: false, digest: Ok(Some(*digest)) };
                Cut { piece: spare, bytes: *bytes, end: (*at >= sheet.len()).then_some(end) }
            }
        }
    }
}

/// What is asked of a part that is opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'l> {
    pub(super) limits: &'l Limits,
    /// Bytes read at once.
    pub(super) block: usize,
    /// Whether the digest of its bytes is wanted at the end.
    pub(super) hash: bool,
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
    let mut head = vec![0; HEAD];
    bytes.open(part)?;
    let read = read_full(bytes, &mut head)?;
    head.truncate(read);
    let mut survey = Survey::default();
    survey.chunk(&head);
    // The end of the head may cut a character, and Macintosh headers are worth a guess here: the reading judges.
    let charset = survey.conclude(spec.charset).unwrap_or(Charset::Macintosh);
    let Some(found) = detect(&head, charset, spec) else { return Ok(Glance::Foreign) };
    let profile = Profile::of_headers(&headers(&found.header()), |word| spec.columns.get(word).copied());
    Ok(profile.map_or(Glance::Table, Glance::Of))
}

struct Detected {
    separator: u8,
    /// The rows of the head, and which is the header.
    page: Page,
    header: usize,
    /// Headers recognised.
    known: usize,
    /// Byte-order marks before them.
    marks: u32,
}

impl Detected {
    fn header(&self) -> Row<'_> {
        self.page.row(self.header).unwrap_or_default()
    }

    /// Rows above the header that hold something; Excel's hint of a separator is none.
    fn above(&self) -> u32 {
        let says = |row: &Row<'_>| !row.is_blank() && !row.cell(0).to_ascii_lowercase().starts_with("sep=");
        super::row::place(self.page.rows().take(self.header).filter(says).count())
    }
}

/// The separator under which most headers are known, and the header.
fn detect(head: &[u8], charset: Charset, spec: &TableSpec) -> Option<Detected> {
    let mut best: Option<Detected> = None;
    for separator in SEPARATORS {
        // One block more than the head: all of it is one piece.
        let mut cutter = Cutter::new(head, charset, separator, HEAD * 4, HEAD + 1, false);
        let page = cutter.next(Piece::default()).piece.into_page();
        let first: Vec<Row<'_>> = page.rows().take(HEADER_WITHIN).collect();
        let Some((header, known)) = header_among(first.iter(), &spec.columns) else { continue };
        if best.as_ref().is_none_or(|best| known > best.known) {
            best = Some(Detected { separator, page, header, known, marks: cutter.marks() });
        }
    }
    best
}

/// Opens a part.
pub(super) fn open<'b>(
    bytes: &'b mut PartBytes,
    part: &Part,
    spec: &TableSpec,
    wanted: Wanted<'_>,
) -> Result<Table<'b>, Refusal> {
    let io = |e: std::io::Error| Refusal::new(Code::UnreadableTable, format!("fichier illisible ({e})"));
    let mut head = vec![0; HEAD];
    bytes.open(part).map_err(io)?;
    let read = read_full(bytes, &mut head).map_err(io)?;
    head.truncate(read);
    if sheet::is_compound(&head) {
        let message = "ancien classeur Excel (.xls) ou classeur protégé par un mot de passe : enregistrez-le en .xlsx sans mot de passe, ou en CSV UTF-8";
        return Err(Refusal::new(Code::UnreadableTable, message));
    }
    if sheet::is_archive(&head) {
        return open_sheet(bytes, head, part, spec, wanted.limits);
    }
    let survey = survey(bytes, &head, wanted).map_err(io)?;
    let charset = survey.conclude(spec.charset).map_err(unreadable)?;
    let Some(found) = detect(&head, charset, spec) else {
        let message = "aucune ligne d'en-tête reconnue : le fichier n'est pas lu ; vérifiez qu'il commence par les titres des colonnes";
        return Err(Refusal::new(Code::UnreadableTable, message));
    };
    let (columns, contradiction) = understand(&found.header(), part, spec)?;
    bytes.open(part).map_err(io)?;
    let cutter = Cutter::new(bytes, charset, found.separator, wanted.limits.record, wanted.block, wanted.hash);
    let marked = match found.marks {
        0 => String::new(),
        1 => " avec marque".to_owned(),
        marks => format!(" avec marque ({marks} marques d'ordre des octets retirées)"),
    };
    let shown = match found.separator {
        b'\t' => "tabulation".to_owned(),
        other => format!("« {} »", char::from(other)),
    };
    Ok(Table {
        columns,
        rows: Rows::Text(Box::new(cutter)),
        header: found.header().line,
        read_as: format!("codage {}{marked}, séparateur {shown}", charset.name()),
        above: found.above(),
        separator: Some(found.separator),
        serial_dates: None,
        formula_errors: 0,
        contradiction,
    })
}

/// Looks at every byte of an open part whose head was read.
fn survey(bytes: &mut PartBytes, head: &[u8], wanted: Wanted<'_>) -> std::io::Result<Survey> {
    let mut survey = Survey::default();
    survey.chunk(head);
    let mut chunk = vec![0; BLOCK];
    let mut total = head.len() as u64;
    loop {
        let read = read_full(bytes, &mut chunk)?;
        total += read as u64;
        if read == 0 || total > wanted.limits.unpacked {
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
        let mut first = Piece::default();
        while first.rows.len() < HEADER_WITHIN && sheet.read(first.rows.len(), &mut first) {}
        let page = first.into_page();
        let rows: Vec<Row<'_>> = page.rows().collect();
        let (header, known) = header_among(rows.iter(), &spec.columns)?;
        Some(Detected { separator: 0, page, header, known, marks: 0 })
    };
    let found = sheet::read(&whole, &|sheet| header_of(sheet).is_some()).map_err(refused)?;
    let Some((sheet, found)) = found.and_then(|sheet| header_of(&sheet).map(|header| (sheet, header))) else {
        return Err(refused("aucune feuille n'a de ligne d'en-tête reconnue".to_owned()));
    };
    let (columns, contradiction) = understand(&found.header(), part, spec)?;
    let read_as = format!("classeur, feuille « {} »", crate::wording::plain(&sheet.name));
    let (serial_dates, formula_errors) = (Some(sheet.from_1904), sheet.errors);
    let digest = Sha256::digest(&whole).into();
    Ok(Table {
        columns,
        header: found.header().line,
        read_as,
        above: found.above(),
        separator: None,
        serial_dates,
        formula_errors,
        contradiction,
        rows: Rows::Sheet { sheet, at: 0, bytes: whole.len() as u64, digest },
    })
}

/// Whose file it is, and what its columns mean.
fn understand(header: &Row<'_>, part: &Part, spec: &TableSpec) -> Result<(Columns, Option<Profile>), Refusal> {
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
