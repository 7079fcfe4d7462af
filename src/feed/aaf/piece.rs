//! From a [`Piece`] to a [`Batch`]: requests parsed, judged, packed. Each piece is worked on alone, by any thread.

use compact_str::CompactString;

use super::head::{Head, head, tail};
use super::judge::{Judged, Place, judge};
use super::noise::Noise;
use super::remark::{Fold, Remark};
use super::request::{Fault, RequestParser};
use super::split::{End, Event, Piece, Stop, lines};
use crate::feed::{Category, Code, Delivery, Finding, Limits, Record};

/// What a piece gave.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub part: usize,
    pub records: Vec<Record>,
    pub findings: Vec<Pending>,
    pub noise: Noise,
    /// UAI of the structures, by key.
    pub structures: Vec<(CompactString, CompactString)>,
    pub header: Vec<(String, String)>,
    pub read: u64,
    pub rejected: u64,
    /// Something was lost without its key: nobody can tell whom the category lacks.
    pub broken: bool,
    pub bytes: u64,
    /// At the end of a part: the SHA-256 of its content.
    pub digest: Option<[u8; 32]>,
}

/// A finding whose school is known by the key of its structure only.
#[derive(Debug)]
pub(super) struct Pending {
    pub finding: Finding,
    pub structure: Option<CompactString>,
}

/// Works on pieces, one after the other.
pub(super) struct Worker<'d> {
    delivery: &'d Delivery,
    parser: RequestParser,
    record_limit: usize,
}

impl<'d> Worker<'d> {
    pub(super) fn new(delivery: &'d Delivery, limits: &Limits) -> Self {
        Self { delivery, parser: RequestParser::new(limits), record_limit: limits.record }
    }

    pub(super) fn work(&mut self, piece: &Piece) -> Batch {
        let mut batch = Batch { part: piece.part, bytes: piece.bytes.len() as u64, ..Batch::default() };
        let Some(part) = self.delivery.parts.get(piece.part) else { return batch };
        let mut out = Out { batch: &mut batch, delivery: self.delivery, part: piece.part, category: part.category };
        for event in &piece.events {
            out.event(event);
        }
        // A part that could not be read to its end says why once, and its last request says nothing more.
        let stopped = piece.end.as_ref().and_then(|end| end.stopped.as_ref());
        let end_line = || piece.line.saturating_add(lines(&piece.bytes));
        if let Some(stop) = stopped {
            out.stop(stop, end_line());
        }
        let last = piece.end.as_ref().is_some_and(|end| end.complete && end.stopped.is_none());
        if piece.first {
            let bytes = piece.bytes.get(..piece.starts.first().copied().unwrap_or(piece.bytes.len()));
            let (text, fallback) = piece.charset.decode(bytes.unwrap_or_default());
            let head = head(&text);
            out.head(head, &text, fallback, last && piece.starts.is_empty(), stopped.is_some());
        } else if last && piece.starts.is_empty() {
            out.tail(&String::from_utf8_lossy(&piece.bytes), piece.line);
        } else if piece.end.as_ref().is_some_and(|end| !end.complete) {
            out.batch.broken = true;
        }
        let mut line = piece.line;
        let mut counted = 0;
        for (at, &start) in piece.starts.iter().enumerate() {
            let next = piece.starts.get(at + 1).copied();
            line = line.saturating_add(lines(piece.bytes.get(counted..start).unwrap_or_default()));
            counted = start;
            let region = piece.bytes.get(start..next.unwrap_or(piece.bytes.len())).unwrap_or_default();
            let is_last = next.is_none() && piece.end.is_some();
            self.region(
                region,
                line,
                piece,
                Ends { last: is_last && last, cut: is_last && stopped.is_some() },
                &mut out,
            );
        }
        batch.digest = piece.end.as_ref().map(|End { digest, .. }| *digest);
        batch
    }

    /// One request and what follows it.
    fn region(&mut self, region: &[u8], line: u32, piece: &Piece, ends: Ends, out: &mut Out<'_>) {
        if region.len() > self.record_limit {
            out.lost(Code::ItemTooLarge, "enregistrement démesuré : rejeté, sans qu'on sache de qui il s'agit", line);
            return;
        }
        let (text, fallback) = piece.charset.decode(region);
        if fallback {
            out.noise(Remark::loose(Code::EncodingFallback, "", Fold::ByAttribute), line);
        }
        match self.parser.parse(&text, out.category) {
            Ok(parsed) => {
                let rest = text.get(parsed.length..).unwrap_or_default();
                let rest_line = if rest.trim().is_empty() && !ends.last {
                    line
                } else {
                    line.saturating_add(lines(text.get(..parsed.length).unwrap_or_default().as_bytes()))
                };
                let place = Place { category: out.category, part: out.part, line, delivery: out.delivery };
                let judged = judge(&mut self.parser, parsed, &place);
                out.judged(judged, line);
                if let Err((at, why)) =
                    tail(rest, ends.last).or_else(|fault| if ends.cut { Ok(()) } else { Err(fault) })
                {
                    let within = lines(rest.get(..at).unwrap_or(rest).as_bytes());
                    out.malformed(why, rest_line.saturating_add(within));
                }
            }
            Err(Fault::Malformed { at, why }) => {
                let within = lines(text.get(..at).unwrap_or(&text).as_bytes());
                out.batch.read += 1;
                out.batch.rejected += 1;
                out.batch.broken = true;
                if !ends.cut {
                    let why = format!("{why} dans l'enregistrement qui commence ligne {line}");
                    out.malformed(&why, line.saturating_add(within));
                }
            }
            Err(Fault::TooDeep) => out.lost(Code::TooDeep, "trop d'éléments imbriqués : enregistrement rejeté", line),
            Err(Fault::TooLarge) => out.lost(Code::ItemTooLarge, "valeur démesurée : enregistrement rejeté", line),
        }
    }
}

/// What the end of a region is.
#[derive(Clone, Copy)]
struct Ends {
    /// The end of the part: the root must be closed.
    last: bool,
    /// Where reading stopped for another reason, told elsewhere.
    cut: bool,
}

/// Where what a piece gives goes.
struct Out<'b> {
    batch: &'b mut Batch,
    delivery: &'b Delivery,
    part: usize,
    category: Category,
}

impl Out<'_> {
    fn noise(&mut self, remark: Remark, line: u32) {
        self.batch.noise.add(remark, self.part, line);
    }

    fn finding(&mut self, code: Code, message: impl Into<String>, line: u32) {
        let mut finding = Finding::new(code, message);
        if let Some(part) = self.delivery.parts.get(self.part) {
            finding = finding.at(&part.name, line);
        }
        finding.category = Some(self.category);
        self.batch.findings.push(Pending { finding, structure: None });
    }

    fn malformed(&mut self, why: &str, line: u32) {
        self.batch.broken = true;
        self.finding(
            Code::MalformedFile,
            format!("{why} ; le reste est lu, mais aucun départ n'est tiré de la catégorie {}", self.category),
            line,
        );
    }

    /// A request lost with its key.
    fn lost(&mut self, code: Code, why: &str, line: u32) {
        self.batch.read += 1;
        self.batch.rejected += 1;
        self.batch.broken = true;
        self.finding(code, format!("{why} ; aucun départ n'est tiré de la catégorie {}", self.category), line);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::TooLarge { line } => {
                self.lost(
                    Code::ItemTooLarge,
                    "enregistrement démesuré : rejeté, sans qu'on sache de qui il s'agit",
                    *line,
                );
            }
            Event::EndlessHead => self.malformed("début de fichier démesuré", 1),
            Event::UnknownLabel(label) => {
                self.noise(Remark::loose(Code::EncodingFallback, label, Fold::ByValue), 1);
            }
        }
    }

    fn stop(&mut self, stop: &Stop, line: u32) {
        self.batch.broken = true;
        let category = self.category;
        let (code, message, line) = match stop {
            Stop::Io(error) => (
                Code::MalformedFile,
                format!(
                    "lecture interrompue ({error}) ; lu jusque-là, aucun départ n'est tiré de la catégorie {category}"
                ),
                line,
            ),
            Stop::Encoding(name) => (
                Code::UnknownEncoding,
                format!(
                    "fichier en {name}, codage qui n'est pas pris en charge : refusé, aucun départ n'est tiré de la catégorie {category}"
                ),
                1,
            ),
            Stop::Subset => (
                Code::InternalSubset,
                format!(
                    "le DOCTYPE contient des déclarations, ce que l'AAF ne fait jamais : fichier refusé, aucun départ n'est tiré de la catégorie {category}"
                ),
                1,
            ),
        };
        self.finding(code, message, line);
    }

    /// `alone`: the part has no request. `stopped`: reading stopped for a reason told elsewhere.
    fn head(&mut self, head: Head, text: &str, fallback: bool, alone: bool, stopped: bool) {
        if stopped {
            return;
        }
        let fault = head.fault.or_else(|| {
            (alone && !head.closed)
                .then(|| (text.trim_end().len(), "fin de fichier sans </ficAlimMENESR> : le fichier est tronqué"))
        });
        let early = (!alone && head.closed).then_some((0, "contenu après la fin de <ficAlimMENESR>"));
        if let Some((at, why)) = fault.or(early) {
            self.malformed(why, 1_u32.saturating_add(lines(text.get(..at).unwrap_or(text).as_bytes())));
        } else if !head.declared {
            self.noise(Remark::loose(Code::MissingDeclaration, "", Fold::ByAttribute), 1);
        }
        if fallback {
            self.noise(Remark::loose(Code::EncodingFallback, "", Fold::ByAttribute), 1);
        }
        self.batch.header = head.comments;
    }

    fn tail(&mut self, text: &str, line: u32) {
        if let Err((at, why)) = tail(text, true) {
            self.malformed(why, line.saturating_add(lines(text.get(..at).unwrap_or(text).as_bytes())));
        }
    }

    fn judged(&mut self, judged: Judged, line: u32) {
        self.batch.read += 1;
        for remark in judged.noise {
            self.batch.noise.add(remark, self.part, line);
        }
        let structure = judged.structure;
        self.batch.findings.extend(judged.findings.into_iter().map(|finding| {
            let structure = structure.clone();
            Pending { finding, structure }
        }));
        self.batch.structures.extend(judged.uai);
        self.batch.broken |= judged.lost;
        match judged.record {
            Some(record) => self.batch.records.push(record),
            None => self.batch.rejected += 1,
        }
    }
}
