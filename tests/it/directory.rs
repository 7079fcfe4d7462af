//! The directory: one suite over both back ends, what is LDAP's alone, and every dialect against a real server.

mod dialects;
mod ldap;
mod schema;
mod schemes;
mod suite;
