//! For tests alone: replicas under faults, and a checker of what they answered.
//!
//! A run has clients who call at random whichever replica they like, while replicas are killed, stopped and cut off.
//! Each call becomes an [`Operation`] with its begin and its end on one monotonic clock, that of the harness. When all is
//! over, [`check`] compares the whole [`History`] with what is promised: that closed means closed, that acknowledged
//! means kept, and that there is one order of changes.

mod audit;
mod checker;
mod client;
mod fleet;
mod history;
mod operator;
mod plan;
mod process;
mod proxy;
mod run;
mod store;
mod workload;
mod world;

pub use checker::{Promises, Rule, Violation, check};
pub use history::{
    Answer, Ask, Effect, Entry, Fact, History, Kind, Moment, Operation, Pair, Recorded, Replica, Span,
};
pub use plan::{Engine, Fault, Plan, Step};
pub use proxy::{Proxy, Way, Weather};
pub use run::{Outcome, Setting};

/// Why a run could not be made, or what was answered that never may be.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
