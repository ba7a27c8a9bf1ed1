//! Files to import.

use orgbridge::try_import;

use crate::Target;
use crate::target::Prepared;

/// A file in YAML or JSON.
pub(crate) const TARGET: Target =
    Target { name: "import_files", about: "files to import, in YAML or JSON", prepare };

fn prepare() -> Prepared {
    Box::new(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let trial = try_import(text);
        assert_eq!(trial.changes_again, 0, "to import a file again changes something");
        // One line more than there are line breaks, of which YAML has two kinds.
        let lines = text.matches(['\n', '\r']).count() + 1;
        for problem in &trial.problems {
            let mut parts = problem.splitn(3, ':');
            let [line, column] = [(); 2].map(|()| parts.next().and_then(|part| part.parse::<usize>().ok()));
            let is_place =
                line.is_some_and(|line| (1..=lines).contains(&line)) && column.is_some_and(|it| it > 0);
            let says = parts.next().is_some_and(|rest| rest.trim().len() > 3);
            assert!(is_place && says, "{problem:?} of {lines} lines");
        }
    })
}
