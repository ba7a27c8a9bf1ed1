//! Panics on threads that no test waits for.

use std::panic;
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

/// What begins the name of every thread that is watched.
const PREFIX: &str = "watched-";

/// The panics so far: the thread's name, and what it said.
static PANICS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// The name for the thread `number` with which its panics are kept. They are printed as well, as ever.
pub(crate) fn watched_name(number: u64) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if let Some(name) = thread::current().name().filter(|name| name.starts_with(PREFIX)) {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                panics.push((name.to_owned(), panic.to_string()));
            }
            print(panic);
        }));
    });
    format!("{PREFIX}{number}")
}

/// What the thread `name` panicked with.
pub(crate) fn of(name: &str) -> Vec<String> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.iter().filter(|(thread, _)| thread == name).map(|(_, what)| what.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_known_by_the_thread_that_it_was_on() {
        let (one, other) = (watched_name(u64::MAX), watched_name(u64::MAX - 1));
        let run =
            |name: &str, does: fn()| thread::Builder::new().name(name.to_owned()).spawn(does).unwrap().join();
        assert!(run(&one, || panic!("as asked")).is_err());
        assert!(run(&other, || ()).is_ok());
        assert!(of(&one).iter().any(|what| what.contains("as asked")));
        assert_eq!(of(&other), [""; 0]);
    }
}
