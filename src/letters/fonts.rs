//! The faces that sheets are set in: ours and those that come with Typst, all embedded, loaded once a process.

use std::sync::LazyLock;

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

/// All faces; ours come first and so win among equals.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let ours = OURS.into_iter().flat_map(|data| Font::iter(Bytes::new(data)));
    let theirs = typst_kit::fonts::embedded().map(|(face, _)| face);
    let faces: Vec<Font> = ours.chain(theirs).collect();
    Fonts { book: LazyHash::new(FontBook::from_fonts(&faces)), faces }
});

/// Whether some face draws the character.
pub(super) fn cover(c: char) -> bool {
    FONTS.faces.iter().any(|face| face.info().coverage.contains(c as u32))
}
