//! Tests of the room as a whole: the table of DESIGN section 4, containment against a naive model, the
//! policy file, payloads.

mod consistency;
mod containment_model;
mod default_table;
mod directories;
mod explaining;
mod payloads;
mod policy_file;
mod random;
mod random_pairs;
mod world;
