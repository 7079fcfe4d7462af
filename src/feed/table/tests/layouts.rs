//! Each layout with its quirks, as reports to look at. Everybody in them is invented.

use super::*;

const OLD_PUPILS: &str = "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Sexe;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;Commune2;Pays2; Cycle;Niveau;Classe;Attestation fournie;Autorisations associations;Autorisations photos;Décision de passage";
const NEW_PUPILS: &str = "Nom élève;Nom d'usage élève;Prénom élève;Date naissance;Sexe;INE;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;Commune2;Pays2; Cycle;Niveau;Libellé classe;Identifiant classe;Attestation fournie;Autorisation associations;Autorisation photo;Décision de passage";
const TEACHERS: &str = "Civilité;Nom usage;Nom;Prénom;Adresse;CP;Commune;Pays;Courriel;Téléphone domicile;Téléphone portable;Directeur;Classe";
const RELATIVES_A: &str = "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Téléphone portable";
const RELATIVES_B: &str = "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Numéro de poste;Téléphone portable";
const CHILD: &str = ";Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants";

/// Every cell of some lines in quotes.
fn quoted(lines: &str) -> String {
    let cell = |cell: &str| if cell.is_empty() { String::new() } else { format!("\"{cell}\"") };
    lines.lines().map(|line| line.split(';').map(cell).collect::<Vec<_>>().join(";") + "\r\n").collect()
}

#[test]
fn onde_old_layout() {
    let pupils = quoted(&format!(
        "{OLD_PUPILS}\n\
         LE GALL;;Léa;2014-03-17;F;3 rue du Port;35400;Saint-Malo;FRANCE;8 quai Neuf;35800;Dinard;FRANCE;CYCLE III;CM1;CM1;Oui;Non;Oui;;;\n\
         ŒUVRARD;D’ARC;Zoé;2019-01-02;F;;;;;;;;;CYCLE I;PS;PS MME PETIT;Non;Non;Non;\n\
         MARTIN;;Noé;2015-06-30;H;;;;;;;;;CYCLE II;CE1;CE1, CE2 M. ROY;Oui;Oui;Oui;Admis\n\
         MARTIN;;Noé;2014-02-11;H;;;;;;;;;CYCLE II;CE2;CE1, CE2 M. ROY;Oui;Oui;Oui;\n\
         BRUN;;Ana;;F;;;;;;;;;CYCLE II;CP;CP;Oui;Oui;Oui;\n\
         ;;;;;;;;;;;;;;;;;;;"
    ));
    let teachers = quoted(&format!(
        "{TEACHERS}\n\
         MME;;PETIT;Anne;;;;;anne.petit@example.fr;;;non;PS Mme Petit\n\
         M.;ROY;LEROY;Paul;1 rue Haute;35000;Rennes;;paul.roy@example.fr;0299001122;0612345678;oui;CE1, CE2 M. ROY\n\
         M.;ROY;LEROY;Paul;1 rue Haute;35000;Rennes;;paul.roy@example.fr;0299001122;0612345678;oui;CM1\n\
         MME;;KERN;Eva;;;;;;;;oui;"
    ));
    let relatives = format!(
        "{RELATIVES_A}{CHILD}{CHILD}{CHILD}\n\
         Mme;;LE GALL;Maude;3 rue du Port;35400;Saint-Malo;;maude@example.fr;0299112233;;0622334455;;LE GALL;Léa;CM1;D’ARC;ŒUVRARD;Zoé;PS;;;;\n\
         M.;;LE GALL;Yann;8 quai Neuf;35800;Dinard;;;;;;;LE GALL;Léa;CLASSE  CM1;;;;;;;;\n\
         Mme;;MARTIN;Julie;4 rue Basse;35400;Saint-Malo;;;;;;;MARTIN;Noé;CLASSE  CE2;;;;;;;;\n\
         M.;;MARTIN;Luc;4 rue Basse;35400;Saint-Malo;;;;;;;MARTIN;Noé;;;;;;;;;\n\
         M.;;MARTIN;Luc;4 rue Basse;35400;Saint-Malo;;;;;;;LE GALL;Léa;;;;;;;;;\n\
         Mme;;DURAND;Inès;;;;;ines@example;;;;;DURAND;Tom;CP;;;;;;;;\n\
         Mme;;SEUL;Ida;;;;;;;;;;;;;;;;;;;;\n"
    );
    let outcome = read_files(
        Layout::Onde,
        &[
            ("CSVExtraction-eleves.csv", latin(&pupils)),
            ("CSVExtraction-enseignants.csv", latin(&teachers)),
            ("CSVExtraction-responsables.csv", latin(&relatives)),
        ],
    );
    assert_eq!(outcome.kept.progress, outcome.delivery.parts.iter().map(|part| part.size).sum::<u64>());
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn onde_new_layout() {
    let pupils = quoted(&format!(
        "{NEW_PUPILS}\n\
         LE GALL;;Léa;17/03/2014;F;0123456789M;3 rue du Port;35400;Saint-Malo;FRANCE;;;;;CYCLE III;CM1;Classe de Mme Petit;4411;Oui;Non;Oui;\n\
         MARTIN;;Noé;30/06/2015;M;;;;;;;;;;CYCLE II;CE1;Classe de M. Roy;4412;Oui;Oui;Oui;"
    ));
    // Rows of 17, 21 and 25 cells, as many as there are children.
    let relatives = quoted(&format!(
        "{RELATIVES_B}{CHILD}{CHILD}{CHILD}\n\
         Mme;LE GALL;PETIT;Maude;3 rue du Port;35400;Saint-Malo;;maude@example.fr;0299112233;0299445566;12;0622334455;;LE GALL;Léa;CLASSE  CM1\n\
         M.;;LE GALL;Yann;3 rue du Port;35400;Saint-Malo;;;;;;0633445566;;LE GALL;Léa;CLASSE  CM1;;MARTIN;Noé;CLASSE  CE1"
    ));
    // Whatever the files are called.
    let outcome = read_files(Layout::Onde, &[("export 1.csv", latin(&pupils)), ("export 2.csv", latin(&relatives))]);
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn french_templates() {
    let outcome = read_files(
        Layout::Csv,
        &[
            (
                "Eleves.csv",
                latin(
                    "Prénom*;Nom*;Date de naissance*;Classes*\r\nLéa;LE GALL;17/03/2014;6A\r\nNoé;MARTIN;2015-06-30;6B$ANGLAIS\r\n",
                ),
            ),
            (
                "Enseignants.csv",
                latin(
                    "Prénom*;Nom*;date de naissance;fonction;telephone;telephonetravail;email;adresse;cp;ville;pays;classe;classe\r\n\
                     Anne;PETIT;01/02/1980;;;;anne.petit@example.fr;;;;;6a;6B$MATHS\r\n\
                     Paul;ROY;;DIR$DIRECTION$D0011$ADJOINT;0299001122;;;;;;;;\r\n",
                ),
            ),
            (
                "Personnels.csv",
                latin(
                    "Prénom*;Nom*;date de naissance;fonction;telephone;telephonetravail;email;adresse;cp;ville;pays\r\n\
                     Eva;KERN;;ATSEM;;;;;;;\r\nIvo;BLANC;;Accordeur;;;;;;;\r\nIda;NOIR;;;;;;;;;\r\n",
                ),
            ),
            (
                "Invites.csv",
                latin(
                    "Prénom*;Nom*;Classes;date de naissance;telephone;telephonetravail;email;adresse;cp;ville;pays\r\nGil;VERT;6A;;;;gil@example.fr;;;;\r\n",
                ),
            ),
            (
                "Parents.csv",
                latin(
                    "Nom*;Prénom*;Adresse;Code postal;Ville;Pays;Courriel;Téléphone;Nom de l'élève;Prénom de l'élève;Classes de l'élève\r\n\
                     LE GALL;Maude;\"Résidence du Port\n3 rue Haute\";35400;Saint-Malo;;;0299112233;LE GALL;Léa;6A\r\n",
                ),
            ),
        ],
    );
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn templates_of_other_languages() {
    let read = |pupils: Vec<u8>, parents: Vec<u8>| {
        let outcome = read_files(Layout::Csv, &[("Student.csv", pupils), ("Relative.csv", parents)]);
        let pupil = outcome.of(Category::Pupil).next().expect("a pupil");
        let relative = outcome.of(Category::Relative).next().expect("a relative").key.clone();
        let value = |name| pupil.fields.first(name).unwrap_or_default().to_owned();
        assert_eq!(pupil.key, "0350999X-E-a1b2");
        assert_eq!(value("ENTElevePersRelEleve"), format!("{relative}$90$0$1$0$0"));
        assert_eq!(value("ENTEleveClasses"), "0350999X$6A");
        assert_eq!(outcome.value(Category::Relative, 0, "givenName"), Some("Maria"));
        (value("sn"), value("givenName"), value("ENTPersonDateNaissance"))
    };
    let expected = ("SILVA".to_owned(), "Ana".to_owned(), "17/03/2014".to_owned());
    let english = read(
        "externalID;First name*;Last name*;Birthdate*;Email;Class;Phone;Address;Postcode;City;Country\na1b2;Ana;SILVA;17/03/2014;;6A;;;;;\n".into(),
        "externalid;First name*;Last name*;Phone;Email;Address;Postcode;City;Country;Childexternalid*;Childexternalid\nr1;Maria;SILVA;;;;;;;a1 b2;\n".into(),
    );
    let spanish = read(
        "\u{feff}\u{feff}id externo;Nombre*;Apellido*;Fecha de nacimiento*;correo electrónico ;clase;teléfono;dirección;código postal;ciudad;país\na1b2;Ana;SILVA;17/03/2014;;6A;;;;;\n".into(),
        "\u{feff}Id externo;Nombre*;Apellido*;teléfono;Id externo hijo*;Id externo hijo*\nr1;Maria;SILVA;;a1b2;\n".into(),
    );
    let portuguese = read(
        "id externo;Nome*;Sobrenome*;Turma*;Data de nascimento*;telefone;telefone trabalho;email;endereço;código postal;cidade;país\na1b2;Ana;SILVA;6A;17/03/2014;;;;;;;\n".into(),
        "Id externo;Nome*;Sobrenome*;telefone;Id externo filho*\nr1;Maria;SILVA;;a1b2\n".into(),
    );
    assert_eq!([english, spanish, portuguese], [expected.clone(), expected.clone(), expected]);
}

#[test]
fn numbered_sheets() {
    let outcome = read_files(
        Layout::Csv,
        &[
            ("eleves.csv", "numero;nom;prenom;sexe;date;classe;niveau;login;password;options\n12;LE GALL;Léa;F;17032014;6A;6eme;lgall;secret-1;LATIN|GREC\n13;MARTIN;Noé;M;1022014;6A;6eme;;;\n".into()),
            ("professeurs.csv", "numero;nom;prenom;sexe;date;login;password;classes;options\n12;PETIT;Anne;F;01/02/1980;;;6A|6B;MATHS\n".into()),
        ],
    );
    let text = outcome.text();
    assert!(!text.contains("secret-1"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn headers_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "Matricule;Famille;Petit nom;Venu le;Salle;UAI\nA7;LE GALL;Léa;17/03/2014;Bleue;0350998W\nA8;BRUN;Ana;18/03/2014;Rouge;\n";
    write(folder.path(), &[("eleves.csv", file.into())]);
    let mut spec = spec(folder.path(), Layout::Csv);
    spec.columns = [
        ("matricule", Field::ExternalId),
        ("famille", Field::LastName),
        ("petitnom", Field::FirstName),
        ("venule", Field::BirthDate),
        ("salle", Field::Classes),
    ]
    .map(|(header, field)| (header.to_owned(), field))
    .into();
    let outcome = read_spec(&spec, &Earlier::default());
    let keys: Vec<&str> = outcome.of(Category::Pupil).map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["0350998W-E-A7", "0350999X-E-A8"]);
    assert_eq!(outcome.value(Category::Pupil, 1, "ENTEleveClasses"), Some("0350999X$Rouge"));
    let schools: Vec<&str> = outcome.of(Category::Structure).map(|record| record.key.as_str()).collect();
    assert_eq!(schools, ["0350999X", "0350998W"]);
    assert_eq!(outcome.codes(), [Code::TableRead]);
}

#[test]
fn the_sample_school() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/ecole");
    insta::assert_snapshot!(read_spec(&spec(&folder, Layout::Onde), &Earlier::default()).text());
}
