//! `PersRelEleve`.

use super::pupil;
use super::record::Record;
use super::structure::telephone;
use crate::feed::Category;
use crate::simulate::households::home_of;
use crate::simulate::model::{Academy, Lists, Mail, RELATIVE_BASE};
use crate::simulate::places::Line;

pub(super) const fn key(relative: u32) -> u32 {
    RELATIVE_BASE + relative
}

pub(super) fn write(record: &mut Record, academy: &Academy, lists: &Lists, at: u32) {
    let row = &academy.relatives[at as usize];
    let home = home_of(academy, row.family, row.home);

    record.begin(Category::Relative, |value| value.number(key(at)));
    record.attribute("ENTPersonJointure", |values| values.value(|value| value.number(key(at))));
    // Never delivered for relatives.
    record.empty("ENTPersonDateNaissance");
    pupil::names(record, lists, row.surname, row.usual, row.first, &[]);
    record.one("personalTitle", pupil::title(row.male));
    record.attribute("ENTAuxPersRelEleveEleve", |values| {
        for &child in &academy.families[row.family as usize].pupils {
            let child_row = &academy.pupils[child as usize];
            if child_row.present && child_row.links.iter().any(|link| link.relative == at) {
                values.value(|value| value.number(pupil::key(child)));
            }
        }
    });
    record.attribute("homePhone", |values| values.value(|value| telephone(value, home.phone, Line::Fixed)));
    record.attribute("telephoneNumber", |values| values.value(|value| telephone(value, row.work, Line::Fixed)));
    record.attribute("mobile", |values| values.value(|value| telephone(value, row.mobile, Line::Mobile)));
    record.attribute("ENTPersonMobileSMS", |values| {
        if row.texts {
            values.value(|value| telephone(value, row.mobile, Line::Mobile));
        }
    });
    record.attribute("mail", |values| match row.mail {
        Mail::None => {}
        Mail::Shared => values.value(|value| {
            value.push("famille");
            value.number(row.family);
            value.push("@example.fr");
        }),
        Mail::Own(turn) => values.value(|value| {
            lists.words.slug(row.first, row.usual, |piece| value.push(piece));
            value.number(at % 1_000);
            if turn > 0 {
                value.push(".");
                value.number(u32::from(turn));
            }
            value.push("@example.org");
        }),
    });
    pupil::address(record, lists, home.address);
    record.flag("ENTPersonAdresseDiffusion", row.shares_address);
    record.end();
}
