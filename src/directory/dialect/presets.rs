//! The dialects that are built in: the files of `schemas/dialects`.

/// A dialect that `directory.dialect.preset` can name.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    pub name: &'static str,
    /// As the file stands in `schemas/dialects`: where a project's own dialect begins.
    pub text: &'static str,
}

/// When the configuration names none.
pub(super) const DEFAULT: &str = "sdet-siren";

/// In the order of the documentation.
pub const PRESETS: [Preset; 4] = [
    Preset { name: DEFAULT, text: include_str!("../../../schemas/dialects/sdet-siren.toml") },
    Preset { name: "sdet-uai", text: include_str!("../../../schemas/dialects/sdet-uai.toml") },
    Preset { name: "recia", text: include_str!("../../../schemas/dialects/recia.toml") },
    Preset { name: "inetorgperson", text: include_str!("../../../schemas/dialects/inetorgperson.toml") },
];

/// For messages.
pub(super) fn known() -> String {
    PRESETS.map(|preset| preset.name).join(", ")
}
