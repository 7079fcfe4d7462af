//! The dialect against a small synthetic academy.

pub mod account;
mod documents;
pub mod fixture;
mod golden;
mod groups;
mod load;
mod mistakes;
mod ownership;
mod properties;
mod server;
