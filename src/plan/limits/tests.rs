use super::*;

const SCHOOL: &str = "0350001A";

fn tally(tally: Tally) -> Vec<HoldReason> {
    let mut tallies = Tallies::default();
    *tallies.of(SCHOOL, Profile::Pupil) = tally;
    tallies.breaches(&LimitsConfig::default()).iter().map(Breach::reason).collect()
}

fn breaches(accounts: u32, departures: u32, creations: u32) -> Vec<HoldReason> {
    tally(Tally { accounts, departures, new_departures: departures, creations, identities: 0 })
}

fn groups(tally: GroupTally) -> Vec<String> {
    let mut tallies = Tallies::default();
    *tallies.of_groups(SCHOOL) = tally;
    tallies.breaches(&LimitsConfig::default()).iter().map(Breach::id).collect()
}

#[test]
fn a_tenth_is_the_limit() {
    assert_eq!(breaches(500, 50, 0), []);
    assert_eq!(breaches(500, 51, 0), [HoldReason::SuspendLimit]);
}

#[test]
fn what_was_let_through_earlier_holds_nothing_by_itself() {
    assert_eq!(tally(Tally { accounts: 100, departures: 30, ..Tally::default() }), []);
}

#[test]
fn small_populations_are_not_measured_in_percent() {
    assert_eq!(breaches(19, 5, 0), []);
    assert_eq!(breaches(20, 5, 0), [HoldReason::SuspendLimit]);
}

#[test]
fn an_empty_school_may_be_filled() {
    assert_eq!(breaches(0, 0, 900), []);
    assert_eq!(breaches(600, 0, 600), [HoldReason::CreateLimit]);
    assert_eq!(breaches(10, 0, 40), [], "fifty creations are never held");
}

#[test]
fn a_few_marriages_are_no_matter_and_all_names_of_a_school_are() {
    assert_eq!(tally(Tally { accounts: 30, identities: 10, ..Tally::default() }), []);
    assert_eq!(tally(Tally { accounts: 400, identities: 400, ..Tally::default() }), [HoldReason::UpdateLimit]);
}

#[test]
fn classes_groups_and_members() {
    let usual = GroupTally { members: 1_000, classes: 20, groups: 60, ..GroupTally::default() };
    assert_eq!(groups(GroupTally { classes_gone: 2, groups_gone: 40, taken_out: 500, ..usual }), [""; 0]);
    assert_eq!(groups(GroupTally { classes_gone: 20, ..usual }), ["groups-limit:0350001A:classes"]);
    assert_eq!(groups(GroupTally { groups_gone: 60, ..usual }), ["groups-limit:0350001A:groups"]);
    assert_eq!(groups(GroupTally { taken_out: 501, ..usual }), ["members-limit:0350001A"]);
}

/// A little everywhere is a lot: no school is beyond its limit, the plan is.
#[test]
fn the_whole_plan_is_measured_without_the_schools_that_are_held() {
    let mut tallies = Tallies::default();
    for school in 0..50 {
        let gone = if school == 0 { 200 } else { 39 };
        *tallies.of(&format!("035{school:04}A"), Profile::Pupil) =
            Tally { accounts: 400, departures: gone, new_departures: gone, ..Tally::default() };
    }
    let limits: LimitsConfig = toml::from_str("[global.suspend]\npercent = 9.0").unwrap();
    let ids: Vec<String> = tallies.breaches(&limits).iter().map(Breach::id).collect();
    assert_eq!(ids, ["suspend-limit:0350000A:pupil", "suspend-limit:global"]);
    let limits: LimitsConfig = toml::from_str("[global.suspend]\npercent = 9.8").unwrap();
    assert_eq!(tallies.breaches(&limits).len(), 1, "the 200 of the first school are not counted twice");
}

#[test]
fn a_purge_is_judged_alone() {
    let purge = |accounts, purged| PurgeTally { school: SCHOOL.into(), profile: Profile::Pupil, accounts, purged };
    let limits = LimitsConfig::default();
    assert_eq!(purge_breaches(&[purge(900, 300)], &limits), [], "those who left in summer");
    let beyond = purge_breaches(&[purge(900, 600)], &limits);
    assert_eq!(beyond.iter().map(Breach::reason).collect::<Vec<_>>(), [HoldReason::PurgeLimit]);
}

#[test]
fn the_message_says_where_what_how_many_and_what_to_do() {
    let breach = Breach {
        school: Some(SCHOOL.into()),
        axis: Axis::Suspend,
        counted: Counted::Profile(Profile::Pupil),
        n: 62,
        of: 400,
        beyond: Beyond::Percent(10.0),
    };
    let message = breach.message("Collège Jean Moulin", &breach.id());
    for part in ["Collège Jean Moulin (0350001A) : 62 élèves sur 400", "16 %, limite 10 %", "holds show suspend-limit:"]
    {
        assert!(message.contains(part), "{message}");
    }
    let everywhere = Breach { school: None, counted: Counted::Accounts, beyond: Beyond::Count(50), ..breach };
    assert!(everywhere.message("", "x").starts_with("Tous les établissements : 62 comptes sur 400 disparaîtraient"));
}
