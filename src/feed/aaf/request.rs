//! One request, from its opening tag to its end: the grammar of the AAF as a small machine over the events of quick-xml.
//!
//! The machine is tolerant of what does no harm (unknown elements, attributes and operations are noted and skipped) and
//! refuses what is not well-formed, too deep or too large.

use std::borrow::Cow;

use compact_str::CompactString;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::check::Seen;
use super::first_degree;
use super::remark::{Fold, Remark};
use super::text::Text;
use super::vocabulary::{Attribute, Becomes, Recogniser};
use crate::feed::{Category, Code, FieldsBuilder, Limits, Request};

/// Attributes that one request may list, repetitions included; a record has some forty.
const ATTRIBUTES: usize = 512;

/// Parses requests; what one record needs is kept for the next, so that a record costs one allocation.
pub(super) struct RequestParser {
    value_limit: usize,
    depth_limit: usize,
    pub builder: FieldsBuilder,
    pub seen: Seen,
    recogniser: Recogniser,
    /// Of the file that is read.
    category: Category,
    /// Whether the record has spoken the words of the first degree.
    first_degree: bool,
}

/// What a request said beside its attributes, which are in the builder.
#[derive(Debug)]
pub(super) struct Parsed {
    pub request: Request,
    /// The category of `operationalAttributes`, when given.
    pub operational: Option<CompactString>,
    /// `identifier/id`, when given and not empty.
    pub key: Option<CompactString>,
    /// Bytes of the region that the request took.
    pub length: usize,
}

/// Why a request could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not well-formed, at this byte of the region.
    Malformed {
        at: usize,
        why: &'static str,
    },
    TooDeep,
    TooLarge,
}

/// Where the machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Request,
    Operational,
    OperationalAttribute,
    OperationalValue,
    Identifier,
    Id,
    Attributes,
    Attribute,
    Value,
    /// In an element that the grammar does not have there, so many levels deep.
    Foreign(usize),
}

impl Place {
    /// Where a child element leads.
    fn down(self, name: &str) -> Self {
        match (self, name) {
            (Self::Attribute, "value") => Self::Value,
            (Self::Attributes, "attr" | "modification") => Self::Attribute,
            (Self::Request, "attributes" | "modifications") => Self::Attributes,
            (Self::Request, "operationalAttributes") => Self::Operational,
            (Self::Request, "identifier") => Self::Identifier,
            (Self::Operational, "attr") => Self::OperationalAttribute,
            (Self::OperationalAttribute, "value") => Self::OperationalValue,
            (Self::Identifier, "id") => Self::Id,
            (Self::Outside, _) => Self::Request,
            (Self::Foreign(depth), _) => Self::Foreign(depth + 1),
            _ => Self::Foreign(1),
        }
    }

    fn holds_text(self) -> bool {
        matches!(self, Self::Value | Self::Id | Self::OperationalValue)
    }
}

/// The parts of a request that the grammar allows once.
#[derive(Default)]
struct Sections {
    operational: bool,
    identifier: bool,
    attributes: bool,
}

impl Sections {
    /// Whether this section may begin here: it has not been there before.
    fn open(&mut self, place: Place) -> bool {
        let seen = match place {
            Place::Operational => &mut self.operational,
            Place::Identifier => &mut self.identifier,
            Place::Attributes => &mut self.attributes,
            _ => return true,
        };
        !std::mem::replace(seen, true)
    }
}

impl RequestParser {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            value_limit: limits.value,
            depth_limit: limits.depth,
            builder: FieldsBuilder::new(),
            seen: Seen::default(),
            recogniser: Recogniser::default(),
            category: Category::Structure,
            first_degree: false,
        }
    }

    /// Reads the request that `region` of a file of this category starts with.
    pub(super) fn parse(&mut self, region: &str, category: Category) -> Result<Parsed, Fault> {
        self.category = category;
        self.first_degree = false;
        self.builder.clear();
        self.seen.clear();
        self.recogniser.begin();
        let mut reader = Reader::from_str(region);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.expand_empty_elements = true;
        let mut parsed = Parsed { request: Request::Add, operational: None, key: None, length: 0 };
        let mut place = Place::Outside;
        // Places to come back to; foreign elements only count.
        let mut path: Vec<Place> = Vec::with_capacity(8);
        let (mut depth, mut attributes) = (0, 0);
        let mut sections = Sections::default();
        let mut attribute: Option<&'static Attribute> = None;
        let mut text = Text::default();
        loop {
            let event = reader.read_event().map_err(|error| malformed(&reader, &error))?;
            match event {
                Event::Start(tag) => {
                    depth += 1;
                    if depth > self.depth_limit {
                        return Err(Fault::TooDeep);
                    }
                    let name = tag.name();
                    let next = place.down(name.as_ref());
                    if !sections.open(next) {
                        // Damage between two requests can make one of them: neither is to be believed.
                        let at = position(&reader);
                        return Err(Fault::Malformed { at, why: "deux enregistrements fondus en un" });
                    }
                    match next {
                        Place::Request => parsed.request = request(name.as_ref()),
                        Place::Attribute => {
                            attributes += 1;
                            if attributes > ATTRIBUTES {
                                return Err(Fault::TooLarge);
                            }
                            attribute = self.attribute(&tag);
                        }
                        Place::Foreign(1) => self.deviation(&format!("élément <{}> inattendu ; ignoré", name.as_ref())),
                        _ => {}
                    }
                    if next.holds_text() {
                        text = Text::default();
                    }
                    if !matches!(place, Place::Foreign(_)) {
                        path.push(place);
                    }
                    place = next;
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    match place {
                        Place::Value => self.value(attribute, &text),
                        Place::Id if parsed.key.is_none() => parsed.key = Self::plain(&text),
                        Place::OperationalValue if parsed.operational.is_none() => {
                            parsed.operational = Self::plain(&text);
                        }
                        Place::Attribute => attribute = None,
                        _ => {}
                    }
                    place = match place {
                        Place::Foreign(levels) if levels > 1 => Place::Foreign(levels - 1),
                        _ => path.pop().unwrap_or(Place::Outside),
                    };
                    if place == Place::Outside {
                        parsed.length = usize::try_from(reader.buffer_position()).unwrap_or(region.len());
                        return Ok(parsed);
                    }
                }
                Event::Text(piece) if place.holds_text() => {
                    let piece = piece.into_inner();
                    text.bare_ampersand |= piece.starts_with('&');
                    text.push(piece);
                }
                Event::Text(piece) => {
                    if !piece.trim().is_empty() && !matches!(place, Place::Foreign(_)) {
                        self.deviation("texte en dehors d'une valeur ; ignoré");
                    }
                }
                Event::CData(piece) if place.holds_text() => text.push(piece.into_inner()),
                Event::GeneralRef(reference) if place.holds_text() => text.push_reference(&reference),
                Event::CData(_) | Event::GeneralRef(_) => self.deviation("texte en dehors d'une valeur ; ignoré"),
                Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
                Event::Decl(_) | Event::DocType(_) => {
                    return Err(Fault::Malformed { at: position(&reader), why: "déclaration au milieu du fichier" });
                }
                Event::Eof => {
                    return Err(Fault::Malformed { at: region.trim_end().len(), why: "enregistrement non terminé" });
                }
            }
            if text.len() > self.value_limit {
                return Err(Fault::TooLarge);
            }
        }
    }

    /// Starts an attribute; what is unknown is noted and its values are left out.
    fn attribute(&mut self, tag: &BytesStart<'_>) -> Option<&'static Attribute> {
        let name = name_of(tag);
        let known = self.recogniser.recognise(name.trim());
        match known {
            Some(attribute) => {
                first_degree::begin(&mut self.builder, attribute, self.category, self.first_degree);
                self.first_degree |= !matches!(attribute.becomes, Becomes::Itself | Becomes::Link);
            }
            None => self.seen.remark(Remark::loose(Code::UnknownAttribute, &name, Fold::ByValue)),
        }
        known
    }

    fn value(&mut self, attribute: Option<&'static Attribute>, text: &Text<'_>) {
        let Some(attribute) = attribute else { return };
        if let Some(entity) = &text.unknown {
            self.seen.remark(Remark::on(attribute, Code::UnknownEntity, entity, Fold::ByValue));
            return;
        }
        let (value, replaced) = text.finish();
        if value.is_empty() {
            return;
        }
        if replaced {
            self.seen.remark(Remark::on(attribute, Code::ControlCharacter, &value, Fold::ByAttribute));
        }
        if text.bare_ampersand {
            self.deviation("« & » sans être une entité, pris tel quel");
        }
        if self.seen.look(attribute, &value) {
            first_degree::value(&mut self.builder, attribute, &value);
        }
    }

    /// The text of an identifier or of a category; nothing when it is empty or could not be resolved.
    fn plain(text: &Text<'_>) -> Option<CompactString> {
        let (value, _) = text.finish();
        (text.unknown.is_none() && !value.is_empty()).then(|| CompactString::from(value))
    }

    fn deviation(&mut self, what: &str) {
        self.seen.remark(Remark::loose(Code::GrammarDeviation, what, Fold::ByValue));
    }
}

fn request(name: &str) -> Request {
    match name {
        "modifyRequest" => Request::Modify,
        "deleteRequest" => Request::Delete,
        _ => Request::Add,
    }
}

/// The `name` of an `attr` or `modification`.
fn name_of<'t>(tag: &'t BytesStart<'_>) -> Cow<'t, str> {
    // ` name="sn"`, as every export writes it.
    let raw = tag.attributes_raw().trim();
    if let Some((name, "")) = raw.strip_prefix("name=\"").and_then(|rest| rest.split_once('"')) {
        return Cow::Borrowed(name);
    }
    let mut attributes = tag.attributes();
    let named = attributes.with_checks(false).flatten().find(|a| a.key.as_ref() == "name");
    named.map(|a| Cow::Owned(a.value.into_owned())).unwrap_or_default()
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Says in French what quick-xml says in English.
fn malformed(reader: &Reader<&[u8]>, error: &quick_xml::Error) -> Fault {
    use quick_xml::errors::{IllFormedError, SyntaxError};
    let why = match error {
        quick_xml::Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => "balises mal imbriquées",
        quick_xml::Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "balise fermante sans ouvrante",
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => "entité non terminée",
        quick_xml::Error::Syntax(SyntaxError::UnclosedComment) => "commentaire non terminé",
        quick_xml::Error::Syntax(SyntaxError::UnclosedCData) => "section CDATA non terminée",
        quick_xml::Error::Syntax(_) => "balise non terminée",
        _ => "XML mal formé",
    };
    Fault::Malformed { at: usize::try_from(reader.error_position()).unwrap_or(usize::MAX), why }
}
