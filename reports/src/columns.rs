//! Columns that tables have only where they say something.

use crate::summary::{Cell, Summary};

/// Which of them a study's table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Some rollout got stuck.
    pub(crate) stuck: bool,
    /// Somewhere users are told from requests.
    pub(crate) users: bool,
    /// Some scenario counts orders.
    pub(crate) lost: bool,
}

impl Columns {
    pub(crate) fn of(summary: &Summary) -> Self {
        let any = |says: fn(&Cell) -> bool| summary.cells.iter().any(says);
        Self {
            stuck: any(|cell| cell.stuck.is_some_and(|rate| rate.count > 0)),
            users: any(|cell| cell.hurt_users != cell.hurt),
            lost: any(|cell| !cell.lost.is_empty()),
        }
    }
}
