//! The values of the field and how they are written: UAI, dates, phones, postal codes, mail addresses, code lists.
//!
//! Each parser says only whether a value is one; what becomes of a bad value (a finding, a dropped value) is the
//! caller's business. The reader of the AAF and the roster call the same functions, so that they never disagree.
//! Patterns, check letters and lists are those of the published code lists.

mod civility;
mod codes;
mod composite;
mod contact;
mod date;
mod fold;
mod ine;
mod phone;
mod siret;
mod uai;

pub use civility::{Civility, parse_civility};
pub use codes::{is_function, is_link_code, is_mef, is_regime, parse_flag};
pub use composite::{composite, split_composite};
pub use contact::{is_mail, is_postal_code};
pub use date::parse_date;
pub(crate) use fold::ascii;
pub use fold::fold_name;
pub use ine::Ine;
pub use phone::Phone;
pub(crate) use siret::luhn_digit;
pub use siret::{parse_siren, parse_siret, siret_digits};
pub use uai::Uai;
