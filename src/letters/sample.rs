//! Invented people to look at a template with, the nasty ones too: long names, other scripts, no class, no address.

use super::sheet::{Batch, Child, Cover, School, Secret, Sheet, Without};
use crate::config::{Layout, LettersConfig, Mode};
use crate::roster::{Civility, Profile};

/// A file of pupils and a file of relatives, with what the configuration says of the school's portal.
#[must_use]
pub fn samples(letters: &LettersConfig, layout: Layout, today: jiff::civil::Date) -> Vec<Batch> {
    let url = Some(letters.login_url.clone()).filter(|url| !url.is_empty());
    let batch = |profile: Profile, class: Option<&str>, sheets: Vec<Sheet>| Batch {
        id: "apercu-0001".to_owned(),
        date: today,
        ent_name: letters.ent_name.clone().unwrap_or_else(|| "ENT".to_owned()),
        login_url: url.clone().unwrap_or_else(|| "https://ent.example.fr/connexion".to_owned()),
        help: letters.help.clone(),
        federated_text: letters.federated_text.clone(),
        school: School {
            name: "Collège Jean Moulin".to_owned(),
            uai: "0290010P".to_owned(),
            lines: ["12 rue des Écoles", "29200 BREST", "02 98 00 00 00"].map(str::to_owned).to_vec(),
            town: Some("Brest".to_owned()),
        },
        profile: Some(profile),
        part: None,
        class: class.map(str::to_owned),
        layout,
        colour: letters.colour.clone(),
        logo: None,
        duplex: letters.duplex && layout != Layout::List,
        languages: std::collections::BTreeMap::new(),
        cover: (layout != Layout::List).then(|| Cover {
            title: Batch::title(Some(profile)).to_owned(),
            sheets: sheets.len(),
            without: vec![Without {
                count: 1,
                why: "compte déjà activé".to_owned(),
                names: vec!["Malo PRIGENT".to_owned()],
            }],
        }),
        sheets,
    };
    let pupils = vec![
        one(1, "Léa MARTIN", "lea.martin"),
        Sheet {
            expires: Some(today),
            ..one(2, "Jean-Christophe DE LA ROCHEFOUCAULD-MONTMORENCY D’ESTRÉES", &"jean-christophe.".repeat(4))
        },
        one(3, "عبد الله بن محمد", "abdallah.ben-mohamed"),
        one(4, "אבגד דהוז", "abgd.dhvz"),
        Sheet { class: None, address: Vec::new(), ..one(5, "Zoé LE GOFF", "zoe.le-goff") },
        Sheet { mode: Mode::Federated, secret: None, ..one(6, "Enzo L’HELGOUALC’H", "enzo.l-helgoualc-h") },
        Sheet { reminder: true, secret: None, ..one(7, "Nguyễn Thị Ánh", "anh.nguyen") },
    ];
    let children = |count: usize| -> Vec<Child> {
        let child =
            |n| Child { name: format!("Prénom{n} MARTIN-DELACROIX"), school: None, class: Some(format!("{n}e B")) };
        (2..2 + count).map(child).collect()
    };
    let relative = |n, name, login, count| Sheet {
        profile: Profile::Relative,
        civility: Some(Civility::Madame),
        children: children(count),
        ..one(n, name, login)
    };
    let relatives = vec![
        relative(11, "Sophie MARTIN-DELACROIX", "sophie.martin-delacroix", 1),
        relative(12, "Ève LE FLOC’H", "eve.le-floc-h", 5),
        Sheet { address: Vec::new(), ..relative(13, "Ana SANTOS", "ana.santos", 2) },
    ];
    let batches = [batch(Profile::Pupil, Some("3A"), pupils), batch(Profile::Relative, Some("3A"), relatives)];
    batches.into_iter().map(|batch| if layout == Layout::List { without_secrets(batch) } else { batch }).collect()
}

fn without_secrets(mut batch: Batch) -> Batch {
    for sheet in &mut batch.sheets {
        sheet.secret = None;
        sheet.note = Some("8c2f41aa".to_owned());
    }
    batch
}

fn one(n: usize, name: &str, login: &str) -> Sheet {
    Sheet {
        serial: format!("apercu-{n:04}"),
        profile: Profile::Pupil,
        civility: None,
        name: name.to_owned(),
        login: login.chars().take(64).collect(),
        mode: Mode::Bind,
        secret: Some(Secret::new("bafo-kiru-temo-38".to_owned())),
        reminder: false,
        expires: None,
        language: None,
        class: Some("3A".to_owned()),
        address: vec![name.to_owned(), "3 rue des Lilas".to_owned(), "29200 BREST".to_owned()],
        children: Vec::new(),
        note: None,
    }
}
