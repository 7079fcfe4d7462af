//! Every row of the table of who sees what, in the roster: what it denies is not there.

use jiff::civil::date;

use super::{Academy, findings, left, person, pupil, relative, small};
use crate::config::PolicyConfig;
use crate::feed::{Category, Code};
use crate::roster::{LeftOutReason, Options, OptionsError, Person, Roster};

const HERE: [(&str, &[&str]); 2] = [("ENTPersonAdresse", &["3 rue des Lilas"]), ("ENTPersonVille", &["BREST"])];
const THERE: [(&str, &[&str]); 2] = [("ENTPersonAdresse", &["9 quai du Port"]), ("ENTPersonVille", &["MORLAIX"])];

/// Pupil 2 lives with relative 5; relative 6 lives elsewhere.
fn family(birth: &str, links: &[&str]) -> Academy {
    let [street, town] = HERE;
    small()
        .add(
            Category::Pupil,
            "2",
            &[
                ("sn", &["Kermarec"]),
                ("givenName", &["Malo"]),
                ("ENTPersonDateNaissance", &[birth]),
                ("ENTEleveClasses", &["100$6A"]),
                ("ENTElevePersRelEleve", links),
                ("ENTEleveAdresseRel", &["5"]),
                street,
                town,
            ],
        )
        .relative("5", "Yann", &HERE)
        .relative("6", "Katell", &THERE)
}

const PARENTS: &[&str] = &["5$20$1$1$0$0", "6$10$1$1$0$0"];
const MINOR: &str = "14/03/2013";

fn under(academy: &Academy, policy: &str) -> Roster {
    let config: PolicyConfig = toml::from_str(policy).unwrap();
    academy.roster_with(&Options::default().with_policy(&config, Some(date(2026, 9, 1))).unwrap())
}

fn street(person: &Person) -> Option<&str> {
    person.contact.address.as_ref().and_then(|address| address.lines.first()).map(compact_str::CompactString::as_str)
}

/// Who is linked to pupil 2, with whom he is said to live, and the streets of the three.
fn told(roster: &Roster) -> String {
    let pupil = pupil(roster, "2");
    let names = |ids: &mut dyn Iterator<Item = crate::roster::PersonId>| {
        ids.filter_map(|id| roster.person(id)).map(|p| p.name.first.to_string()).collect::<Vec<_>>().join("+")
    };
    let streets: Vec<&str> = ["2", "5", "6"]
        .into_iter()
        .map(|key| if left(roster, key).is_some() { "left out" } else { street(person(roster, key)).unwrap_or("-") })
        .collect();
    let linked = names(&mut pupil.relatives.iter().map(|link| link.relative));
    format!("{linked} / {} / {}", names(&mut pupil.lives_with.iter().copied()), streets.join(", "))
}

#[test]
fn separated_parents_have_each_their_own_address() {
    let roster = under(&family(MINOR, PARENTS), "");
    assert_eq!(told(&roster), "Yann+Katell / Yann / 3 rue des Lilas, 3 rue des Lilas, 9 quai du Port");
    // A pupil without an address of his own borrows nobody's.
    let without = small()
        .pupil("2", "Malo", &[("ENTEleveClasses", &["100$6A"]), ("ENTElevePersRelEleve", PARENTS)])
        .relative("5", "Yann", &HERE)
        .relative("6", "Katell", &THERE);
    assert_eq!(told(&under(&without, "")), "Yann+Katell /  / -, 3 rue des Lilas, 9 quai du Port");
}

#[test]
fn relatives_of_a_pupil_of_age_stay_linked_or_not() {
    let adult = family("01/09/2008", PARENTS);
    let linked = "Yann+Katell / Yann / 3 rue des Lilas, 3 rue des Lilas, 9 quai du Port";
    assert_eq!(told(&under(&adult, "")), linked);
    let alone = under(&adult, "of_age = \"unlinked\"");
    assert_eq!(told(&alone), " /  / 3 rue des Lilas, left out, left out");
    assert_eq!(left(&alone, "5"), Some(LeftOutReason::NoAuthority), "no account, no sheet, and the links go at once");
    // By school; and a day before his birthday nothing has changed.
    assert_eq!(told(&under(&adult, "of_age = \"unlinked\"\nof_age_in = { 0290009C = \"linked\" }")), linked);
    assert_eq!(told(&under(&adult, "of_age_in = { 0290009C = \"unlinked\" }")), told(&alone));
    assert_eq!(told(&under(&family("02/09/2008", PARENTS), "of_age = \"unlinked\"")), linked);
    // Whoever answers for a younger child too stays, linked to that one only.
    let brother = adult.pupil("3", "Enora", &[("ENTEleveClasses", &["100$6B"]), ("ENTElevePersRelEleve", PARENTS)]);
    let roster = under(&brother, "of_age = \"unlinked\"");
    assert_eq!(relative(&roster, "5").pupils.len(), 1);
    assert!(pupil(&roster, "2").relatives.is_empty());
}

#[test]
fn nobody_learns_where_a_pupil_in_care_lives() {
    // By the social services, in both generations of codes, whether that link gives an account or not; and in a foster
    // family, which is linked and whose own address is not told either.
    for care in ["7$51$0$1$1$0", "7$5$0$0$1$0", "7$51$0$0$0$0"] {
        let roster = under(&family(MINOR, &["5$20$1$1$0$0", "6$10$1$1$0$0", care]), "");
        assert_eq!(told(&roster), "Yann+Katell /  / -, -, 9 quai du Port", "{care}");
        assert_eq!(findings(&roster, Code::AddressProtected).len(), 1);
    }
    let foster = under(&family(MINOR, &["5$42$0$2$1$0", "6$10$1$1$0$0"]), "");
    assert_eq!(told(&foster), "Yann+Katell /  / -, -, 9 quai du Port");
}

#[test]
fn a_protected_address_is_nowhere() {
    let academy = family(MINOR, PARENTS);
    let hidden = "Yann+Katell /  / -, -, 9 quai du Port";
    assert_eq!(told(&under(&academy, "protected = [\"AC-RENNES$2\"]")), hidden);
    // That of the adult with whom he lives is his; that of the other one is not.
    assert_eq!(told(&under(&academy, "protected = [\"AC-RENNES$5\"]")), hidden);
    let other = "Yann+Katell / Yann / 3 rue des Lilas, 3 rue des Lilas, -";
    assert_eq!(told(&under(&academy, "protected = [\"AC-RENNES$6\"]")), other);
    // What may not be given to associations is protected where the project says so.
    let [street, town] = THERE;
    let undisclosed = family(MINOR, PARENTS).relative("7", "Soazig", &[]);
    let undisclosed = undisclosed.pupil(
        "3",
        "Enora",
        &[
            ("ENTEleveClasses", &["100$6B"]),
            ("ENTElevePersRelEleve", &["6$10$1$1$0$0"]),
            ("ENTPersonAdresseDiffusion", &["N"]),
            street,
            town,
        ],
    );
    let streets = |policy: &str| {
        let roster = under(&undisclosed, policy);
        [self::street(person(&roster, "3")).is_some(), self::street(person(&roster, "6")).is_some()]
    };
    assert_eq!(streets(""), [true, true]);
    assert_eq!(streets("undisclosed_is_protected = true"), [false, false]);
}

#[test]
fn without_authority_and_his_own_guardian_are_no_links() {
    let roster = under(&family(MINOR, &["5$70$1$1$0$0", "6$39$0$0$1$0"]), "");
    assert_eq!(told(&roster), " /  / 3 rue des Lilas, left out, left out");
    assert!(pupil(&roster, "2").own_guardian);
}

#[test]
fn a_school_that_is_none_is_refused() {
    let config: PolicyConfig = toml::from_str("of_age_in = { \"029 0009C\" = \"linked\" }").unwrap();
    let refused = Options::default().with_policy(&config, None).err();
    assert_eq!(refused, Some(OptionsError::PolicyUai("029 0009C".to_owned())));
}
