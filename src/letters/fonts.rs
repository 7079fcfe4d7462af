//! The faces that sheets are set in: ours and those that come with Typst, all embedded, loaded once a process.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use super::LettersError;

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
        more.extend(read(file.as_ref())?);
    }
    drop(MORE.set(more));
    Ok(())
}

/// The faces of a file, one at the least.
fn read(file: &Path) -> std::io::Result<Vec<Font>> {
    let faces: Vec<Font> = Font::iter(Bytes::new(std::fs::read(file)?)).collect();
    if faces.is_empty() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it holds no font"));
    }
    Ok(faces)
}

/// Whether the typesetting child will be able to read a project's own faces: asked before anything is opened, and where
/// somebody reads the answer.
///
/// # Errors
/// [`LettersError::Font`] with the path.
pub fn check_fonts(files: &[PathBuf]) -> Result<(), LettersError> {
    files.iter().try_for_each(|path| match read(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(LettersError::Font { path: path.clone(), source }),
    })
}

/// All faces; ours come first and so win among equals.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let ours = OURS.into_iter().flat_map(|data| Font::iter(Bytes::new(data)));
    let theirs = typst_kit::fonts::embedded().map(|(face, _)| face);
    let faces: Vec<Font> = ours.chain(theirs).chain(MORE.get().into_iter().flatten().cloned()).collect();
    Fonts { book: LazyHash::new(FontBook::from_fonts(&faces)), faces }
});

/// Whether some face draws the character. One for private use means something else in each font, and PDF/A forbids it.
pub(super) fn cover(c: char) -> bool {
    let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    !is_private && FONTS.faces.iter().any(|face| face.info().coverage.contains(c as u32))
}
