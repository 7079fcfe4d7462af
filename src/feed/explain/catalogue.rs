//! The page of the documentation that lists every finding, written from the table of codes so that it cannot lag behind.

use std::fmt::Write as _;

use crate::feed::{Code, Severity, Tool};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/signalements.md");

/// Set to rewrite the page instead of comparing with it.
const UPDATE: &str = "RENTREE_UPDATE_DOCS";

#[test]
fn the_page_of_the_documentation_is_up_to_date() {
    let expected = page();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(PATH, &expected).unwrap();
    }
    let found = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(found == expected, "docs/signalements.md is out of date: run this test once with {UPDATE}=1");
}

fn page() -> String {
    let mut page = String::from(
        "# Les signalements\n\n\
         Ce que `rentree check`, `plan` et `sync` disent des données livrées. Le code ne change jamais de sens : un script peut s'y fier. \
         Cette page est écrite d'après le programme ; un test échoue quand elle est en retard.\n\n\
         Aucun signalement n'arrête la lecture : l'enregistrement ou la valeur en cause est dit avec son fichier et sa ligne, le reste est pris.\n",
    );
    for severity in Severity::ALL {
        let (name, what) = section(severity);
        let _ = write!(
            page,
            "\n## {name} (`{}`)\n\n{what}\n\n| code | constat | si rien n'est fait | à faire | outil |\n|---|---|---|---|---|\n",
            severity.name()
        );
        for code in Code::ALL.iter().filter(|code| code.severity() == severity) {
            let explanation = code.explanation();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {} |",
                code.id(),
                code.title(),
                explanation.effect,
                explanation.remedy,
                tool(code.tool())
            );
        }
    }
    page
}

const fn section(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Blocking => (
            "Bloquant",
            "La livraison, une catégorie ou un établissement est inutilisable ; les comptes concernés restent comme ils sont.",
        ),
        Severity::Rejected => ("Enregistrement rejeté", "Un enregistrement est laissé de côté, souvent une personne."),
        Severity::DroppedValue => {
            ("Valeur écartée", "Une valeur n'est pas reprise ; le reste de l'enregistrement l'est.")
        }
        Severity::ToDecide => ("À trancher", "Quelqu'un doit décider ; en attendant, rien n'est fait pour ce cas."),
        Severity::Information => ("Information", "Rien n'est perdu."),
    }
}

fn tool(tool: Option<Tool>) -> String {
    tool.map_or_else(
        || "selon la personne : SIECLE (élève, responsable), STS-Web (personnel)".to_owned(),
        |tool| tool.to_string(),
    )
}
