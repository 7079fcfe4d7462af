pub mod envelope;
mod hash;
mod key;
pub(crate) mod mac;
mod policy;
mod rude;
mod secret;
