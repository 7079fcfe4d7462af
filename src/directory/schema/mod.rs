//! Schemas: what a server accepts, as it publishes it, and the schema of the ENT as it is shipped.

pub mod shipped;
