//! One group's transaction on the writing connection.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::Connection;

use super::StoreError;
use crate::delivery::{Class, Moment, PortalId};

/// The writer's transaction. Jobs see the connection, the time, and say which portals have work.
pub(super) struct Tx<'a> {
    pub db: &'a Connection,
    /// Ledger time of the group: not after its commit.
    pub now: Moment,
    touched: RefCell<BTreeMap<PortalId, Class>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(db: &'a Connection, now: Moment) -> Self {
        Self { db, now, touched: RefCell::default() }
    }

    /// The portal's lane is to look once this is committed.
    pub(super) fn touch(&self, portal: PortalId, class: Class) {
        let mut touched = self.touched.borrow_mut();
        touched.entry(portal).and_modify(|best| *best = class.min(*best)).or_insert(class);
    }

    pub(super) fn touched(&self) -> BTreeMap<PortalId, Class> {
        self.touched.take()
    }

    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        self.run("COMMIT")
    }

    pub(super) fn rollback(&self) {
        // After a full disk SQLite has rolled back by itself.
        if !self.is_gone() {
            let _ = self.run("ROLLBACK");
        }
    }

    pub(super) fn savepoint(&self) -> Result<(), StoreError> {
        self.run("SAVEPOINT job")
    }

    pub(super) fn release(&self) -> Result<(), StoreError> {
        self.run("RELEASE job")
    }

    pub(super) fn rollback_to_savepoint(&self) -> Result<(), StoreError> {
        self.run("ROLLBACK TO job")?;
        self.run("RELEASE job")
    }

    /// SQLite ended the transaction by itself.
    pub(super) fn is_gone(&self) -> bool {
        self.db.is_autocommit()
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
