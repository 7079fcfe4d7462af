//! What is told of a person. The JSON form is for machines.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{Attribute, Event};
use crate::feed::{Category, Origin};
use crate::roster::{JoinKey, LeftOutReason, Profile, Standing};
use crate::store::Stage;

/// What is known of whoever was asked for.
#[derive(Debug, Serialize)]
pub struct Explained {
    pub asked: String,
    /// One person in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Told>,
    /// Several people whom the question fits: ask again with a join key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Findings about no known person, at the line that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Remark>,
}

/// Somebody whom the question fits.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub join_key: JoinKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// One person, step by step.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The answer in one French sentence.
    pub sentence: String,
    pub join_key: JoinKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    pub findings: Vec<Remark>,
    /// Why no account follows from the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOutReason>,
    /// The record of another source that this one was joined to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_to: Option<JoinKey>,
    /// By what the account was recognised as this person's, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<NamesTold>,
    /// Schools, with the class of a pupil.
    pub schools: Vec<SchoolTold>,
    /// Of a pupil the relatives, of a relative the pupils.
    pub links: Vec<LinkTold>,
    /// Other accounts of the same adult, in other roles, that the entry is linked to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_accounts: Vec<OtherAccount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountTold>,
    pub attributes: Vec<Attribute>,
    /// What keeps changes back, as the last plan says.
    pub holds: Vec<HoldTold>,
    /// Oldest first.
    pub history: Vec<Event>,
}

/// Where somebody was read.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    pub source: String,
    pub category: Category,
    pub key: CompactString,
    pub origin: Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Date>,
    /// It is what the image of the source holds; a rejected line is not.
    pub accepted: bool,
}

/// A finding with what it means.
#[derive(Debug, Clone, Serialize)]
pub struct Remark {
    pub code: &'static str,
    pub severity: &'static str,
    pub title: &'static str,
    pub message: String,
    pub effect: &'static str,
    pub remedy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NamesTold {
    pub uid: String,
    pub login: String,
    /// In French: the rule, and why there is a suffix.
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct SchoolTold {
    pub uai: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<CompactString>,
}

#[derive(Debug, Clone, Serialize)]
pub struct LinkTold {
    pub join_key: JoinKey,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

/// Another account of the same adult, by a link that was written.
#[derive(Debug, Clone, Serialize)]
pub struct OtherAccount {
    pub dn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_key: Option<JoinKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The other one is the principal account; else it is a secondary one of this.
    pub principal: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct AccountTold {
    pub dn: String,
    pub stage: Stage,
    pub since: Date,
    pub adopted: bool,
    /// A pupil's class before the last turn of the year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_class: Option<CompactString>,
    /// The entry is in the directory.
    pub there: bool,
    /// It cannot connect, by the dialect's lock.
    pub locked: bool,
    /// The first credential: its state, never its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct HoldTold {
    pub plan: String,
    pub created: Timestamp,
    pub id: String,
    pub message: String,
}
