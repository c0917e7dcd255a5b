//! An in-memory portal.
