//! The looks of the sheets: pages rendered in grey at 40 dots an inch and compared, tile by tile, with images that somebody
//! has looked at. `RENTREE_UPDATE_GOLDEN=1` writes them anew; look at them before you commit them.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::super::fixtures::{batch, federated, pupil, relative};
use super::super::sheet::{Batch, Cover, Sheet, Without};
use super::super::typeset;
use crate::config::Layout;

const DPI: &str = "40";
/// Pixels of the side of a tile: five millimetres.
const TILE: usize = 8;
/// How much the mean grey of a tile (0 to 255) may differ: versions of poppler smooth a little differently.
const TOLERANCE: u32 = 8;

/// A page in grey.
struct Image {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Image {
    /// From a binary PGM file (`P5`), as pdftoppm writes it.
    fn parse(pgm: &[u8]) -> Self {
        let mut fields = pgm.splitn(4, u8::is_ascii_whitespace);
        let mut word = || std::str::from_utf8(fields.next().unwrap()).unwrap();
        assert_eq!(word(), "P5");
        let (width, height) = (word().parse().unwrap(), word().parse().unwrap());
        let grey = fields.next().unwrap().strip_prefix(b"255\n").unwrap().to_vec();
        assert_eq!(grey.len(), width * height);
        Self { width, height, grey }
    }

    fn mean(&self, left: usize, top: usize) -> u32 {
        let (right, bottom) = ((left + TILE).min(self.width), (top + TILE).min(self.height));
        let rows = (top..bottom).map(|y| &self.grey[y * self.width + left..y * self.width + right]);
        let sum: u32 = rows.flatten().map(|grey| u32::from(*grey)).sum();
        sum / ((right - left) * (bottom - top)) as u32
    }

    /// Where it differs from another: millimetres from the left and the top.
    fn differs(&self, other: &Self) -> Option<(usize, usize)> {
        if (self.width, self.height) != (other.width, other.height) {
            return Some((0, 0));
        }
        let mm = |pixels: usize| pixels * 254 / 400;
        let tiles = (0..self.height).step_by(TILE).flat_map(|y| (0..self.width).step_by(TILE).map(move |x| (x, y)));
        let mut different = tiles.filter(|(x, y)| self.mean(*x, *y).abs_diff(other.mean(*x, *y)) > TOLERANCE);
        different.next().map(|(x, y)| (mm(x), mm(y)))
    }

    /// The same, with what lies in a block (left, top, width, height) `down` lower and `right` further.
    fn with_moved(&self, [left, top, width, height]: [usize; 4], (right, down): (usize, usize)) -> Self {
        let mut grey = self.grey.clone();
        let at = |x: usize, y: usize| y * self.width + x;
        for y in top..top + height {
            grey[at(left, y)..at(left + width, y)].fill(255);
        }
        for y in top..top + height {
            let from = at(left, y)..at(left + width, y);
            let to = at(left + right, y + down);
            grey[to..to + width].copy_from_slice(&self.grey[from]);
        }
        Self { width: self.width, height: self.height, grey }
    }
}

fn render(pdf: &[u8]) -> Vec<(Vec<u8>, Image)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    std::fs::write(&file, pdf).unwrap();
    let mut command = std::process::Command::new("pdftoppm");
    command.args(["-r", DPI, "-gray"]).arg(&file).arg(folder.path().join("p"));
    assert!(command.status().unwrap().success());
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ext| ext == "pgm"));
    pages.sort();
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let image = Image::parse(&bytes);
        (bytes, image)
    };
    pages.iter().map(read).collect()
}

/// What is looked at: each layout, and what changes a letter.
fn looks() -> Vec<(&'static str, Batch)> {
    let of = |layout: Layout, n: usize| Batch { layout, ..batch(n) };
    let with = |sheets: Vec<Sheet>| Batch { sheets, ..batch(0) };
    let abroad = ["M. Luc PEETERS", "Rue Haute 12", "1000 BRUXELLES", "BELGIQUE"].map(str::to_owned).to_vec();
    let note = |n: usize| Sheet { note: Some(format!("0000{n}")), secret: None, ..pupil(n) };
    let without = vec![Without { count: 1, why: "compte déjà activé".into(), names: vec!["Malo PRIGENT".into()] }];
    let cover = Cover { title: "Identifiants des élèves".into(), sheets: 1, without };
    vec![
        ("letter", of(Layout::Letter, 1)),
        ("letter-relative", with(vec![relative(3)])),
        ("letter-abroad", with(vec![Sheet { address: abroad, ..pupil(1) }])),
        ("letter-right", with(vec![Sheet { name: "عبد الله بن محمد".into(), ..pupil(1) }])),
        ("letter-long", with(vec![Sheet { name: "Jean-Christophe DE LA ROCHEFOUCAULD ".repeat(3), ..relative(9) }])),
        ("letter-federated", with(vec![federated()])),
        ("letter-reminder", with(vec![Sheet { reminder: true, secret: None, ..pupil(1) }])),
        ("half", of(Layout::Half, 3)),
        ("cards", of(Layout::Cards, 10)),
        ("large", of(Layout::Large, 3)),
        ("list", Batch { sheets: (1..30).map(note).collect(), layout: Layout::List, ..batch(0) }),
        ("duplex-half", Batch { duplex: true, ..of(Layout::Half, 3) }),
        ("duplex-cards", Batch { duplex: true, ..of(Layout::Cards, 10) }),
        ("duplex-letter", Batch { duplex: true, ..of(Layout::Letter, 2) }),
        ("cover", Batch { cover: Some(cover), ..of(Layout::Letter, 1) }),
    ]
}

fn golden(name: &str, page: usize) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}-{}.pgm.gz", page + 1))
}

#[test]
fn the_sheets_look_as_somebody_has_seen_them() {
    let update = std::env::var_os("RENTREE_UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, class) in looks() {
        let pages = render(&typeset(&class, None).unwrap());
        if !update && golden(name, pages.len()).exists() {
            wrong.push(format!("{name}: there were more than {} pages", pages.len()));
        }
        for (n, (bytes, page)) in pages.into_iter().enumerate() {
            let path = golden(name, n);
            if update {
                let mut file = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::best());
                file.write_all(&bytes).unwrap();
                file.finish().unwrap();
            }
            let mut seen = Vec::new();
            let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            GzDecoder::new(file).read_to_end(&mut seen).unwrap();
            if let Some((x, y)) = page.differs(&Image::parse(&seen)) {
                wrong.push(format!("{name}, page {}: {x} mm from the left, {y} mm from the top", n + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "other looks (RENTREE_UPDATE_GOLDEN=1 takes them over):\n{}", wrong.join("\n"));
}

/// Forty dots an inch are 1.6 a millimetre.
#[test]
fn a_block_that_moves_by_three_millimetres_is_seen() {
    let pages = render(&typeset(&batch(1), None).unwrap());
    let (_, page) = &pages[0];
    assert!(page.differs(page).is_none());
    // The address, the box with the password, the words at the foot.
    for block in [[170, 80, 120, 50], [28, 170, 270, 60], [28, 440, 200, 12]] {
        for by in [(5, 0), (0, 5)] {
            assert!(page.differs(&page.with_moved(block, by)).is_some(), "{block:?} by {by:?}");
        }
    }
}
