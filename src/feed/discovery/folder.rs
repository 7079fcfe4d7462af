//! Walks a folder and its sub-folders. Links are followed only when they stay inside; archives are opened in place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::name::plain;
use crate::feed::archive::Member;
use crate::feed::{Code, FeedError, Finding, Limits, Location};

/// Every regular file under `root`, named relatively to it with `/` between folders.
pub(super) fn members(root: &Path, limits: &Limits) -> Result<(Vec<Member>, Vec<Finding>), FeedError> {
    let real_root = fs::canonicalize(root).map_err(|source| FeedError::Io { path: root.into(), source })?;
    let mut walk =
        Walk { root: real_root, limits, seen: 0, files: Vec::new(), links: Vec::new(), findings: Vec::new() };
    let start = walk.root.clone();
    walk.folder(&start, "", 0)?;
    walk.follow_links();
    let Walk { root, files, mut findings, .. } = walk;
    let files = super::nested::open(&root, files, limits, &mut findings)?;
    Ok((files, findings))
}

struct Walk<'l> {
    root: PathBuf,
    limits: &'l Limits,
    /// Entries met, folders included.
    seen: usize,
    files: Vec<Member>,
    /// Links to files, by their name here and their real target.
    links: Vec<(String, PathBuf)>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, inside: &str, depth: usize) -> Result<(), FeedError> {
        let io = |source| FeedError::Io { path: path.into(), source };
        if depth > self.limits.folders {
            let reason = format!("folders more than {} deep", self.limits.folders);
            return Err(FeedError::Limit { path: path.into(), reason });
        }
        for entry in fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?;
            self.seen += 1;
            if self.seen > self.limits.files {
                let reason = format!("more than {} files", self.limits.files);
                return Err(FeedError::Limit { path: self.root.clone(), reason });
            }
            let name = format!("{inside}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(io)?;
            if kind.is_dir() {
                self.folder(&entry.path(), &format!("{name}/"), depth + 1)?;
            } else if kind.is_symlink() {
                self.link(name, &entry.path());
            } else if kind.is_file() {
                let size = entry.metadata().map_err(io)?.len();
                self.files.push(Member { name, size, location: Location::File(entry.path()) });
            } else {
                self.refuse(&name, "ce n'est pas un fichier ordinaire : refusé");
            }
        }
        Ok(())
    }

    fn link(&mut self, name: String, path: &Path) {
        match fs::canonicalize(path) {
            Ok(target) if !target.starts_with(&self.root) => {
                self.refuse(&name, "lien symbolique qui mène hors du dossier de la source : refusé");
            }
            Ok(target) if target.is_file() => self.links.push((name, target)),
            // A link to a folder inside: its files are met on their own way.
            Ok(_) => {}
            Err(_) => self.refuse(&name, "lien symbolique qui ne mène nulle part : ignoré"),
        }
    }

    /// A file linked from beside itself would be read twice: the file wins, whatever its name.
    fn follow_links(&mut self) {
        for (name, target) in std::mem::take(&mut self.links) {
            let recognised = |name: &str| matches!(super::name::recognise(name, ""), super::Verdict::Part(_));
            let met =
                self.files.iter().position(|file| matches!(&file.location, Location::File(path) if *path == target));
            match met.and_then(|at| self.files.get_mut(at)) {
                // A blob with a meaningless name, linked under its real one.
                Some(file) if !recognised(&file.name) && recognised(&name) => file.name = name,
                _ => {}
            }
        }
    }

    fn refuse(&mut self, name: &str, message: &str) {
        self.findings.push(Finding::new(Code::LinkRefused, message).at(&Arc::from(plain(name)), 0));
    }
}
