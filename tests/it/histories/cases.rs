//! One case per row of what administrators expect: a small academy before and after, and the lines of the plan that
//! come of it, as they are read.

use jiff::civil::Date;
use rentree::plan::Line;
use rentree::plan::file::Reader;

use super::academy::{Academy, write_complete};
use super::dice::Dice;
use super::judge::store;
use crate::support::program::Installation;

/// What becomes of the academy, and what of the files that say so.
type Turn = fn(&mut Academy);
type Mishap = fn(&std::path::Path);

struct Case {
    what: &'static str,
    day: &'static str,
    turn: Turn,
    mishap: Mishap,
}

const fn case(what: &'static str, day: &'static str, turn: Turn) -> Case {
    Case { what, day, turn, mishap: |_| () }
}

fn first(academy: &Academy) -> u32 {
    *academy.pupils.iter().find(|(_, pupil)| pupil.relatives.len() == 2).unwrap().0
}

fn alter(folder: &std::path::Path, category: &str, change: impl Fn(String) -> String) {
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.to_string_lossy().contains(category) {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, change(text)).unwrap();
        }
    }
}

/// The pupils of the first school.
fn of_first_school(academy: &mut Academy) -> impl Iterator<Item = &mut super::academy::Pupil> {
    let school = *academy.schools.keys().next().unwrap();
    academy.pupils.values_mut().filter(move |pupil| pupil.school == school)
}

/// The first pupil has a class in a second school too.
fn in_two_schools(text: String) -> String {
    let values: Vec<&str> = text
        .split("name=\"ENTEleveClasses\"><value>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .filter(|value| value.contains('$'))
        .collect();
    let school = |value: &str| value.split('$').next().unwrap().to_owned();
    let other = values.iter().find(|value| school(value) != school(values[0])).unwrap();
    let (from, to) = (format!("<value>{}<", values[0]), format!("<value>{}</value><value>{other}<", values[0]));
    text.replacen(&from, &to, 1)
}

/// The first record once more.
fn twice(text: String) -> String {
    let start = text.find("<addRequest>").unwrap();
    let end = start + text[start..].find("</addRequest>").unwrap() + "</addRequest>".len();
    format!("{}\n{}", &text[..end], &text[start..])
}

const CASES: [Case; 17] = [
    case("a pupil changes class", "2026-09-20", |a| {
        let key = first(a);
        "3B".clone_into(&mut a.pupils.get_mut(&key).unwrap().class);
    }),
    case("a pupil changes school", "2026-09-20", |a| {
        let key = first(a);
        let other = *a.schools.keys().find(|s| **s != a.pupils[&key].school).unwrap();
        a.pupils.get_mut(&key).unwrap().school = other;
    }),
    case("a pupil comes back under another key", "2026-09-20", |a| {
        let key = first(a);
        a.pupil_gets_another_key(key);
    }),
    case("a pupil leaves, and the relatives who have no other child", "2026-09-20", |a| {
        let key = first(a);
        a.pupils.remove(&key);
    }),
    case("a pupil marries a name", "2026-09-20", |a| {
        let key = first(a);
        "ALDERIC".clone_into(&mut a.pupils.get_mut(&key).unwrap().surname);
    }),
    case("a teacher of two schools leaves one", "2026-09-20", |a| {
        let teacher = a.teachers.values_mut().find(|t| t.posts.len() > 1).unwrap();
        let home = teacher.home;
        teacher.posts.retain(|school, _| *school == home);
    }),
    case("a teacher leaves", "2026-09-20", |a| drop(a.teachers.pop_first())),
    case("the year turns", "2027-09-02", |a| a.year_turns(&mut Dice::new(5, 1))),
    case("a school is in no set any more", "2026-09-20", |a| {
        let school = *a.schools.keys().next().unwrap();
        a.schools.remove(&school);
        a.pupils.retain(|_, pupil| pupil.school != school);
    }),
    Case {
        mishap: |f| alter(f, "_Eleve_", |_| String::new()),
        ..case("an empty file of pupils", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| alter(f, "_Eleve_", |text| text[..text.len() / 2].to_owned()),
        ..case("a file of pupils that is cut", "2026-09-20", |_| ())
    },
    Case {
        mishap: |f| {
            alter(f, "_Eleve_", |text| {
                text.replacen(
                    "<attr name=\"ENTEleveMEF\">",
                    "<attr name=\"ENTInconnu\"><value>x</value></attr>\n<attr name=\"ENTEleveMEF\">",
                    1,
                )
            });
        },
        ..case("an attribute that nobody knows", "2026-09-20", |_| ())
    },
    case("nobody of a school has a class", "2026-11-20", |a| {
        of_first_school(a).for_each(|pupil| pupil.class = String::new());
    }),
    case("all classes of a school have other names", "2026-11-20", |a| {
        of_first_school(a).for_each(|pupil| pupil.class = format!("N{}", pupil.class));
    }),
    Case { mishap: |f| alter(f, "_Eleve_", in_two_schools), ..case("a pupil in two schools", "2026-09-20", |_| ()) },
    Case { mishap: |f| alter(f, "_Eleve_", twice), ..case("the same pupil twice in a file", "2026-09-20", |_| ()) },
    case("a pupil without a class", "2026-09-20", |a| {
        let key = a.pupil_arrives(&mut Dice::new(5, 2));
        a.pupils.get_mut(&key).unwrap().class = String::new();
    }),
];

/// The plan of a night in lines: what is held and why, what is done with whom.
fn lines(installation: &Installation, runtime: &tokio::runtime::Runtime) -> String {
    let plan = runtime.block_on(async { store(installation).await.last_plan().await.unwrap().unwrap() });
    let mut lines = Vec::new();
    for line in Reader::open(std::path::Path::new(&plan.file)).unwrap() {
        let (held, change) = match line.unwrap() {
            Line::Hold(hold) => {
                lines.push(format!("hold {}: {}", hold.id, hold.message));
                continue;
            }
            Line::Held { change, .. } => ("held ", change),
            Line::Change(change) => ("", change),
            Line::Header(_) | Line::Seal(_) => continue,
        };
        let kind = serde_json::to_value(change.kind).unwrap();
        let note = change.note.as_deref().map(|note| format!(" — {note}")).unwrap_or_default();
        let expected = if change.expected { " (expected)" } else { "" };
        lines.push(format!("{held}{} {}{note}{expected}", kind.as_str().unwrap(), change.subject.name));
    }
    lines.join("\n")
}

#[test]
fn each_case_gives_its_plan() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = Academy::found(&mut Dice::new(5, 0));
    let base = Installation::embedded();
    write_complete(&base.feed(), "2026-09-01".parse().unwrap(), &before.records());
    base.sync(&["--today", "2026-09-01"], 0);
    for Case { what, day, turn, mishap } in CASES {
        let installation = base.twin();
        let mut after = before.clone();
        turn(&mut after);
        let date: Date = day.parse().unwrap();
        write_complete(&installation.feed(), date, &after.records());
        mishap(&installation.feed());
        let answer = installation.run(&["plan", "--json", "--today", day]);
        assert!([0, 3].contains(&answer.code), "{what}: {}", answer.stderr);
        let findings: Vec<String> = answer.json()["findings"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(severity, count)| *severity != "information" && **count != 0)
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
        let text = format!("{what}\n\n{}\n\nfindings: {}", lines(&installation, &runtime), findings.join(", "));
        insta::assert_snapshot!(what.replace([' ', ','], "_"), text);
    }
}
