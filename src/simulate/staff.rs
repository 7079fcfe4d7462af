//! Those who work in the schools: teachers on posts, and everybody else by function.
//!
//! A school has a head, deputies, counsellors, assistants, a librarian, a nurse, an office, companions of disabled
//! pupils; a psychologist travels between schools and many structures outside; a few belong to the rectorat and have no
//! function. Some teachers share two schools, some are attached to a zone of replacement, some contracts begin only
//! after weeks, and some teachers are parents of pupils, under another key.

use super::curriculum::Kind;
use super::divisions::is_partial;
use super::draw::{Draw, Stream};
use super::model::{Academy, Attached, Day, Job, Lists, Staff};
use super::schools::{RECTORAT, guidance_centre, zone};
use super::words::{FirstName, Generation};

/// Staffs every school: posts first, then the other functions.
pub(super) fn employ(academy: &mut Academy, lists: &Lists) {
    fill_posts(academy, lists, true);
    for school in 0..academy.schools.len() as u16 {
        employ_others(academy, lists, school);
    }
    for school in (0..academy.schools.len() as u16).step_by(8) {
        employ_travellers(academy, lists, school);
    }
}

/// Gives a teacher to every vacant post. Small remainders of two schools go to one person.
pub(super) fn fill_posts(academy: &mut Academy, lists: &Lists, first_year: bool) {
    // Per discipline, the last small post that waits for another school.
    let mut waiting: [Option<(u16, u32)>; 32] = [None; 32];
    for school in 0..academy.schools.len() as u16 {
        for post in 0..academy.schools[usize::from(school)].posts.len() as u16 {
            let row = &academy.schools[usize::from(school)].posts[usize::from(post)];
            if row.holder.is_some() {
                continue;
            }
            let (discipline, small) = (row.discipline, is_partial(row));
            let slot = &mut waiting[usize::from(discipline)];
            if let (true, Some((elsewhere, teacher))) = (small, *slot)
                && elsewhere != school
            {
                *slot = None;
                assign(academy, teacher, school, post);
                continue;
            }
            let teacher = hire(academy, lists, Job::Teacher(discipline), school, first_year);
            if small {
                waiting[usize::from(discipline)] = Some((school, teacher));
            }
            assign(academy, teacher, school, post);
        }
    }
}

/// Puts a teacher on a post.
pub(super) fn assign(academy: &mut Academy, teacher: u32, school: u16, post: u16) {
    academy.schools[usize::from(school)].posts[usize::from(post)].holder = Some(teacher);
    academy.staff[teacher as usize].posts.push((school, post));
}

/// A new member of the staff for a school. Gives the index.
pub(super) fn hire(academy: &mut Academy, lists: &Lists, job: Job, school: u16, first_year: bool) -> u32 {
    let at = academy.staff.len();
    let mut draw = academy.draw(Stream::Staff, at);
    let male = draw.permille(if matches!(job, Job::Nurse | Job::Secretary | Job::Companion) { 120 } else { 400 });
    let surname = lists.words.draw_surname(&mut draw);
    let married = lists.words.draw_surname(&mut draw);
    let usual = if !male && draw.permille(400) { married } else { surname };
    let age = match job {
        Job::Assistant | Job::Supervisor => draw.between(20, 32),
        Job::Head | Job::Deputy => draw.between(40, 63),
        _ => draw.between(24, 63),
    };
    let (other, has_other) = (lists.words.draw_first_name(&mut draw, male, Generation::Adult), draw.permille(500));
    let mut person = Staff {
        surname,
        usual,
        first: lists.words.draw_first_name(&mut draw, male, Generation::Adult),
        other: if has_other { other } else { FirstName::NONE },
        male,
        born: Day::birthday(&mut draw, academy.year - age as i16),
        job,
        attached: Attached::School(school),
        schools: Vec::new(),
        outside: Vec::new(),
        posts: Vec::new(),
        mail: 0,
        from_night: 0,
        present: true,
    };
    let teaches = matches!(job, Job::Teacher(_));
    match draw.below(1_000) {
        0..40 if teaches => person.attached = Attached::Outside(zone(academy, school)),
        // The administrative attachment is often missing from the export.
        40..90 => person.attached = Attached::Nowhere,
        90..120 if teaches && first_year => {
            // The contract is not signed on the first day.
            person.from_night = draw.between(3, 45) as u16;
            person.present = false;
        }
        120..170 if teaches => become_parent(academy, &mut draw, &mut person),
        _ => {}
    }
    if matches!(job, Job::Teacher(_)) {
        let row = &academy.schools[usize::from(school)];
        // A SEGPA is led by its collège, where its teachers are attached.
        if let (Kind::Segpa, Some(college), Attached::School(_)) = (row.kind, row.attached_to, person.attached) {
            person.attached = Attached::School(college);
        }
    } else {
        person.schools.push(school);
    }
    academy.staff.push(person);
    at as u32
}

/// The teacher is also the parent of a pupil: same person, other record, other key.
fn become_parent(academy: &Academy, draw: &mut Draw, person: &mut Staff) {
    if let Some(parent) = academy.relatives.get(draw.index(academy.relatives.len())) {
        person.surname = parent.surname;
        person.usual = parent.usual;
        person.first = parent.first;
        person.male = parent.male;
    }
}

fn employ_others(academy: &mut Academy, lists: &Lists, school: u16) {
    let row = &academy.schools[usize::from(school)];
    let (kind, index) = (row.kind, u32::from(school));
    let pupils: u32 = row.classes.iter().map(|class| u32::from(class.size)).sum();
    let lycee = !matches!(kind, Kind::College | Kind::Segpa);
    let in_cite = kind == Kind::College && row.attached_to.is_some();
    let count = |per: u32| pupils.div_ceil(per);
    let plan: &[(Job, u32)] = &if kind == Kind::Segpa {
        // The rest of the staff is the collège's.
        [(Job::Deputy, 1), (Job::Companion, count(40))].to_vec()
    } else {
        [
            // One head for a whole cité scolaire.
            (Job::Head, u32::from(!in_cite)),
            (Job::Deputy, (pupils / 450).max(u32::from(pupils > 300 || in_cite))),
            (Job::Counsellor, count(330)),
            (Job::Assistant, count(110)),
            (Job::Supervisor, u32::from(lycee) * count(260)),
            (Job::Librarian, 1 + pupils / 900),
            (Job::Nurse, u32::from(pupils > 100)),
            (Job::Manager, 1),
            (Job::Secretary, count(350)),
            (Job::Companion, count(120)),
            (Job::Laboratory, u32::from(lycee) * count(500)),
            (Job::WorkshopHead, u32::from(kind == Kind::Vocational)),
            (Job::Nothing, u32::from(index % 5 == 3)),
        ]
        .to_vec()
    };
    for &(job, count) in plan {
        for _ in 0..count {
            let person = hire(academy, lists, job, school, false);
            if let (Job::Head, Some(other)) = (job, college_of_cite(academy, school)) {
                academy.staff[person as usize].schools.push(other);
            }
        }
    }
}

/// The collège that a lycée leads in its cité scolaire.
fn college_of_cite(academy: &Academy, school: u16) -> Option<u16> {
    let mut all = (0_u16..).zip(&academy.schools);
    all.find(|&(at, s)| at != school && s.kind == Kind::College && s.attached_to == Some(school)).map(|(at, _)| at)
}

/// Per eight schools: a psychologist who serves them and structures outside, and someone of the rectorat.
fn employ_travellers(academy: &mut Academy, lists: &Lists, first: u16) {
    let end = (first + 8).min(academy.schools.len() as u16);
    let psychologist = hire(academy, lists, Job::Psychologist, first, false);
    let centre = guidance_centre(academy, first);
    let outside = academy.outside.len() as u16;
    let person = &mut academy.staff[psychologist as usize];
    person.schools = (first..end).collect();
    person.attached = Attached::Outside(centre);
    // The centre itself, then whatever else is on the way: up to a dozen.
    person.outside = (0..outside.min(12)).map(|step| (centre + step) % outside.max(1)).collect();
    for job in [Job::Office, Job::Nothing] {
        let office = hire(academy, lists, job, first, false);
        let person = &mut academy.staff[office as usize];
        person.attached = Attached::Outside(RECTORAT);
        person.schools.clear();
        person.outside = vec![RECTORAT];
    }
}
