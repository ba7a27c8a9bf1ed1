//! How many connections the system lets the process have.

/// Descriptors besides those of callers: databases, logs, listeners, whoever looks at metrics.
#[cfg(unix)]
const OTHERS: u64 = 256;

/// Has the system allow as many descriptors as `connections` need, as far as it lets a process decide that: what most
/// systems allow at first is meant for programs that count on less.
#[cfg(unix)]
pub(crate) fn allow_for(connections: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = connections.saturating_add(OTHERS);
    let limit = getrlimit(Resource::Nofile);
    let Some(allowed) = limit.current.filter(|allowed| *allowed < needed) else { return };
    let most = limit.maximum.map_or(needed, |most| most.min(needed));
    let is_set = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit });
    let allowed = if is_set.is_ok() { most } else { allowed };
    if allowed < needed {
        tracing::warn!(
            allowed,
            needed,
            "the system allows fewer open files than edge.max_connections may need: raise the limit, or lower the setting"
        );
    }
}

#[cfg(not(unix))]
pub(crate) const fn allow_for(_: u64) {}
