//! The sandbox of a template: four virtual files and perhaps a logo, embedded fonts, the batch's own date, and nothing else.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use super::fonts::FONTS;
use super::layout;
use super::logo::Logo;
use crate::config::Layout;

/// The helpers that every template may import, and what the shipped layouts share.
const PARTS: &str = include_str!("templates/parts.typ");
const HELPERS: &str = include_str!("templates/rentree.typ");

/// What a school needs to write its own template: the shipped one, its helpers, and made-up data, by file name. With
/// the files of `src/letters/fonts/`, the ordinary Typst program previews it.
pub const TEMPLATE_KIT: [(&str, &[u8]); 7] = [
    ("sheet.typ", layout::template(Layout::Letter).1.as_bytes()),
    ("half.typ", layout::template(Layout::Half).1.as_bytes()),
    ("cards.typ", layout::template(Layout::Cards).1.as_bytes()),
    ("large.typ", layout::template(Layout::Large).1.as_bytes()),
    ("parts.typ", PARTS.as_bytes()),
    ("rentree.typ", HELPERS.as_bytes()),
    ("batch.json", include_bytes!("templates/batch.json")),
];

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// What the typesetter can see.
pub(super) struct SheetWorld {
    main: Source,
    helpers: [Source; 2],
    data: (FileId, Bytes),
    logo: Option<(FileId, Bytes)>,
    day: Datetime,
}

impl SheetWorld {
    /// `data` is what `batch.json` holds; `template` replaces the one of the layout.
    pub(super) fn new(
        data: Vec<u8>,
        logo: Option<&Logo>,
        template: Option<&str>,
        layout: Layout,
        day: Datetime,
    ) -> Option<Self> {
        let (name, text) = template.map_or_else(|| layout::template(layout), |text| ("template.typ", text));
        Some(Self {
            main: Source::new(file_id(name)?, text.to_owned()),
            helpers: [
                Source::new(file_id("rentree.typ")?, HELPERS.to_owned()),
                Source::new(file_id("parts.typ")?, PARTS.to_owned()),
            ],
            data: (file_id("batch.json")?, Bytes::new(data)),
            // Only these two names: what came over the pipe names no other file.
            logo: match logo {
                Some(logo) if logo.name == "logo.png" || logo.name == "logo.svg" => {
                    Some((file_id(&logo.name)?, Bytes::new(logo.bytes()?)))
                }
                _ => None,
            },
            day,
        })
    }
}

fn file_id(name: &str) -> Option<FileId> {
    Some(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).ok()?).intern())
}

fn refusal() -> FileError {
    FileError::Other(Some("a template sees only rentree.typ, parts.typ and batch.json, and loads no package".into()))
}

impl World for SheetWorld {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        std::iter::once(&self.main).chain(&self.helpers).find(|source| source.id() == id).cloned().ok_or_else(refusal)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 {
            return Ok(self.data.1.clone());
        }
        if let Some((_, bytes)) = self.logo.as_ref().filter(|(logo, _)| *logo == id) {
            return Ok(bytes.clone());
        }
        self.source(id).map(|source| Bytes::from_string(source.text().to_owned()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.faces.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        Some(self.day)
    }
}
