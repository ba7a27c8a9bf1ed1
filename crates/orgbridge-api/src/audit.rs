//! The audit trail as an org sees it: what is shown of an event, which events a query means, and pages of them that
//! stay whole while more is written.

mod cursor;
mod event;
mod moment;
mod query;
mod search;
mod turns;

pub(crate) use cursor::NotACursor;
pub(crate) use event::{AuditEvent, Outcome};
pub(crate) use moment::NotAMoment;
pub(crate) use query::MAX_CHARS;
pub(crate) use search::{Asked, Found, Places, Search};
pub(crate) use turns::{PATIENCE, Turns};
