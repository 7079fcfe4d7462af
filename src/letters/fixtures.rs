//! Made-up batches for the tests of this room.

use super::sheet::{Batch, Child, School, Secret, Sheet};
use crate::config::{Layout, Mode};
use crate::roster::{Civility, Profile};

pub(super) const URL: &str = "https://ent.example.fr/connexion";

/// A class of `n` pupils.
pub(super) fn batch(n: usize) -> Batch {
    Batch {
        id: "2026-0042".into(),
        date: jiff::civil::date(2026, 9, 1),
        ent_name: "e-Armor".into(),
        login_url: URL.into(),
        help: None,
        federated_text: None,
        school: School {
            name: "Collège Jean Moulin".into(),
            uai: "0350001A".into(),
            lines: vec!["12 rue des Écoles".into(), "35000 RENNES".into()],
            town: Some("Rennes".into()),
        },
        profile: Some(Profile::Pupil),
        part: None,
        class: Some("3A".into()),
        layout: Layout::Letter,
        colour: None,
        logo: None,
        languages: std::collections::BTreeMap::new(),
        cover: None,
        duplex: false,
        sheets: (0..n).map(pupil).collect(),
    }
}

pub(super) fn pupil(n: usize) -> Sheet {
    Sheet {
        serial: format!("{n:06}"),
        profile: Profile::Pupil,
        civility: None,
        name: format!("Léa{n} MARTIN"),
        login: format!("lea{n}.martin"),
        mode: Mode::Bind,
        secret: Some(Secret::new(format!("bafo-kiru-temo-{n}"))),
        reminder: false,
        expires: None,
        language: None,
        class: Some("3A".into()),
        address: vec![format!("Léa{n} MARTIN"), "3 rue des Lilas".into(), "35000 RENNES".into()],
        children: Vec::new(),
        note: None,
    }
}

pub(super) fn relative(children: usize) -> Sheet {
    Sheet {
        serial: "R00001".into(),
        profile: Profile::Relative,
        civility: Some(Civility::Madame),
        name: "Sophie MARTIN-DELACROIX".into(),
        login: "sophie.martin-delacroix".into(),
        address: vec!["Mme Sophie MARTIN-DELACROIX".into(), "3 rue des Lilas".into(), "35000 RENNES".into()],
        children: (1..=children)
            .map(|n| Child { name: format!("Enfant{n} MARTIN"), school: None, class: Some(format!("{n}B")) })
            .collect(),
        ..pupil(900)
    }
}

pub(super) fn federated() -> Sheet {
    Sheet { serial: "F00001".into(), mode: Mode::Federated, secret: None, ..pupil(901) }
}
