//! What is wrong with a database on a server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use super::address::{Password, Tls};
use super::driver::Driver;
use super::link::Link;
use super::session::{Request, limited};
use super::trouble::Trouble;
use super::{
    PostgresAddress, PostgresOrigin, connect, fleet, questions, refuse_read_only, row, schema, words,
};
use crate::doctor::Chart;
use crate::transfer::Origin;
use crate::{Clock, SystemClock, Unavailable};

/// How long a hint may take.
const HINT: Duration = Duration::from_secs(1);

/// How often a round trip is measured: the shortest counts.
const MEASURES: u32 = 5;

/// By how much the clock of the server may differ from that of this machine.
const MAX_DIFFERENCE: Duration = Duration::from_secs(5);

/// Looks at the database at `address`.
pub(crate) fn examine(address: &PostgresAddress, max_staleness: Duration, chart: &mut Chart) {
    look_at_address(address, chart);
    let driver = match Driver::start() {
        Ok(driver) => Arc::new(driver),
        Err(error) => return chart.wrong("database", error.to_string(), ""),
    };
    let mut link = Link::new(Arc::clone(&driver), Arc::new(address.clone()));
    match ask(&mut link, questions::SERVER_VERSION) {
        Ok(version) => chart.fine("database", format!("{address} answers, version {version}")),
        Err(trouble) if trouble.is_lost() => {
            let says = format!("{address} can't be reached: {}", trouble.cause());
            return chart.wrong("database", says, "start its server, or mend the address or the way to it");
        }
        Err(_) => chart.fine("database", format!("{address} answers")),
    }
    look_at_writes(&mut link, chart);
    look_at_durability(&mut link, chart);
    look_at_times(&mut link, max_staleness, chart);
    look_at_hints(&driver, address, chart);
    let found = match schema::check(&mut link) {
        Ok(version) => version,
        Err(error) => return chart.wrong("schema", error.to_string(), ""),
    };
    if !chart.look_at_schema(address, found, schema::newest()) {
        return;
    }
    let beside = Link::new(driver, Arc::new(address.clone()));
    let mut origin = match PostgresOrigin::look(beside) {
        Ok(origin) => origin,
        Err(error) => return chart.wrong("history", error.to_string(), ""),
    };
    chart.look_at_history(&mut origin);
    chart.look_at_seats(origin.position(), || {
        let seats = link.ask_again(|session| async move {
            session.rows(&Request::new(words::SEATS, [])).await?.iter().map(fleet::seat_in).collect()
        });
        seats.map_err(|trouble| trouble.unavailable)
    });
}

fn ask(link: &mut Link, question: &'static str) -> Result<String, Trouble> {
    link.ask(|session| async move { row::text(&session.row(&Request::new(question, [])).await?, 0) })
}

fn look_at_address(address: &PostgresAddress, chart: &mut Chart) {
    match address.tls() {
        Tls::Off if address.is_here() => chart.fine("secrecy", "the database is on this machine"),
        Tls::Off => chart.wrong(
            "secrecy",
            "everything passes in clear between this machine and the database",
            "write sslmode=verify-full in the address, or take sslmode out of it",
        ),
        Tls::Verified { .. } => {
            chart.fine("secrecy", "it is spoken to by TLS, and its certificate is checked");
        }
    }
    match address.password() {
        Password::None => {}
        Password::Given(_) => chart.remark(
            "password",
            "the password stands in the address, which shows in lists of processes and in configuration",
            "put it into a file that only this user can read, and name that as password_file",
        ),
        Password::InFile(path) => chart.look_at_mode("password", path),
    }
}

fn look_at_writes(link: &mut Link, chart: &mut Chart) {
    let said = link.ask(|session| async move { session.rows(&Request::new(words::READ_ONLY, [])).await });
    match refuse_read_only(said) {
        Ok(()) => chart.fine("writes", "the server takes them"),
        Err(Trouble { unavailable: Unavailable::ReadOnly, .. }) => chart.wrong(
            "writes",
            "the server takes none: it is a copy of another, or set to read only",
            "name the server that takes them, or all of them, joined by commas",
        ),
        Err(trouble) => chart.unread("writes", &trouble.unavailable),
    }
}

fn look_at_durability(link: &mut Link, chart: &mut Chart) {
    for (setting, question, meaning) in questions::DURABILITY {
        match ask(link, question) {
            Ok(value) if value == "off" => {
                let says = format!("{setting} is off: {meaning}");
                chart.wrong(
                    "durability",
                    says,
                    "switch it on in the configuration of the server, for this user, too",
                );
            }
            Ok(value) => chart.fine("durability", format!("{setting} is {value}")),
            Err(_) => chart.remark(
                "durability",
                format!("the server does not know the setting {setting}"),
                "see docs/scaling.md for engines other than PostgreSQL",
            ),
        }
    }
    look_at_failover(link, chart);
}

/// An engine that does not know these settings has a way of its own to keep copies.
fn look_at_failover(link: &mut Link, chart: &mut Chart) {
    let Ok(standbys) = ask(link, questions::STANDBYS) else { return };
    if standbys.is_empty() {
        chart.remark(
            "failover",
            "a commit waits for no other server: a failover may lose what was acknowledged last",
            "set synchronous_standby_names where there is a failover; docs/scaling.md says how",
        );
    } else if ask(link, questions::SYNCHRONOUS_COMMIT).is_ok_and(|value| value == "local") {
        chart.wrong(
            "failover",
            "synchronous_commit is local: a commit waits for none of the servers that synchronous_standby_names names",
            "set it to on or remote_apply, for this user, too",
        );
    } else {
        chart.fine("failover", format!("a commit waits for {standbys}"));
    }
}

fn look_at_times(link: &mut Link, max_staleness: Duration, chart: &mut Chart) {
    let mut shortest = Duration::MAX;
    let mut difference = None;
    for _ in 0..MEASURES {
        let (began, asked) = (Instant::now(), SystemClock.now().micros());
        let time = link.ask(|session| async move {
            row::number(&session.row(&Request::new(questions::TIME, [])).await?, 0)
        });
        let took = began.elapsed();
        if took < shortest {
            shortest = took;
            let middle = asked + i64::try_from(took.as_micros() / 2).unwrap_or_default();
            difference = time.ok().map(|time| Duration::from_micros(time.abs_diff(middle)));
        }
    }
    let says = format!("{} ms to the database and back", shortest.as_millis());
    if shortest > max_staleness / 10 {
        let advice = "put the server nearer to its database, or raise max_staleness_seconds: several round trips have \
                      to fit into it";
        chart.wrong("distance", says, advice);
    } else {
        chart.fine("distance", says);
    }
    match difference {
        None => chart.remark("clocks", "the server does not say what time it is", ""),
        Some(difference) => {
            let says = format!("the clocks differ by {} ms", difference.as_millis());
            if difference > MAX_DIFFERENCE {
                let advice = "set both by the same source of time: tokens and logins end by the clock of whoever is asked";
                chart.wrong("clocks", says, advice);
            } else {
                chart.fine("clocks", says);
            }
        }
    }
}

/// Sends a hint to itself.
fn look_at_hints(driver: &Arc<Driver>, address: &PostgresAddress, chart: &mut Chart) {
    let address = address.clone();
    let came = driver.run(async move {
        let (sender, mut hints) = unbounded_channel();
        let told = move |_| {
            // Whoever waits may have given up.
            let _ = sender.send(());
        };
        let (client, _connection) = limited(connect::connect(&address, told)).await?;
        for words in [questions::LISTEN, questions::NOTIFY] {
            limited(async { Ok(client.batch_execute(words).await?) }).await?;
        }
        Ok::<_, Trouble>(timeout(HINT, hints.recv()).await.is_ok())
    });
    match came {
        Some(Ok(true)) => chart.fine("hints", "what one server commits the others are told of at once"),
        Some(Ok(false) | Err(_)) | None => chart.remark(
            "hints",
            "the database passes none on: servers find what others commit by looking ten times a second",
            "that is enough; where it is PostgreSQL, connect to it without a pool that shares connections",
        ),
    }
}
