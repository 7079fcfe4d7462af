//! Deliveries that are not as they should be.

use super::{Case, alter, case};

/// The first record once more, changed.
fn twice(text: &str, change: impl Fn(&str) -> String) -> String {
    let start = text.find("<addRequest>").unwrap();
    let end = start + text[start..].find("</addRequest>").unwrap() + "</addRequest>".len();
    format!("{}\n{}\n{}", &text[..end], change(&text[start..end]), &text[end..])
}

fn attribute(text: &str, name: &str, value: &str, before: &str) -> String {
    let before = format!("<attr name=\"{before}\">");
    text.replacen(&before, &format!("<attr name=\"{name}\"><value>{value}</value></attr>\n{before}"), 1)
}

/// The last pupil in a third part, and no second one.
fn part_is_missing(f: &std::path::Path) {
    let file = f.join("ENT_Complet_20260920_Eleve_0000.xml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (first, rest) = (text.find("<addRequest>").unwrap(), text.rfind("<addRequest>").unwrap());
    std::fs::write(&file, format!("{}</ficAlimMENESR>\n", &text[..rest])).unwrap();
    let third = format!("{}{}", &text[..first], &text[rest..]);
    std::fs::write(f.join("ENT_Complet_20260920_Eleve_0002.xml"), third).unwrap();
}

pub const CASES: [Case; 9] = [
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| attribute(&text, "ENTInconnu", "x", "ENTEleveMEF")),
        ..case("an attribute that nobody knows", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| twice(&text, str::to_owned)),
        ..case("the same pupil twice in a file", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_Eleve_", |text| {
                twice(&text, |record| record.replacen("\"sn\"><value>", "\"sn\"><value>AUTRE ", 1))
            });
        },
        ..case("two records of one key that differ", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| alter(f, "_PersEducNat_", |text| attribute(&text, "mail", "pas une adresse", "ENTPersonFonctions")),
        ..case("a mail address that is none", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| alter(f, "_PersEducNat_", |text| text.replacen("$020700<", "$999900<", 1)),
        ..case("a subject that nobody knows", "2026-09-20", |_| ())
    },
    Case { mishap: part_is_missing, ..case("a part that is missing in the numbering", "2026-09-20", |_| ()) },
    Case {
        mishap: part_is_missing,
        ..case("a pupil under another key in a delivery that lacks a part", "2026-09-20", |a| {
            let key = super::first(a);
            a.pupil_gets_another_key(key);
        })
    },
    Case {
        mishap: |f| {
            let (new, old) = ("ENT_Complet_20260920_Eleve_0000.xml", "ENT_Complet_20260919_Eleve_0000.xml");
            std::fs::copy(f.join(new), f.join(old)).unwrap();
        },
        ..case("an older file of the same category", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| drop(std::fs::remove_file(f.join("ENT_Complet_20260920_PersRelEleve_0000.xml"))),
        ..case("no file of relatives", "2026-09-20", |_| ())
    },
];
