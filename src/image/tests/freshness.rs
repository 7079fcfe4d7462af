//! Complete sets that lack what they should not lack: the people stay, and it is said.

use super::*;

/// Schools 10 and 11, with so many pupils each, and one parent per pupil.
struct Set {
    schools: Vec<(u32, u32)>,
    structures: Vec<u32>,
}

impl Set {
    fn write(&self, academy: &Academy, date: &str) {
        academy.empty();
        let structures: Vec<String> = self
            .structures
            .iter()
            .map(|key| {
                let uai = format!("029{key:04}X");
                let name = format!("CLG$ECOLE {key}$DINAN");
                let attributes = [("ENTStructureUAI", uai.as_str()), ("ENTStructureNomCourant", name.as_str())];
                request("add", Category::Structure, &key.to_string(), &attributes)
            })
            .collect();
        let (mut pupils, mut relatives) = (Vec::new(), Vec::new());
        for &(school, count) in &self.schools {
            for n in 0..count {
                let (key, parent, school) = (school * 1000 + n, 100_000 + school * 1000 + n, school.to_string());
                let link = format!("{parent}$10$1$1$0$0");
                pupils.push(request(
                    "add",
                    Category::Pupil,
                    &key.to_string(),
                    &[
                        ("sn", "X"),
                        ("givenName", "Y"),
                        ("ENTPersonDateNaissance", "01/01/2013"),
                        ("ENTPersonStructRattach", &school),
                        ("ENTElevePersRelEleve", &link),
                    ],
                ));
                relatives.push(request(
                    "add",
                    Category::Relative,
                    &parent.to_string(),
                    &[("sn", "X"), ("givenName", "Z")],
                ));
            }
        }
        academy.write(&part("Complet", date, Category::Structure), file(&structures));
        academy.write(&part("Complet", date, Category::Pupil), file(&pupils));
        academy.write(&part("Complet", date, Category::Relative), file(&relatives));
    }
}

fn set(first: u32, second: u32) -> Set {
    Set { schools: vec![(10, first), (11, second)], structures: vec![10, 11] }
}

async fn start() -> Academy {
    let academy = Academy::new().await;
    set(40, 60).write(&academy, "20260901");
    academy.take().await;
    academy
}

fn persons(image: &Image) -> (usize, usize) {
    let of = |category| image.keys().filter(|(c, _)| *c == category).count();
    (of(Category::Pupil), of(Category::Relative))
}

/// Takes in the set of a later day: pupils and relatives in the image, and the blocking codes that have a school.
async fn next(academy: &Academy, set: &Set) -> ((usize, usize), Vec<(Code, String)>) {
    set.write(academy, "20260908");
    let intake = academy.take().await;
    let said = intake.findings.iter().filter(|f| f.school.is_some() || f.code == Code::CategoryCollapsed);
    let said = said.map(|f| (f.code, f.school.clone().unwrap_or_default().to_string())).collect();
    (persons(&academy.image().await), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_departures_leave() {
    let academy = start().await;
    assert_eq!(next(&academy, &set(30, 59)).await, ((89, 89), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_without_its_pupils_is_frozen_with_their_parents() {
    let academy = start().await;
    let vanished = vec![(Code::SchoolVanished, "0290010X".to_owned())];
    assert_eq!(next(&academy, &set(0, 58)).await, ((98, 98), vanished));
    // Believed once the configuration says so.
    let mut academy = academy;
    academy.rules.limits.collapse_percent = 100.0;
    assert_eq!(next(&academy, &set(0, 58)).await, ((58, 58), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collapsed_school_is_frozen_alone() {
    let academy = start().await;
    let collapsed = vec![(Code::SchoolCollapsed, "0290010X".to_owned())];
    assert_eq!(next(&academy, &set(10, 57)).await, ((97, 97), collapsed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_that_is_not_delivered_any_more_stays_with_its_people() {
    let academy = start().await;
    let without = Set { structures: vec![11], ..set(40, 60) };
    let vanished = vec![(Code::SchoolVanished, "0290010X".to_owned())];
    assert_eq!(next(&academy, &without).await, ((100, 100), vanished.clone()));
    assert!(academy.fields(Category::Structure, "10").await.is_some());
    let nobody = Set { structures: vec![11], ..set(0, 60) };
    assert_eq!(next(&academy, &nobody).await, ((100, 100), vanished));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collapsed_category_is_frozen() {
    let academy = start().await;
    let ((pupils, relatives), said) = next(&academy, &set(5, 5)).await;
    assert_eq!((pupils, relatives), (100, 100));
    assert_eq!(said, [(Code::CategoryCollapsed, String::new()), (Code::CategoryCollapsed, String::new())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_start_at_one_are_believed_less() {
    let academy = start().await;
    set(40, 35).write(&academy, "20260908");
    for category in [Category::Pupil, Category::Relative] {
        let path = academy.feed().join(part("Complet", "20260908", category));
        std::fs::rename(&path, path.to_str().unwrap().replace("_0000", "_0001")).unwrap();
    }
    academy.take().await;
    assert_eq!(persons(&academy.image().await), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_goes_back_is_an_error() {
    let academy = start().await;
    set(40, 60).write(&academy, "20260830");
    assert!(matches!(academy.try_take().await, Err(ImageError::Older { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_degree_is_an_error() {
    let academy = start().await;
    let before = academy.image().await;
    let path = part("Complet", "20260908", Category::Pupil);
    academy.write(&path, file(&[]).replace("<ficAlimMENESR>", "<ficAlimMENESR>\n<!-- degre=\"1D\" -->"));
    assert!(matches!(academy.try_take().await, Err(ImageError::Degree { .. })));
    assert_eq!(academy.image().await, before);
}
