//! The printed sheets: batches of credentials in, PDF files out.
//!
//! Last stage of the pipeline. It knows what is on a sheet ([`Batch`], [`Sheet`]) and nothing of directories,
//! envelopes or the print ledger: who may print what, and the record of it, belong to the caller. Passwords are in
//! clear here and nowhere else, so the work happens in a child process ([`Typesetter`], [`child_main`]) that gets them
//! over a pipe, leaves no core dump, is limited in time and memory, and ends with the run.
//!
//! A school may replace our template; it runs in a sandbox of three virtual files (`world`), and every login and
//! password is read back from the page before the page counts as printed (`proof`).

mod child;
mod count;
mod diagnose;
mod eligible;
mod error;
mod files;
#[cfg(test)]
mod fixtures;
mod fonts;
mod frames;
mod held;
mod inquiry;
mod layout;
mod logo;
mod pack;
mod pile;
mod printable;
mod proof;
mod qr;
mod run;
mod sample;
mod select;
mod sheet;
mod shop;
mod shred;
mod table;
#[cfg(test)]
mod tests;
mod texts;
mod typeset;
mod typesetter;
mod world;

pub use child::{DEFAULT_MEMORY_MIB, child_main};
pub use count::{Count, CountRow, CountedPerson, count};
pub use eligible::{Facts, Reason, Sign, Verdict, Wanted, judge};
pub use error::{LettersError, TemplateMessage, TypesetError};
pub use files::{FileNames, write_private};
pub use fonts::check_fonts;
pub use inquiry::Inquiry;
pub use logo::{Logo, LogoError};
pub use pack::{
    Entered, Made, OpenedPack, PackError, PackJob, PackPrinted, ReceiptError, enter, fuzz as fuzz_pack, give_up, make,
    print_pack,
};
pub use printable::{Notice, Problem};
pub use run::{Elsewhere, Job, PrintError, Printed, PrintedFile, Reprint, print};
pub use sample::samples;
pub use select::{Pile, PileOf, Selection, piles};
pub use sheet::{Batch, Child, Cover, School, Secret, Sheet, Without, address_block};
pub use shop::{Shop, ShopError};
pub use shred::{ShredError, Shredding, shred};
pub use table::{Labels, labels, merge};
pub use texts::{Languages, Spoken, Texts, TextsError};
pub use typeset::{template_data, typeset};
pub use typesetter::{SUBCOMMAND, Typesetter};
pub use world::TEMPLATE_KIT;
