//! The faces that sheets are set in: ours and those that come with Typst, all embedded, loaded once a process.

use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Inter for text, JetBrains Mono for what must be copied exactly (`0`/`O`, `1`/`l`/`I` apart); SIL Open Font License.
const OURS: [&[u8]; 3] = [
    include_bytes!("fonts/Inter-Regular.otf"),
    include_bytes!("fonts/Inter-SemiBold.otf"),
    include_bytes!("fonts/JetBrainsMono-SemiBold.ttf"),
];

/// Faces by the index that the book knows them under.
pub(super) struct Fonts {
    pub(super) book: LazyHash<FontBook>,
    pub(super) faces: Vec<Font>,
}

/// What a project adds, for scripts that ours do not have; set before the first use of [`FONTS`].
static MORE: OnceLock<Vec<Font>> = OnceLock::new();

/// Reads a project's own faces. Later calls add nothing: a process has one set of fonts.
///
/// # Errors
/// When a file cannot be read or holds no font.
pub(super) fn add(files: &[impl AsRef<Path>]) -> std::io::Result<()> {
    let mut more = Vec::new();
    for file in files {
        let before = more.len();
        more.extend(Font::iter(Bytes::new(std::fs::read(file.as_ref())?)));
        if more.len() == before {
            let message = format!("{} holds no font", file.as_ref().display());
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
        }
    }
    drop(MORE.set(more));
    Ok(())
}

/// All faces; ours come first and so win among equals.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let ours = OURS.into_iter().flat_map(|data| Font::iter(Bytes::new(data)));
    let theirs = typst_kit::fonts::embedded().map(|(face, _)| face);
    let faces: Vec<Font> = ours.chain(theirs).chain(MORE.get().into_iter().flatten().cloned()).collect();
    Fonts { book: LazyHash::new(FontBook::from_fonts(&faces)), faces }
});

/// Whether some face draws the character.
pub(super) fn cover(c: char) -> bool {
    FONTS.faces.iter().any(|face| face.info().coverage.contains(c as u32))
}
