use jiff::civil::date;

use super::*;
use crate::store::testing;

fn count(schools: &[&str], profile: Profile, stage: Stage, accounts: u64, printed: u64) -> SchoolCount {
    SchoolCount {
        schools: schools.iter().map(|uai| CompactString::from(*uai)).collect(),
        profile,
        stage,
        accounts,
        printed,
        sealed: 0,
    }
}

#[test]
fn who_is_in_two_schools_counts_once_in_all_together() {
    let counts = [
        count(&["0450001A"], Profile::Pupil, Stage::Present, 10, 4),
        count(&["0450001A", "0450002B"], Profile::Pupil, Stage::Present, 1, 1),
        count(&["0450002B"], Profile::Pupil, Stage::Suspended, 2, 2),
        count(&["0450002B"], Profile::Pupil, Stage::Purged, 5, 5),
    ];
    let activated: Activated = [((None, Profile::Pupil), 3)].into_iter().collect();
    let rows = rows(date(2026, 11, 1), &counts, Some(&activated));
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.school.as_deref(), row.present, row.suspended, row.printed, row.activated))
        .collect();
    assert_eq!(
        found,
        [(None, 11, 2, 5, Some(3)), (Some("0450001A"), 11, 0, 5, None), (Some("0450002B"), 1, 2, 1, None)]
    );
}

#[test]
fn of_what_is_old_one_day_a_week_stays() {
    let today = date(2026, 11, 22);
    let days: Vec<Date> = date(2026, 8, 1).series(jiff::Span::new().days(1)).take_while(|day| *day <= today).collect();
    let gone = thinned(&days, today);
    let kept: Vec<Date> = days.iter().copied().filter(|day| !gone.contains(day)).collect();
    assert_eq!(kept.first(), Some(&date(2026, 8, 1)));
    // Saturday 1 August, then Mondays, then every day of the last two months.
    assert_eq!(kept.get(1), Some(&date(2026, 8, 3)));
    assert_eq!(kept.get(2), Some(&date(2026, 8, 10)));
    assert_eq!(kept.iter().filter(|day| **day >= date(2026, 9, 21)).count(), 63);
    assert_eq!(thinned(&kept, today), []);
}

#[tokio::test]
async fn a_day_is_noted_once_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = testing::open(folder.path()).await;
    let day = date(2026, 11, 22);
    let row = |present, activated| IndicatorRow {
        day,
        school: Some("0450001A".into()),
        profile: Profile::Teacher,
        present,
        absent: 1,
        suspended: 2,
        printed: 3,
        activated,
    };
    store.note_indicators(day, &[row(9, None)]).await.unwrap();
    assert_eq!(store.activation_noted().await.unwrap(), None);
    store.note_indicators(day, &[row(10, Some(4))]).await.unwrap();
    assert_eq!(store.indicators(day).await.unwrap(), [row(10, Some(4))]);
    assert_eq!(store.activation_noted().await.unwrap(), Some(day));
    store.forget_indicators(&[day]).await.unwrap();
    assert_eq!(store.indicator_days().await.unwrap(), []);
}

fn autumn() -> Series {
    let row = |day, profile, present, printed, activated| IndicatorRow {
        day,
        school: None,
        profile,
        present,
        absent: 12,
        suspended: 40,
        printed,
        activated,
    };
    let rows = vec![
        row(date(2026, 9, 1), Profile::Pupil, 3000, 0, Some(0)),
        row(date(2026, 9, 8), Profile::Pupil, 3312, 3200, Some(2100)),
        row(date(2026, 9, 8), Profile::Staff, 90, 0, None),
        row(date(2026, 9, 9), Profile::Pupil, 3315, 3205, None),
        row(date(2026, 9, 9), Profile::Staff, 90, 12, None),
    ];
    Series::by_scope(rows).remove(&None).unwrap()
}

#[test]
fn the_text_says_how_things_stand_and_how_they_went() {
    insta::assert_snapshot!("text", text("Académie d'essai", &autumn()));
    assert!(text("Personne", &Series::default()).contains("Rien n'a encore été noté"));
}

#[test]
fn the_page_stands_alone() {
    let names = [(CompactString::from("0450001A"), "Collège <l'Œuvre>".to_owned())].into_iter().collect();
    let schools = [(CompactString::from("0450001A"), autumn())].into_iter().collect();
    let html = page::html("Académie & essai", &autumn(), &schools, &names);
    assert!(html.contains("Collège &lt;l&#39;Œuvre&gt;"));
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script"));
    assert_eq!(html.matches("<svg").count(), 3);
    assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
}
