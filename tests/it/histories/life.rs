//! One history: an academy that lives, a directory that follows it, and accidents in between.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rentree::store::Stage;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::academy::{Academy, CATEGORIES, Records, write_complete, write_delta};
use super::dice::Dice;
use super::hands;
use super::judge::{Judge, Sight, Wrong, balanced, held, must};
use crate::support::academy::truncate;
use crate::support::program::{Answer, Installation};

/// Findings of every night: these sets have neither subjects nor MEF. Any more say that something is not believed.
const NEVER_DELIVERED: u64 = 2;

/// A history under way.
pub struct Life {
    pub installation: Installation,
    pub academy: Academy,
    pub judge: Judge,
    pub sight: Sight,
    pub runtime: Runtime,
    today: Date,
    /// What the last set that was accepted as a whole said, and whether nothing was lost since.
    told: Records,
    sound: bool,
    /// What happened, in plain words, a line per step.
    pub words: Vec<String>,
}

/// What arrives in the night.
enum Delivery {
    Complete,
    Delta,
    /// A complete set of which a part is wrong: nobody of that category may leave.
    Bad(Fault, usize),
    /// The difference of a category cut off.
    BadDelta(usize),
    /// A complete set that lacks all pupils of a school, or the school altogether.
    WithoutSchool {
        itself: bool,
    },
    /// The set of an earlier day.
    Older,
    /// Both, in two copies of the installation, which have to agree.
    DeltaOrComplete,
    Nothing,
}

impl Delivery {
    const fn is_whole(&self) -> bool {
        matches!(self, Self::Complete | Self::Delta | Self::DeltaOrComplete)
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Missing,
    Empty,
    Cut,
    Malformed,
}

impl Life {
    /// The first night: everybody is created, beside people and groups that are somebody else's.
    pub fn begin(seed: u64) -> Result<Self, Wrong> {
        let mut dice = Dice::new(seed, 0);
        let installation = Installation::embedded();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let academy = Academy::found(&mut dice);
        let today: Date = "2026-09-01".parse().unwrap();
        let mut judge = Judge::default();
        runtime.block_on(hands::strangers(&installation, &mut judge));
        let sight = runtime.block_on(Sight::of(&installation));
        let words = vec![format!(
            "2026-09-01  {} schools, {} pupils, {} relatives, {} teachers; a stranger and his group",
            academy.schools.len(),
            academy.pupils.len(),
            academy.answering().len(),
            academy.teachers.len()
        )];
        let told = academy.records();
        let mut life = Self { installation, academy, judge, sight, runtime, today, told, sound: true, words };
        write_complete(&life.installation.feed(), today, &life.told);
        life.night(&[0, 3])?;
        Ok(life)
    }

    /// One step, drawn from its own stream.
    pub fn step(&mut self, dice: &mut Dice) -> Result<(), Wrong> {
        let days = 1 + dice.below(4).cast_signed();
        match dice.below(100) {
            0..=25 => self.lives(dice, days, 4, &Delivery::Complete),
            26..=45 => self.lives(dice, days, 4, &Delivery::Delta),
            46..=50 => self.lives(dice, days, 3, &Delivery::DeltaOrComplete),
            51..=62 => {
                let fault = *dice.pick(&[Fault::Missing, Fault::Empty, Fault::Cut, Fault::Malformed]);
                let category = dice.below(4) as usize;
                self.lives(dice, days, 3, &Delivery::Bad(fault, category))
            }
            63..=66 => {
                let category = 1 + dice.below(3) as usize;
                self.lives(dice, days, 4, &Delivery::BadDelta(category))
            }
            67..=71 => {
                let itself = dice.below(2) == 0;
                self.lives(dice, days, 2, &Delivery::WithoutSchool { itself })
            }
            72..=75 => self.lives(dice, days, 0, &Delivery::Older),
            76..=84 => {
                let days = 8 + dice.below(60).cast_signed();
                self.lives(dice, days, 0, &Delivery::Nothing)
            }
            85..=92 => {
                let what = hands::something(self, dice);
                self.say(&format!("by hand: {what}"));
                self.night(&[0, 3])
            }
            93..=96 => self.releases(),
            _ => {
                self.academy.year_turns(dice);
                let year = self.today.year() + i16::from(self.today.month() >= 8);
                self.today = self.today.max(Date::new(year, 9, 2).unwrap());
                self.say("the year turns: everybody goes up, the last level leaves");
                self.lives(dice, 1, 1, &Delivery::Complete)?;
                Ok(())
            }
        }
    }

    fn say(&mut self, what: &str) {
        self.words.push(format!("{}  {what}", self.today));
    }

    /// Days pass, things happen, and something is delivered of them.
    fn lives(&mut self, dice: &mut Dice, days: i64, events: u64, delivery: &Delivery) -> Result<(), Wrong> {
        self.today += days.days();
        let happened = (0..if events == 0 { 0 } else { dice.below(events + 1) })
            .filter_map(|_| happens(&mut self.academy, &mut self.judge, dice, delivery.is_whole()))
            .collect::<Vec<_>>();
        let happened = if happened.is_empty() { "nothing new".to_owned() } else { happened.join(", ") };
        let (now, feed) = (self.academy.records(), self.installation.feed());
        match delivery {
            // What was lost on the way is not in the next difference.
            Delivery::Complete => self.complete(&happened, now),
            Delivery::Delta | Delivery::BadDelta(_) | Delivery::DeltaOrComplete if !self.sound => {
                self.complete(&happened, now)
            }
            Delivery::Delta => {
                self.say(&format!("difference: {happened}"));
                write_delta(&feed, self.today, &self.told, &now);
                self.told = now;
                self.night(&[0, 3])
            }
            Delivery::DeltaOrComplete => {
                self.say(&format!("difference, and in a copy the complete set: {happened}"));
                let whole = self.installation.twin();
                write_delta(&feed, self.today, &self.told, &now);
                write_complete(&whole.feed(), self.today, &now);
                self.told = now;
                self.night(&[0, 3])?;
                self.agrees(&whole)
            }
            Delivery::BadDelta(category) => {
                let category = CATEGORIES[*category];
                self.say(&format!("difference whose {category} is cut: {happened}"));
                write_delta(&feed, self.today, &self.told, &now);
                damage(&feed, "Delta", self.today, category, Fault::Cut);
                self.lossy_night(category)
            }
            Delivery::Bad(fault, category) => {
                let category = CATEGORIES[*category];
                self.say(&format!("complete set, {category} {fault:?}: {happened}"));
                write_complete(&feed, self.today, &now);
                damage(&feed, "Complet", self.today, category, *fault);
                self.lossy_night(category)
            }
            Delivery::WithoutSchool { itself } => self.without_school(dice, *itself, now, &happened),
            Delivery::Older => {
                self.say("the set of a year ago");
                let kept = feed.with_extension("kept");
                std::fs::rename(&feed, &kept).unwrap();
                write_complete(&feed, self.today - 1.year(), &now);
                let before = std::mem::take(&mut self.sight.entries);
                let answer = self.sync();
                self.sight = self.runtime.block_on(Sight::of(&self.installation));
                must!(answer.code == 5, "an older set ends with {}: {}", answer.code, answer.stderr);
                must!(before == self.sight.entries, "an older set changed the directory");
                std::fs::remove_dir_all(&feed).unwrap();
                std::fs::rename(&kept, &feed).unwrap();
                self.judge.remember(&self.sight)
            }
            Delivery::Nothing => {
                self.say("days pass");
                self.night(&[0, 3])
            }
        }
    }

    fn complete(&mut self, happened: &str, now: Records) -> Result<(), Wrong> {
        self.say(&format!("complete set: {happened}"));
        write_complete(&self.installation.feed(), self.today, &now);
        (self.told, self.sound) = (now, true);
        self.night(&[0, 3])
    }

    /// A night on a delivery of which a category is lost: nobody of it leaves.
    fn lossy_night(&mut self, category: &str) -> Result<(), Wrong> {
        self.sound = false;
        let before = std::mem::replace(&mut self.sight, self.runtime.block_on(Sight::of(&self.installation)));
        self.night(&[0, 3, 5])?;
        let profiles: &[&str] = match category {
            "Eleve" => &["pupil"],
            "PersRelEleve" => &["relative"],
            "PersEducNat" => &["teacher", "staff"],
            _ => &["pupil", "relative", "teacher", "staff"],
        };
        // Who answers for nobody any more has left by what the pupils' own records say; and whoever left while the
        // structures alone are doubtful has left.
        let there = self.academy.records();
        self.nobody_left(&before, category, |row| {
            let profile = serde_json::to_value(row.profile).unwrap();
            let is_there = || there.keys().any(|(_, key)| row.join_key.as_str() == format!("AC-TEST${key}"));
            let sure = category == "EtabEducNat" || profile == "relative";
            profiles.contains(&profile.as_str().unwrap()) && (!sure || is_there())
        })
    }

    fn nobody_left(
        &self,
        before: &Sight,
        why: &str,
        which: impl Fn(&rentree::store::AccountRow) -> bool,
    ) -> Result<(), Wrong> {
        for (key, row) in before.accounts.iter().filter(|(_, row)| row.stage == Stage::Present && which(row)) {
            let now = self.sight.stage(key);
            must!(now == Some(Stage::Present), "{key} ({:?}) became {now:?} for want of {why}", row.profile);
        }
        Ok(())
    }

    fn without_school(&mut self, dice: &mut Dice, itself: bool, mut now: Records, happened: &str) -> Result<(), Wrong> {
        let school = self.academy.any_school(dice);
        let uai = self.academy.schools[&school].uai.clone();
        let gone: Vec<u32> = self.academy.pupils.iter().filter(|(_, p)| p.school == school).map(|(k, _)| *k).collect();
        let here = |sight: &Sight| {
            let of = |row: &&rentree::store::AccountRow| row.schools.iter().any(|s| s == uai.as_str());
            sight.accounts.values().filter(of).filter(|r| r.profile == rentree::roster::Profile::Pupil).count()
        };
        // Below five, a school may have emptied; and what is left of the others must still be believable.
        if gone.len() < 5 || here(&self.sight) < 5 {
            return self.complete(happened, now);
        }
        let what = if itself { "" } else { "the pupils of " };
        self.say(&format!("complete set without {what}{uai}: {happened}"));
        now.retain(|(category, key), _| {
            !(*category == 1 && gone.contains(key) || itself && *category == 0 && *key == school)
        });
        write_complete(&self.installation.feed(), self.today, &now);
        self.sound = false;
        let before = std::mem::replace(&mut self.sight, self.runtime.block_on(Sight::of(&self.installation)));
        self.night(&[0, 3, 5])?;
        let keys: Vec<String> = gone.iter().map(|key| format!("AC-TEST${key}")).collect();
        self.nobody_left(&before, "their school", |row| keys.iter().any(|key| key == row.join_key.as_str()))
    }

    /// Everything that is held is released, as shown.
    fn releases(&mut self) -> Result<(), Wrong> {
        let list = self.installation.run(&["holds", "list", "--json"]).json();
        let ids: Vec<&str> = list["holds"].as_array().unwrap().iter().filter_map(|hold| hold["id"].as_str()).collect();
        self.say(&format!("{} holds released", ids.len()));
        if !ids.is_empty() {
            let mut arguments = vec!["holds", "release"];
            arguments.extend(&ids);
            arguments.extend(["--why", "vu"]);
            let answer = self.installation.run(&arguments);
            // What a person has to mend cannot be released: that is said, and the others go.
            must!([0, 5].contains(&answer.code), "holds release ends with {}: {}", answer.code, answer.stderr);
        }
        self.night(&[0, 3])
    }

    fn sync(&self) -> Answer {
        let today = self.today.to_string();
        self.installation.run(&["sync", "--json", "--accept-foreign", "--today", &today])
    }

    /// A night, a second one that has nothing to do, and everything that must hold after them.
    pub fn night(&mut self, codes: &[i32]) -> Result<(), Wrong> {
        let answer = self.sync();
        must!(codes.contains(&answer.code), "the night ends with {}: {}{}", answer.code, answer.stderr, answer.stdout);
        self.sight = self.runtime.block_on(Sight::of(&self.installation));
        self.judge.remember(&self.sight)?;
        let verified = self.installation.run(&["audit", "verify"]);
        must!(verified.code == 0, "the trail is not intact: {}{}", verified.stdout, verified.stderr);
        if answer.code == 5 {
            return Ok(());
        }
        let night = answer.json();
        balanced(&night)?;
        clean(&night)?;
        for hold in night["holds"].as_array().into_iter().flatten() {
            self.words.push(format!("            held: {}", hold["message"].as_str().unwrap_or_default()));
        }
        let keys = self.runtime.block_on(held(&self.installation, &night))?;
        if self.sound {
            Judge::is_up_to_date(&self.sight, &self.academy, &keys)?;
            self.departed(&keys, &night)?;
        }
        let again = self.sync();
        must!(again.code == answer.code, "the same night again ends with {}: {}", again.code, again.stderr);
        let again = again.json();
        balanced(&again)?;
        must!(again["changes"]["done"] == 0, "the same night again changes something: {again}");
        must!(again["held_new"] == 0, "the same night again holds something new: {again}");
        let there = self.runtime.block_on(Sight::of(&self.installation));
        must!(there.entries == self.sight.entries, "the same night again left another directory");
        Ok(())
    }

    /// Whoever is not there any more has left, but for what is held or was not believed.
    fn departed(&self, held: &std::collections::BTreeSet<String>, night: &Value) -> Result<(), Wrong> {
        if night["findings"]["blocking"] != NEVER_DELIVERED {
            return Ok(());
        }
        let named = |key: &str| {
            let number: u32 = key.rsplit('$').next().unwrap().parse().unwrap();
            self.told.keys().any(|(_, key)| *key == number)
        };
        for (key, row) in &self.sight.accounts {
            let stays = row.stage == Stage::Present;
            must!(!stays || named(key) || held.contains(key), "{key} ({:?}) is in no set and present", row.profile);
        }
        Ok(())
    }

    /// The copy that was given the complete set has come to the same directory.
    fn agrees(&mut self, whole: &Installation) -> Result<(), Wrong> {
        let today = self.today.to_string();
        let answer = whole.run(&["sync", "--json", "--accept-foreign", "--today", &today]);
        must!([0, 3].contains(&answer.code), "the copy ends with {}: {}", answer.code, answer.stderr);
        let other = self.runtime.block_on(Sight::of(whole));
        let (ours, theirs) = (super::picture::of(&self.sight), super::picture::of(&other));
        let differing: Vec<_> = ours.symmetric_difference(&theirs).take(6).collect();
        must!(differing.is_empty(), "the difference and the complete set disagree: {differing:#?}");
        Ok(())
    }
}

/// No change failed, was left out or is unknown: nobody else writes here.
fn clean(night: &Value) -> Result<(), Wrong> {
    for none in ["moved", "failed", "not_done", "unknown"] {
        must!(night["changes"][none] == 0, "{none} changes: {}", night["changes"]);
    }
    Ok(())
}

fn damage(feed: &Path, kind: &str, day: Date, category: &str, fault: Fault) {
    let file = feed.join(format!("ENT_{kind}_{}_{category}_0000.xml", day.strftime("%Y%m%d")));
    let text = std::fs::read_to_string(&file).unwrap();
    match fault {
        Fault::Missing => std::fs::remove_file(&file).unwrap(),
        Fault::Empty => {
            let opening = text.find("<addRequest>").unwrap_or(text.len());
            let end = if opening < text.len() { "</ficAlimMENESR>\n" } else { "" };
            std::fs::write(&file, format!("{}{end}", &text[..opening])).unwrap();
        }
        Fault::Cut if kind == "Delta" => {
            let mut at = text.len() * 2 / 3;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            std::fs::write(&file, &text[..at]).unwrap();
        }
        Fault::Cut => truncate(feed, category, 60),
        Fault::Malformed => std::fs::write(&file, text.replacen("</attributes>", "</attribut>", 3)).unwrap(),
    }
}

/// One thing that happens; what, in plain words.
fn happens(academy: &mut Academy, judge: &mut Judge, dice: &mut Dice, whole: bool) -> Option<String> {
    Some(match dice.below(20) {
        0..=2 => format!("pupil {} arrives", academy.pupil_arrives(dice)),
        3..=5 => {
            let key = academy.any_pupil(dice, |_| true)?;
            let pupil = academy.pupils.remove(&key)?;
            academy.gone.insert(key, pupil);
            format!("pupil {key} leaves")
        }
        6..=7 => {
            let gone: Vec<u32> = academy.gone.keys().copied().collect();
            let key = *gone.get(dice.below(gone.len().max(1) as u64) as usize)?;
            let pupil = academy.gone.remove(&key)?;
            academy.pupils.insert(key, pupil);
            format!("pupil {key} comes back")
        }
        8..=9 => {
            let key = academy.any_pupil(dice, |_| true)?;
            let school = academy.pupils[&key].school;
            let classes: Vec<String> = academy.schools[&school].classes.iter().cloned().collect();
            let class = dice.pick(&classes).clone();
            let said = format!("pupil {key} goes to {class}");
            academy.pupils.get_mut(&key)?.class = class;
            said
        }
        10..=11 => {
            let (key, school) = (academy.any_pupil(dice, |_| true)?, academy.any_school(dice));
            academy.pupils.get_mut(&key)?.school = school;
            format!("pupil {key} goes to school {school}")
        }
        12 => {
            let key = academy.any_pupil(dice, |_| true)?;
            let pupil = academy.pupils.get_mut(&key)?;
            pupil.surname = format!("{}-{}", pupil.surname, dice.pick(&["ALDERIC", "BONNEVIE", "CAZENAVE"]));
            format!("pupil {key} is called {}", pupil.surname)
        }
        13 => format!("pupil {} joins a brother or sister", academy.sibling_arrives(dice)?),
        14 => {
            let key = academy.any_pupil(dice, |pupil| !pupil.relatives.is_empty())?;
            let relative = academy.pupils.get_mut(&key)?.relatives.pop()?;
            format!("relative {relative} answers no more for pupil {key}")
        }
        15 => {
            let school = academy.any_school(dice);
            format!("teacher {} arrives in school {school}", academy.teacher_arrives(dice, school))
        }
        16 => {
            let keys: Vec<u32> = academy.teachers.keys().copied().collect();
            let key = *keys.get(dice.below(keys.len().max(1) as u64) as usize)?;
            let teacher = academy.teachers.get_mut(&key)?;
            let elsewhere: Vec<u32> = teacher.posts.keys().copied().filter(|school| *school != teacher.home).collect();
            if let Some(school) = elsewhere.first() {
                teacher.posts.remove(school);
                format!("teacher {key} leaves school {school} and stays in the other")
            } else {
                let teacher = academy.teachers.remove(&key)?;
                academy.gone_teachers.insert(key, teacher);
                format!("teacher {key} leaves")
            }
        }
        17 => {
            let gone: Vec<u32> = academy.gone_teachers.keys().copied().collect();
            let key = *gone.get(dice.below(gone.len().max(1) as u64) as usize)?;
            let teacher = academy.gone_teachers.remove(&key)?;
            academy.teachers.insert(key, teacher);
            format!("teacher {key} comes back")
        }
        // Where records may be lost, the former one stays beside the new one, and both are believed.
        18 if !whole => return None,
        18 => {
            let pupil = academy.any_pupil(dice, |_| true)?;
            let key = academy.pupil_gets_another_key(pupil);
            let first = judge.same.get(&format!("AC-TEST${pupil}")).cloned().unwrap_or(format!("AC-TEST${pupil}"));
            judge.same.insert(format!("AC-TEST${key}"), first);
            format!("pupil {pupil} has the key {key}")
        }
        _ => {
            let surname = dice.pick(&["ALDERIC", "BONNEVIE", "CAZENAVE"]);
            let keys: Vec<u32> = academy.answering().into_iter().collect();
            let key = *keys.get(dice.below(keys.len().max(1) as u64) as usize)?;
            (*surname).clone_into(&mut academy.relatives.get_mut(&key)?.surname);
            format!("relative {key} is called {surname}")
        }
    })
}
