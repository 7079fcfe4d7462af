//! The QR code of the login address, as an SVG drawing.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

use super::error::TypesetError;

/// Longer addresses give codes too dense for a worn printer and an old telephone.
const URL_LIMIT: usize = 200;

/// White border, in modules, that readers need (ISO/IEC 18004 asks for 4).
const MARGIN: usize = 4;

/// Draws the code of a web address. One path of merged horizontal runs: a fifth of the size of one square a module,
/// and no hairline between neighbours when a viewer smooths edges.
pub(super) fn svg(url: &str) -> Result<String, TypesetError> {
    let refused = || TypesetError::LoginUrl { url: url.chars().take(URL_LIMIT).collect(), limit: URL_LIMIT };
    let web = url.starts_with("https://") || url.starts_with("http://");
    if !web || url.len() > URL_LIMIT || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(refused());
    }
    let code = QRBuilder::new(url).ecl(ECL::M).build().map_err(|_| refused())?;
    let side = code.size + 2 * MARGIN;
    let mut path = String::new();
    for (y, row) in code.data.chunks(code.size).take(code.size).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a.value() == b.value()) {
            if run.first().is_some_and(|module| module.value()) {
                let width = run.len();
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{width}v1h-{width}z", x + MARGIN, y + MARGIN);
            }
            x += run.len();
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_becomes_one_path() {
        let drawing = svg("https://ent.example.fr").unwrap();
        assert_eq!(drawing.matches("<path").count(), 1);
        assert!(drawing.len() < 12_000, "{}", drawing.len());
    }

    #[test]
    fn anything_else_is_refused() {
        for url in ["", "ent.example.fr", "javascript:alert(1)", "https://ent.example.fr/a b", &"https://e".repeat(40)]
        {
            assert!(matches!(svg(url), Err(TypesetError::LoginUrl { .. })), "{url}");
        }
    }
}
