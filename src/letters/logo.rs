//! The project's mark on the letterhead: a small PNG or SVG file, which a template sees as a virtual file.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Longest file, in bytes: it goes into each PDF file.
const LIMIT: u64 = 512 << 10;

/// A logo as it travels to the typesetter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// `logo.png` or `logo.svg`.
    pub name: String,
    /// In base 64.
    data: String,
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({}, {} characters)", self.name, self.data.len())
    }
}

/// Why a logo cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogoError {
    #[error("cannot read the logo {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the logo {path} is larger than {limit} bytes")]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("the logo {path} is neither PNG nor SVG")]
    Kind { path: PathBuf },
}

impl Logo {
    /// # Errors
    /// When the file cannot be read, is too large, or is not what its name says.
    pub fn read(path: &Path) -> Result<Self, LogoError> {
        let failed = |source| LogoError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > LIMIT {
            return Err(LogoError::TooLarge { path: path.to_owned(), limit: LIMIT });
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let is_svg = || std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg"));
        let name = match path.extension().map(std::ffi::OsStr::to_ascii_lowercase) {
            Some(extension) if extension == "png" && bytes.starts_with(b"\x89PNG\r\n\x1a\n") => "logo.png",
            Some(extension) if extension == "svg" && is_svg() => "logo.svg",
            _ => return Err(LogoError::Kind { path: path.to_owned() }),
        };
        Ok(Self { name: name.to_owned(), data: STANDARD.encode(bytes) })
    }

    /// `None` for what was damaged on the way.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.data).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_pictures_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Logo::read(&path)
        };
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>";
        let logo = of("a.svg", svg).unwrap();
        assert_eq!((logo.name.as_str(), logo.bytes().unwrap().as_slice()), ("logo.svg", &svg[..]));
        assert!(of("a.SVG", svg).is_ok());
        assert!(matches!(of("a.png", svg), Err(LogoError::Kind { .. })));
        assert!(matches!(of("a.svg", &[0xff; 9]), Err(LogoError::Kind { .. })));
        assert!(matches!(of("a.svg", &vec![b' '; 600 << 10]), Err(LogoError::TooLarge { .. })));
        assert!(matches!(Logo::read(&folder.path().join("none.png")), Err(LogoError::Read { .. })));
    }
}
