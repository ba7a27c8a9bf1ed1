//! Documents that are written from the code, so that they can't drift from it. `cargo xtask documents` writes them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use orgbridge_domain::{ManagedRole, Permission};

/// Where it is set, the documents are written and not compared.
const WRITE: &str = "ORGBRIDGE_WRITE_DOCUMENTS";

#[test]
fn every_document_says_what_the_code_says() {
    let documents = [
        ("docs/permissions.md", permissions()),
        ("openapi.json", orgbridge_api::openapi_document().unwrap()),
    ];
    for (path, text) in documents {
        if env::var_os(WRITE).is_some() {
            fs::write(root().join(path), text).unwrap();
            println!("wrote {path}");
        } else {
            let is_so = fs::read_to_string(root().join(path)).is_ok_and(|committed| committed == text);
            assert!(is_so, "{path} is out of date; `cargo xtask documents` writes it anew");
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What no table says.
const RESTRICTION_POLICIES: &str = "

## Restriction policies

A permission is about every connection of an org. A restriction policy narrows it for one connection and never adds to \
it. Each side of a connection has a policy of its own, about its own users, of which the other side learns nothing.

| a user is | they may |
|---|---|
| not bound | nothing: the connection is absent for them, and no list counts it |
| `viewer` | see the connection and, in the sink, use what it shares |
| `editor` | that, and change or delete the connection and its policy |

Who has `user_access_manage`, by a credential whose scopes include it, sees every connection and may replace every policy \
of their org, so that no org is ever locked out. They neither use nor edit what a policy keeps from them until they bind \
themselves, which the audit log tells. An org always keeps an enabled admin, who may be a service account or somebody without a key; an operator can help then.

Nobody else gives away what a policy keeps from them: neither by a role that they give to a service account, nor by a key \
that they make for one, whatever its scopes, nor by an OAuth2 client that acts as one. Permissions are asked for all the \
same. The audit trail is not narrowed: `audit_logs_read` shows what was done with every connection of the org. An operator on the command line is bound by no policy.

A user holds at most 100 roles, and a policy names at most 100 principals in all: every decision looks at each of them.
";

/// The managed roles and what each allows.
fn permissions() -> String {
    let mut page = String::from(
        "# Permissions\n\n\
         Written by `cargo xtask documents` from `crates/orgbridge-domain/src/{permission,role}.rs`.\n\n\
         A call's rights are the permissions of the user's roles, cut by the scopes of the credential; a scope \
         has the name of the permission that it lets through. Every org has the managed roles below, which \
         nobody can change, and may make others.\n\n| permission | what it allows |",
    );
    for role in ManagedRole::ALL {
        // Writing to a string can't fail.
        let _ = write!(page, " {} |", role.name());
    }
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(ManagedRole::ALL.len()));
    for permission in Permission::ALL {
        let _ = write!(page, "\n| `{permission}` | {} |", permission.description());
        for role in ManagedRole::ALL {
            page.push_str(if role.permissions().contains(*permission) { " yes |" } else { " |" });
        }
    }
    page.push_str(RESTRICTION_POLICIES);
    page
}
