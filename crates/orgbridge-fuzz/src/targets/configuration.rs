//! Configuration files.

use std::path::Path;

use orgbridge::settings::{Environment, Origin, resolve};

use crate::Target;
use crate::target::Prepared;

/// A file in TOML.
pub(crate) const TARGET: Target = Target { name: "configuration", about: "configuration files", prepare };

fn prepare() -> Prepared {
    Box::new(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match resolve(&[], &Environment::default(), Some((Path::new("orgbridge.toml"), text))) {
            Ok(resolved) => {
                // The password of a database is not shown, so what is shown is not all of it.
                let has_password = |value: &str| value.starts_with("postgres") && value.contains('@');
                if resolved
                    .shown
                    .iter()
                    .any(|setting| setting.key == "database" && has_password(&setting.value))
                {
                    return;
                }
                // What is shown with its origin is what another server would be given by its environment.
                let given = || resolved.shown.iter().filter(|setting| setting.origin != Origin::Default);
                // An empty variable is one that isn't there, so it can't say that a list or a text is empty.
                if given().any(|setting| setting.value.is_empty()) {
                    return;
                }
                let variables: Environment = given()
                    .map(|setting| (setting.variable.clone().into(), setting.value.clone().into()))
                    .collect();
                let again = resolve(&[], &variables, None).expect("what is shown is understood");
                assert_eq!(again.settings, resolved.settings);
            }
            Err(problems) => {
                assert!(!problems.0.is_empty());
                // One line more than there are line breaks.
                let lines = text.matches('\n').count() + 1;
                for problem in problems.0 {
                    assert!(!problem.message.is_empty());
                    if let Origin::File { line, column, .. } = problem.origin {
                        assert!(
                            (1..=lines).contains(&line) && column > 0,
                            "{line}:{column} of {lines} lines"
                        );
                    }
                }
            }
        }
    })
}
