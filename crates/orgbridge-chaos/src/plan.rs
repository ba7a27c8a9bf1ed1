//! What goes wrong in a run, and when.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use crate::{Way, Weather};

/// What is between the fastest fault and the slowest, of those that are waited for.
const SHORT: (u64, u64) = (300, 1500);

/// Longer than the longest lease, so that whoever was away has lost it.
const LONG: (u64, u64) = (2500, 3800);

/// How far a wall clock jumps.
const JUMP_SECONDS: i64 = 3600;

/// Something that goes wrong, and is mended in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A replica is killed, and started anew.
    Kill(usize),
    /// A replica is stopped, and goes on.
    Pause(usize),
    /// The line between a replica and the database has this weather, and clears up.
    Line(usize, Weather),
    /// A replica's wall clock is so many seconds ahead, and is set right.
    Clock(usize, i64),
    /// The database is killed, and started anew.
    KillDatabase,
    /// The database is shut down, and started anew.
    StopDatabase,
    /// The database is stopped as it is, and goes on.
    FreezeDatabase,
    /// The database is killed, and a copy of it takes its place.
    FailOver,
}

/// A fault at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When it comes, from the beginning of the run.
    pub at: Duration,
    /// What it is.
    pub fault: Fault,
    /// How long until it is mended.
    pub lasts: Duration,
}

/// All faults of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan(pub Vec<Step>);

/// What the replicas keep their ledger in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A server, with a line to it that can fail.
    Postgres,
    /// A file.
    Sqlite,
}

/// What can go wrong, before it is known with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Kill,
    Pause,
    Clock,
    Cut,
    StallThere,
    StallBack,
    Slow,
    Deaf,
    KillDatabase,
    StopDatabase,
    FreezeDatabase,
    FailOver,
}

impl Trouble {
    const OF_SQLITE: [Self; 3] = [Self::Kill, Self::Pause, Self::Clock];
    const OF_POSTGRES: [Self; 12] = [
        Self::Kill,
        Self::Pause,
        Self::Cut,
        Self::KillDatabase,
        Self::StallThere,
        Self::Deaf,
        Self::StallBack,
        Self::Clock,
        Self::Slow,
        Self::StopDatabase,
        Self::FreezeDatabase,
        Self::FailOver,
    ];

    const fn of(engine: Engine) -> &'static [Self] {
        match engine {
            Engine::Postgres => &Self::OF_POSTGRES,
            Engine::Sqlite => &Self::OF_SQLITE,
        }
    }

    const fn is_the_database(self) -> bool {
        matches!(self, Self::KillDatabase | Self::StopDatabase | Self::FreezeDatabase | Self::FailOver)
    }

    fn befalls(self, replica: usize, random: &mut Rng) -> Fault {
        match self {
            Self::Kill => Fault::Kill(replica),
            Self::Pause => Fault::Pause(replica),
            Self::Clock => Fault::Clock(replica, if random.bool() { JUMP_SECONDS } else { -JUMP_SECONDS }),
            Self::Cut => Fault::Line(replica, Weather::Cut),
            Self::StallThere => Fault::Line(replica, Weather::Stalled(Way::There)),
            Self::StallBack => Fault::Line(replica, Weather::Stalled(Way::Back)),
            Self::Slow => Fault::Line(replica, Weather::Slow(Duration::from_millis(random.u64(5..400)))),
            Self::Deaf => Fault::Line(replica, Weather::Deaf),
            Self::KillDatabase => Fault::KillDatabase,
            Self::StopDatabase => Fault::StopDatabase,
            Self::FreezeDatabase => Fault::FreezeDatabase,
            Self::FailOver => Fault::FailOver,
        }
    }

    fn lasts(self, random: &mut Rng) -> Duration {
        let (shortest, longest) = match self {
            Self::KillDatabase | Self::StopDatabase | Self::FailOver => SHORT,
            _ if random.bool() => SHORT,
            _ => LONG,
        };
        Duration::from_millis(random.u64(shortest..longest))
    }
}

impl Plan {
    /// The plan of a run, which depends on what is given and on nothing else. As many successive seeds as there are kinds of
    /// faults have one of each between them; the rest is by chance. No replica suffers two faults.
    pub fn draw(seed: u64, replicas: usize, engine: Engine) -> Self {
        let mut random = Rng::with_seed(seed);
        let troubles = Trouble::of(engine);
        let first = (0..).zip(troubles).find(|(number, _)| seed % troubles.len() as u64 == *number);
        let mut chosen: Vec<Trouble> = first.map(|(_, trouble)| *trouble).into_iter().collect();
        for _ in 0..random.usize(1..=2) {
            let next = troubles[random.usize(..troubles.len())];
            if !(next.is_the_database() && chosen.iter().any(|trouble| trouble.is_the_database())) {
                chosen.push(next);
            }
        }
        let mut victims: Vec<usize> = (0..replicas).collect();
        random.shuffle(&mut victims);
        let steps = chosen.into_iter().zip(victims).map(|(trouble, victim)| Step {
            at: Duration::from_millis(random.u64(300..1500)),
            fault: trouble.befalls(victim, &mut random),
            lasts: trouble.lasts(&mut random),
        });
        Self(steps.collect())
    }

    /// When everything is mended.
    pub fn end(&self) -> Duration {
        self.0.iter().map(|step| step.at + step.lasts).max().unwrap_or_default()
    }

    /// Whether a copy takes the place of the database.
    pub(crate) fn fails_over(&self) -> bool {
        self.0.iter().any(|step| step.fault == Fault::FailOver)
    }

    /// Whether a wall clock is moved.
    pub fn moves_a_clock(&self) -> bool {
        self.0.iter().any(|step| matches!(step.fault, Fault::Clock(..)))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&words.join("; "))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, fault, lasts } = self;
        write!(formatter, "{fault} from {:.1} s for {:.1} s", at.as_secs_f64(), lasts.as_secs_f64())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(replica) => write!(formatter, "replica {replica} killed"),
            Self::Pause(replica) => write!(formatter, "replica {replica} stopped"),
            Self::Line(replica, weather) => write!(formatter, "line of replica {replica} {weather}"),
            Self::Clock(replica, seconds) => {
                write!(formatter, "clock of replica {replica} moved {seconds:+} s")
            }
            Self::KillDatabase => formatter.write_str("database killed"),
            Self::StopDatabase => formatter.write_str("database shut down"),
            Self::FreezeDatabase => formatter.write_str("database stopped"),
            Self::FailOver => formatter.write_str("database lost to its copy"),
        }
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => formatter.write_str("clear"),
            Self::Slow(delay) => write!(formatter, "slowed by {} ms", delay.as_millis()),
            Self::Stalled(Way::There) => formatter.write_str("stalled there"),
            Self::Stalled(Way::Back) => formatter.write_str("stalled back"),
            Self::Deaf => formatter.write_str("without hints"),
            Self::Cut => formatter.write_str("cut"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_plan_again() {
        let draw = |seed| Plan::draw(seed, 3, Engine::Postgres);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(7 + 12), "the first fault is of the same kind, the rest is not");
    }

    #[test]
    fn successive_seeds_have_every_kind_of_fault() {
        for engine in [Engine::Postgres, Engine::Sqlite] {
            let kinds = Trouble::of(engine).len();
            let firsts = (40..).take(kinds).map(|seed| Plan::draw(seed, 3, engine).0[0].fault);
            let kinds_of = firsts.map(|fault| match fault {
                Fault::Line(_, Weather::Stalled(way)) => format!("{way:?}"),
                Fault::Line(_, weather) => format!("{weather:?}").replace(char::is_numeric, ""),
                other => format!("{other:?}").replace(|letter: char| !letter.is_alphabetic(), ""),
            });
            let distinct: std::collections::BTreeSet<_> = kinds_of.collect();
            assert_eq!(distinct.len(), kinds, "{distinct:?}");
        }
    }

    #[test]
    fn no_replica_suffers_two_faults_and_the_database_only_one() {
        for seed in 0..1000 {
            let plan = Plan::draw(seed, 3, Engine::Postgres);
            let victim = |step: &Step| match step.fault {
                Fault::KillDatabase | Fault::StopDatabase | Fault::FreezeDatabase | Fault::FailOver => None,
                Fault::Kill(replica)
                | Fault::Pause(replica)
                | Fault::Line(replica, _)
                | Fault::Clock(replica, _) => Some(replica),
            };
            let mut victims: Vec<_> = plan.0.iter().map(victim).collect();
            let all = victims.len();
            victims.sort_unstable();
            victims.dedup();
            assert_eq!(victims.len(), all, "{plan}");
        }
    }
}
