//! The ledger without portals and clocks: the state machine against a
//! simulated portal.

mod cases;
mod machine;
mod mutants;
mod portal;
