//! The directory: one suite over both back ends, then what is LDAP's alone.

mod ldap;
mod schema;
mod schemes;
mod suite;
