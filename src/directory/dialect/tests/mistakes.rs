//! What somebody who writes his own dialect is told: the file, the place, what was found and what is allowed.

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::super::*;
use super::fixture::*;

fn said(preset: &str, from: &str, to: &str) -> String {
    let text = PRESETS.iter().find(|p| p.name == preset).unwrap().text;
    assert!(text.contains(from), "{preset} has no {from:?}");
    let error = Dialect::parse(&text.replacen(from, to, 1), "mon-ent.toml", &config("")).unwrap_err();
    let mut out = String::new();
    // Without colours and links, as in a log.
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(120)
        .with_links(false)
        .render_report(&mut out, &error)
        .unwrap();
    out
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_is_allowed() {
    let said: Vec<String> = [
        // Not TOML, or not in the words of a dialect.
        ("sdet-siren", "name = \"sdet-siren\"", "name = sdet-siren"),
        ("sdet-siren", "[pupil.feed]", "[pupil.fed]"),
        ("sdet-siren", "[marker]", "[markers]"),
        ("sdet-siren", "ENTEleveINE = \"ine\"", "ENTEleveINE = \"INE\""),
        ("sdet-siren", "rule = \"class_pupils\"", "rule = \"classes\""),
        ("sdet-siren", "name = \"{uai}_{class}\"\n", ""),
        // Readable and contradictory.
        ("sdet-siren", "ENTPersonFonctions = \"functions\"", "ENTPersonFonctions = \"classes\""),
        ("sdet-siren", "ENTPersonSexe = \"sex\"", "userPassword = \"credential\""),
        ("recia", "isMemberOf = \"member_of\"", "isMemberOf = \"profiles\""),
        ("sdet-siren", "[pupil.feed]", "[pupil.own]\nx = \"ine\"\n[pupil.feed]"),
        ("sdet-siren", "ou = \"name\"", "ENTStructureSIREN = \"name\""),
        ("sdet-siren", "name = \"{uai}_{class}\"", "name = \"{uai}_{classe}\""),
        ("sdet-siren", "name = \"{uai}_{class}\"", "name = \"classe {class}\""),
        ("sdet-siren", "name = \"{uai}_{class}\"", "name = \"{uai}_{class}\"\nprofiles = [\"ELV\"]"),
        ("recia", "rule = \"any_profile\"\nprofiles = [\"ELV\"]", "rule = \"any_profile\""),
        (
            "recia",
            "rule = \"any_profile\"\nprofiles = [\"ELV\"]\nname = \"esco:Etablissements:{school}_{uai}:Eleves\"",
            "rule = \"everybody\"\nname = \"esco:Etablissements:{school}_{uai}:Tous_{school}\"",
        ),
        ("recia", "ESCOPersonEtatCompte = \"account_state\"  # INVALIDE, then the portal's", ""),
        ("recia", "attribute = \"ESCOPersonEtatCompte\"", "attribute = \"ESCOEtat\""),
        ("recia", "prefix = \"{SCRIPT}LOCK\"", "prefix = \"LOCK\""),
        ("inetorgperson", "uid = \"login\"", "uid = \"join_key\""),
        ("inetorgperson", "employeeNumber = \"join_key\" # one value only", "employeeNumber = \"uid\""),
        ("sdet-siren", "services = true", "services = true\nstructural = \"ENTPerson\""),
        ("sdet-siren", "[staff.feed]", "[staff]\nservices = true\n[staff.feed]"),
    ]
    .into_iter()
    .map(|(preset, from, to)| said(preset, from, to))
    .collect();
    insta::assert_snapshot!("mistakes", said.join("\n"));
}
