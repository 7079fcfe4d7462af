//! `rentree letters preview`: sheets of invented people, to see a template before it prints anybody's password.

use std::path::{Path, PathBuf};

use rentree::config::{Config, Layout, LettersConfig};
use rentree::letters::{Batch, FileNames, Languages, Logo, Typesetter, check_fonts, samples, write_private};

use super::exit::Failure;
use super::letters::read_template;
use super::plan::failed;
use super::session::clock;
use super::{Global, output};

pub async fn run(
    global: &Global,
    template: Option<PathBuf>,
    layout: Option<Layout>,
    out: &Path,
) -> Result<u8, Failure> {
    // A template is also written where nothing is installed yet.
    let letters = if global.config.exists() { Config::load(&global.config)?.letters } else { LettersConfig::default() };
    let template = template.as_deref().or(letters.template.as_deref()).map(read_template).transpose()?;
    check_fonts(&letters.fonts).map_err(failed)?;
    let languages = Languages::load(&letters).map_err(failed)?;
    let logo = letters.logo.as_deref().map(Logo::read).transpose().map_err(failed)?;
    let program = std::env::current_exe().map_err(failed)?;
    let mut typesetter = Typesetter::new(&program).with_fonts(&letters.fonts);
    if let Some(template) = &template {
        typesetter = typesetter.with_template(template);
    }
    let mut names = FileNames::default();
    let mut files = Vec::new();
    for mut batch in samples(&letters, layout.unwrap_or(letters.layout), clock().date()) {
        batch.logo.clone_from(&logo);
        speak(&mut batch, &letters, &languages);
        let notices: Vec<String> = batch.inspect().iter().map(rentree::letters::Notice::in_french).collect();
        let pdf = typesetter.typeset(&batch).await.map_err(failed)?;
        let path = out.join(format!("apercu_{}", names.name(&batch)));
        write_private(&path, &pdf).map_err(failed)?;
        files.push((path, batch.sheets.len(), notices));
    }
    typesetter.finish().await;
    if global.json {
        let files: Vec<_> = files
            .iter()
            .map(|(path, sheets, notices)| serde_json::json!({ "path": path, "sheets": sheets, "notices": notices }))
            .collect();
        output::json(&files)?;
        return Ok(0);
    }
    let mut text = String::new();
    for (path, sheets, notices) in &files {
        text.push_str(&super::letters::line(*sheets as u64, path));
        for notice in notices {
            text.push_str(&format!("      {notice}\n"));
        }
    }
    text.push_str("Personnes inventées, mots de passe sans valeur.\n");
    output::text(&text)?;
    Ok(0)
}

/// Every other sheet in the language of all, or in the first that the project has.
fn speak(batch: &mut Batch, letters: &LettersConfig, languages: &Languages) {
    let Some(code) = letters.second_language.as_ref().or_else(|| letters.languages.keys().next()) else { return };
    let Some(texts) = languages.texts(code) else { return };
    batch.languages.insert(code.clone(), texts.filled(&batch.ent_name, &batch.login_url));
    for sheet in batch.sheets.iter_mut().step_by(2) {
        sheet.language = Some(code.clone());
    }
}
