//! What is between a replica and its database: a line that can be cut, slowed and stalled.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What whoever wants to be told of things says first on a line.
const LISTEN: &[u8] = b"LISTEN";

/// How much is passed on at a time.
const CHUNK: usize = 16 * 1024;

/// What becomes of what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It is passed on.
    Clear,
    /// It is passed on so much later.
    Slow(Duration),
    /// What goes this way is kept back; the other way is clear.
    Stalled(Way),
    /// Whoever asked to be told of things is not told; the rest is passed on.
    Deaf,
    /// Every line is cut, and new ones as soon as they are made.
    Cut,
}

/// Which way something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the database.
    There,
    /// Back from it.
    Back,
}

/// A port on the loopback behind which another one is.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    lines: Arc<Lines>,
    acceptor: Option<JoinHandle<()>>,
}

/// All lines, and what the weather is.
#[derive(Debug)]
struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Where new lines lead.
    target: SocketAddr,
    weather: Weather,
    closed: bool,
    /// Both ends of each line that may still be up.
    ends: Vec<[TcpStream; 2]>,
}

/// One line.
#[derive(Debug, Default)]
struct Line {
    /// Whether somebody asked on it to be told of things.
    tells: AtomicBool,
}

impl Proxy {
    /// Listens on a port that the system chooses and passes on to `target`.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let state = State { target, weather: Weather::Clear, closed: false, ends: Vec::new() };
        let lines = Arc::new(Lines { state: Mutex::new(state), changed: Condvar::new() });
        let acceptor = thread::spawn({
            let lines = Arc::clone(&lines);
            move || lines.accept(&listener)
        });
        Ok(Self { address, lines, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, this becomes of what is said. What was kept back is passed on once nothing keeps it back any more.
    pub fn set(&self, weather: Weather) {
        let mut state = self.lines.lock();
        state.weather = weather;
        if weather == Weather::Cut {
            state.cut();
        }
        self.lines.changed.notify_all();
    }

    /// From now on it passes on to `target`. Lines that lead elsewhere are cut.
    pub fn lead_to(&self, target: SocketAddr) {
        let mut state = self.lines.lock();
        state.target = target;
        state.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.lines.lock();
        state.closed = true;
        state.cut();
        drop(state);
        self.lines.changed.notify_all();
        // Wakes whoever accepts; if it can't be reached, it has ended.
        let _ = TcpStream::connect(self.address);
        let _ = self.acceptor.take().map(JoinHandle::join);
    }
}

impl State {
    fn cut(&mut self) {
        for end in self.ends.drain(..).flatten() {
            // It may be down already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for near in listener.incoming() {
            if self.lock().closed {
                return;
            }
            // Whoever can't be connected finds out by the line's end.
            let _ = near.and_then(|near| self.connect(near));
        }
    }

    fn connect(self: &Arc<Self>, near: TcpStream) -> io::Result<()> {
        let target = self.lock().target;
        let far = TcpStream::connect(target)?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let mut state = self.lock();
        if state.closed || state.weather == Weather::Cut || state.target != target {
            return Ok(());
        }
        state.ends.push([near.try_clone()?, far.try_clone()?]);
        drop(state);
        let line = Arc::new(Line::default());
        for (from, to, way) in [(near.try_clone()?, far.try_clone()?, Way::There), (far, near, Way::Back)] {
            let (lines, line) = (Arc::clone(self), Arc::clone(&line));
            thread::spawn(move || {
                // However it ends, the line is at its end.
                let _ = lines.pass_on(&line, &from, &to, way);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }

    fn pass_on(&self, line: &Line, mut from: &TcpStream, mut to: &TcpStream, way: Way) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        loop {
            let length = from.read(&mut chunk)?;
            let said = &chunk[..length];
            if said.is_empty() {
                return Ok(());
            }
            if way == Way::There && said.windows(LISTEN.len()).any(|words| words == LISTEN) {
                line.tells.store(true, Ordering::Relaxed);
            }
            thread::sleep(self.wait(line, way));
            to.write_all(said)?;
        }
    }

    /// Waits for as long as the weather keeps back what goes this way, and says by how much it delays it.
    fn wait(&self, line: &Line, way: Way) -> Duration {
        let keeps_back = |state: &mut State| match state.weather {
            _ if state.closed => false,
            Weather::Stalled(stalled) => stalled == way,
            Weather::Deaf => way == Way::Back && line.tells.load(Ordering::Relaxed),
            Weather::Clear | Weather::Slow(_) | Weather::Cut => false,
        };
        let state = self.changed.wait_while(self.lock(), keeps_back).unwrap_or_else(PoisonError::into_inner);
        if let Weather::Slow(delay) = state.weather { delay } else { Duration::ZERO }
    }
}
