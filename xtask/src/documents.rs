//! Documents that are written from the code, so that they can't drift from it.

use std::fmt::Write as _;
use std::fs;

use orgbridge_domain::{ManagedRole, Permission};

use crate::shell::{Result, root};

/// A document by where it stands, and what the code says that it holds.
type Written = (&'static str, String);

/// Writes every generated document.
pub(crate) fn write() -> Result {
    for (path, text) in documents()? {
        fs::write(root().join(path), text)?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Fails where a document is not what the code would write.
pub(crate) fn check() -> Result {
    for (path, text) in documents()? {
        if fs::read_to_string(root().join(path))? != text {
            return Err(format!("{path} is out of date; `cargo xtask documents` writes it anew").into());
        }
    }
    Ok(())
}

fn documents() -> Result<[Written; 2]> {
    Ok([("docs/permissions.md", permissions()), ("openapi.json", orgbridge_api::openapi_document()?)])
}

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
    page.push('\n');
    page
}
