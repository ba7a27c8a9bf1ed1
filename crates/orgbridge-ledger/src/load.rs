//! Tables into memory.

use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use orgbridge_domain::State;

use crate::Unavailable;
use crate::record::{BadRecord, Record, Source};

/// How many entities are handed over at once.
const BUNDLE: usize = 1024;

/// How many bundles may wait to be put into the state.
const WAITING: usize = 8;

/// Puts a bundle of entities into a state.
type Put = Box<dyn FnOnce(&mut State) + Send>;

/// Where a reader of tables puts what it has read.
pub(crate) struct Hopper {
    sender: SyncSender<Put>,
}

/// Makes a state of what `read` reads.
///
/// One thread reads rows while another puts what they hold into the state: each is about half of the work.
pub(crate) fn state(read: impl FnOnce(&Hopper) -> Result<(), Unavailable>) -> Result<State, Unavailable> {
    let (sender, bundles) = sync_channel::<Put>(WAITING);
    thread::scope(|scope| {
        let builder = scope.spawn(|| {
            let mut state = State::default();
            for put in bundles {
                put(&mut state);
            }
            state
        });
        let hopper = Hopper { sender };
        let read = read(&hopper);
        // The builder goes on until nobody is left who could hand it anything.
        drop(hopper);
        let state = builder.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.map(|()| state)
    })
}

impl Hopper {
    /// Begins with a table that holds so many rows.
    pub(crate) fn table<R: Record + Send>(&self, rows: i64) -> TableHopper<'_, R> {
        let additional = usize::try_from(rows).unwrap_or_default();
        self.send(move |state| R::make_room(state, additional));
        TableHopper { hopper: self, bundle: Vec::new(), count: 0 }
    }

    fn send(&self, put: impl FnOnce(&mut State) + Send + 'static) {
        // Nobody takes it only where the builder has panicked, which whoever joins it finds out.
        let _ = self.sender.send(Box::new(put));
    }
}

/// The same for the rows of one table.
pub(crate) struct TableHopper<'h, R: Record + Send> {
    hopper: &'h Hopper,
    bundle: Vec<R>,
    count: u64,
}

impl<R: Record + Send> TableHopper<'_, R> {
    /// Takes a row.
    pub(crate) fn put(&mut self, row: &impl Source) -> Result<(), Unavailable> {
        self.count += 1;
        let entity = R::from_source(row).map_err(|BadRecord(problem)| Unavailable::Storage {
            cause: format!("table {}, row {}: {problem}", R::TABLE, self.count),
        })?;
        self.bundle.push(entity);
        if self.bundle.len() == BUNDLE {
            self.hand_over();
        }
        Ok(())
    }

    /// Hands over what is left.
    pub(crate) fn finish(mut self) {
        self.hand_over();
    }

    fn hand_over(&mut self) {
        let bundle = mem::take(&mut self.bundle);
        self.hopper.send(|state| bundle.into_iter().for_each(|entity| state.put(entity)));
    }
}
