//! The small academy of `samples/` is what the library writes, to the byte.

use std::path::Path;

use super::set::options;
use crate::config::{Config, DirectoryKind};
use crate::simulate::{Options, write};

/// How `samples/academie` was written.
fn sample(out: &Path) -> Options {
    options(2, 60, 486, out)
}

#[test]
fn the_sample_is_written_anew_to_the_byte() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/academie");
    let folder = tempfile::tempdir().unwrap();
    let files = write(&sample(folder.path()), &|_| {}).unwrap().files;
    for file in &files {
        let shipped = shipped.join(file.file_name().unwrap());
        assert!(std::fs::read(file).unwrap() == std::fs::read(&shipped).unwrap(), "{}", shipped.display());
    }
    assert_eq!(std::fs::read_dir(&shipped).unwrap().count(), files.len(), "a file too many in {}", shipped.display());
}

#[test]
fn the_sample_configuration_loads_and_points_at_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/rentree.toml");
    let config = Config::load(&path).unwrap();
    assert_eq!(config.directory.kind, DirectoryKind::Embedded);
    assert_eq!(config.sources.len(), 1);
    assert!(config.sources[0].path.join("ENT_Complet_20260901_Eleve_0000.xml").is_file());
}
