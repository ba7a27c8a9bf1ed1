//! How do those who mean well fare beside those who mean harm, and does the server give back what that took?

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_floods::floods;

use crate::crowd::Crowd;
use crate::durable::{CLIENTS, POPULATION, updater};
use crate::load::{self, Client};
use crate::machine::bytes;
use crate::population::Population;
use crate::report::{Row, count, time};
use crate::samples::Samples;
use crate::server::{Orgbridge, database};
use crate::{Failure, request};

/// Connections that say nothing, or nothing any more.
const IDLE: usize = 5_000;

/// Connections on which half a head has come.
const HALF_OPEN: usize = 500;

/// Connections that the server serves at the same time: all of these, and those who work or attack.
const PLACES: usize = 7_000;

/// Descriptors for all of them, here and, as it inherits the limit, in the server.
const DESCRIPTORS: usize = 8_192;

/// How long a crowd may take until all of it is there, or gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often clients work without a crowd and with one.
const TURNS: usize = 5;

/// How long each turn is.
const TURN: Duration = Duration::from_secs(2);

/// How many attack at the same time.
const ATTACKERS: u64 = 4;

/// How long an attacker stays with one kind of attack.
const ATTACK: Duration = Duration::from_millis(300);

/// How far apart memory is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long it is attacked before memory is compared: by then as many connections are held as there are places, and the
/// allocator keeps what it will keep of those that come and go.
const WARM_UP: Duration = Duration::from_secs(60);

/// By how much memory may be more in the last quarter than in the second, in bytes or in percent. Of what is lost with
/// each connection or request, however little, there is more within a minute.
const GROWTH: u64 = 8 << 20;
const GROWTH_PERCENT: u64 = 10;

/// Measures a server beside a crowd, and then under attack for some minutes. The second row says whether memory stayed flat.
///
/// # Errors
/// If anybody who meant well was not answered with a success.
pub(crate) fn soak(minutes: u32) -> Result<[Row; 2], Failure> {
    allow_descriptors()?;
    let folder = tempfile::tempdir()?;
    let database = database(&folder.path().join("ledger.db"));
    POPULATION.import(&database)?;
    let places = PLACES.to_string();
    let settings = [("ORGBRIDGE_EDGE_MAX_CONNECTIONS", &*places)];
    let orgbridge = Orgbridge::serve_with(&database, &settings)?;

    let beside = beside_a_crowd(&orgbridge)?;
    let crowd = Crowd::gather(orgbridge.server.address, IDLE, HALF_OPEN)?;
    let attack = under_attack(&orgbridge, Duration::from_secs(60) * minutes)?;
    drop(crowd);
    Ok([beside, attack])
}

/// How slow the slowest answers are, without a crowd and with one.
fn beside_a_crowd(orgbridge: &Orgbridge) -> Result<Row, Failure> {
    let server = orgbridge.server.address;
    let mut clients: Vec<_> = (0..CLIENTS).map(updater).collect();
    load::run(server, &mut clients, TURN)?;
    let (mut alone, mut beside) = (Samples::default(), Samples::default());
    for _ in 0..TURNS {
        alone.push(load::run(server, &mut clients, TURN)?.latencies.percentile(99));
        let crowd = Crowd::gather(server, IDLE, HALF_OPEN)?;
        let all_are_held = |open: usize| open >= IDLE + HALF_OPEN;
        wait_until_held(orgbridge, all_are_held)?;
        beside.push(load::run(server, &mut clients, TURN)?.latencies.percentile(99));
        wait_until_held(orgbridge, all_are_held)?;
        drop(crowd);
        wait_until_held(orgbridge, |open| open < HALF_OPEN)?;
    }
    let (alone, beside) = (alone.median(), beside.median());
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    let (idle, half_open) = (count(IDLE as u64), count(HALF_OPEN as u64));
    Ok(Row {
        measure: format!(
            "PATCH, {CLIENTS} connections, beside {idle} idle and {half_open} half-open ones: p99"
        ),
        figure: time(beside),
        peer: format!("without them: {}", time(alone)),
        ratio: Some(ratio),
        target: "at most 2 ×".to_owned(),
        met: ratio <= 2.0,
    })
}

/// Waits until the server holds so many connections. A crowd that has just left may still be there, and take the places of the
/// next one; and one whose time is up is there again a moment later.
fn wait_until_held(orgbridge: &Orgbridge, is_enough: impl Fn(usize) -> bool) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let open = orgbridge.metric("orgbridge_edge_connections")? as usize;
        if is_enough(open) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("the server holds {open} connections").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Lets a server be attacked in every way, and looks at its memory meanwhile.
fn under_attack(orgbridge: &Orgbridge, lasting: Duration) -> Result<Row, Failure> {
    let server = orgbridge.server.address;
    let warm = Instant::now() + WARM_UP;
    let end = warm + lasting;
    let connections = AtomicUsize::new(0);
    let mut memory = Vec::new();
    thread::scope(|scope| -> Result<(), Failure> {
        for seed in 0..ATTACKERS {
            let connections = &connections;
            scope.spawn(move || attack(server, seed, connections, end));
        }
        let working = scope.spawn(move || work(server, end));
        while Instant::now() < end && !working.is_finished() {
            thread::sleep(LOOK);
            if Instant::now() > warm {
                memory.push(orgbridge.server.memory()?.resident);
            }
        }
        working.join().map_err(|_| "the clients that mean well panicked")?
    })?;
    let peak = orgbridge.server.memory()?.peak;
    let quarter = |number: usize| {
        let mut looks = memory[memory.len() * number / 4..memory.len() * (number + 1) / 4].to_vec();
        looks.sort_unstable();
        looks.get(looks.len() / 2).copied().unwrap_or_default()
    };
    let (before, after) = (quarter(1), quarter(3));
    Ok(Row {
        measure: format!(
            "memory in the last quarter of {} of attacks, after {}, on {} connections",
            time(lasting),
            time(WARM_UP),
            count(connections.into_inner() as u64)
        ),
        figure: format!("{} (peak {})", bytes(after), bytes(peak)),
        peer: format!("in the second quarter: {}", bytes(before)),
        ratio: Some(after as f64 / before as f64),
        target: "flat: at most 8 MiB or a tenth more".to_owned(),
        met: after <= before + GROWTH.max(before * GROWTH_PERCENT / 100),
    })
}

/// Attacks in one way after the other; another order for each seed.
fn attack(server: SocketAddr, seed: u64, connections: &AtomicUsize, end: Instant) {
    let keys = Population::keys(0);
    let floods = floods(&request::with_keys(&keys));
    let mut random = fastrand::Rng::with_seed(seed);
    while Instant::now() < end {
        if let Some(flood) = random.choice(&floods) {
            let made = flood.attack(server, end.min(Instant::now() + ATTACK));
            connections.fetch_add(made, Ordering::Relaxed);
        }
    }
}

/// Asks and updates all the while, as somebody who means well does.
fn work(server: SocketAddr, end: Instant) -> Result<(), Failure> {
    let keys = Population::keys(1);
    let reader = Client::new(POPULATION.shared_by(1).map(|id| request::read(&keys, id)).collect());
    let mut clients = vec![updater(2), reader];
    while Instant::now() < end {
        load::run(server, &mut clients, Duration::from_millis(100))?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn allow_descriptors() -> Result<(), Failure> {
    let process = std::process::id().to_string();
    let allowed =
        Command::new("prlimit").args(["--pid", &process, &format!("--nofile={DESCRIPTORS}:")]).status()?;
    if allowed.success() { Ok(()) } else { Err(format!("{DESCRIPTORS} descriptors are not allowed").into()) }
}
