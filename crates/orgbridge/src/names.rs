//! How operators name things: by id, or by what people call them where that is plain.

use std::sync::Arc;

use orgbridge_domain::restriction_policy::Subject;
use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{Account, Email, ManagedRole, Org, OrgId, RoleId, State, User};

/// What was named is not there, or there more than once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotNamed {
    /// Nothing has this name or id.
    #[error("there is no {what} {named:?}; {}", where_to_look(what))]
    Absent {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        named: String,
    },
    /// Several things have this name.
    #[error("{named:?} names several {what}s; use the id of one of them:\n{}", candidates.join("\n"))]
    Ambiguous {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        named: String,
        /// Each thing that it names.
        candidates: Vec<String>,
    },
    /// This is no way to name whom a policy can bind.
    #[error("{0:?} names nobody whom a policy can bind; expected org, role:ROLE or user:USER")]
    NoSubject(String),
}

/// What shows the names that there are.
fn where_to_look(what: &str) -> &'static str {
    match what {
        "account" => "`orgbridge account list` shows all",
        "organization" => "`orgbridge org list` shows all",
        "user" => "`orgbridge user list --org ORG` shows those of an organization",
        _ => "`orgbridge role list --org ORG` shows those of an organization",
    }
}

/// The org with this id, public id or, where only one has it, name.
pub(crate) fn org<'s>(state: &'s State, named: &str) -> Result<&'s Arc<Org>, NotNamed> {
    let by_id = named.parse().ok().and_then(|id| state.org(id));
    let by_public_id = || named.parse().ok().and_then(|public_id| state.org_by_public_id(&public_id));
    if let Some(org) = by_id.or_else(by_public_id) {
        return Ok(org);
    }
    let describe = |org: &Arc<Org>| {
        let account = state.account(org.account).map_or("", |account| account.name.as_str());
        format!("  {}  {}, of account {account} on {}", org.id, org.name, org.site)
    };
    only("organization", named, state.orgs().filter(|org| org.name.as_str() == named), describe)
}

/// The account with this id or name.
pub(crate) fn account<'s>(state: &'s State, named: &str) -> Result<&'s Arc<Account>, NotNamed> {
    if let Some(account) = named.parse().ok().and_then(|id| state.account(id)) {
        return Ok(account);
    }
    let describe = |account: &Arc<Account>| format!("  {}  {}", account.id, account.name);
    only("account", named, state.accounts().filter(|account| account.name.as_str() == named), describe)
}

/// The user of `org` with this id or email address.
pub(crate) fn user<'s>(state: &'s State, org: OrgId, named: &str) -> Result<&'s Arc<User>, NotNamed> {
    let by_id = named.parse().ok().and_then(|id| state.user(id)).filter(|user| user.org == org);
    let by_email = || named.parse::<Email>().ok().and_then(|email| state.user_by_email(org, &email));
    by_id.or_else(by_email).ok_or_else(|| NotNamed::Absent { what: "user", named: named.to_owned() })
}

/// The role with this id or name that users of `org` may hold.
pub(crate) fn role<'s>(state: &'s State, org: OrgId, named: &str) -> Result<RoleView<'s>, NotNamed> {
    let by_id = named.parse().ok().and_then(|id| role::find(state, org, id));
    let by_name = || role::all(state, org).find(|role| role.name() == named);
    by_id.or_else(by_name).ok_or_else(|| NotNamed::Absent { what: "role", named: named.to_owned() })
}

/// Whom a restriction policy of `org` can bind: `org`, `role:` with an id or name, `user:` with an id or email address.
pub(crate) fn subject(state: &State, org: OrgId, named: &str) -> Result<Subject, NotNamed> {
    match named.split_once(':') {
        None if named == "org" => Ok(Subject::Org(org)),
        Some(("role", named)) => role(state, org, named).map(|role| Subject::Role(role.id())),
        Some(("user", named)) => user(state, org, named).map(|user| Subject::User(user.id)),
        _ => Err(NotNamed::NoSubject(named.to_owned())),
    }
}

/// The name by which [`subject`] finds somebody.
pub(crate) fn of_subject(state: &State, bound: Subject) -> String {
    let by_name = match bound {
        Subject::Org(_) => Some("org".to_owned()),
        Subject::Role(id) => role_name(state, id).map(|name| format!("role:{name}")),
        Subject::User(id) => state.user(id).map(|user| format!("user:{}", user.email)),
    };
    by_name.unwrap_or_else(|| bound.to_string())
}

fn role_name(state: &State, id: RoleId) -> Option<&str> {
    let managed = ManagedRole::with_id(id).map(ManagedRole::name);
    managed.or_else(|| state.role(id).map(|role| role.name.as_str()))
}

fn only<'s, T>(
    what: &'static str,
    named: &str,
    found: impl Iterator<Item = &'s T>,
    describe: impl Fn(&T) -> String,
) -> Result<&'s T, NotNamed> {
    let found: Vec<&T> = found.collect();
    let named = named.to_owned();
    match found.as_slice() {
        [] => Err(NotNamed::Absent { what, named }),
        [only] => Ok(only),
        _ => {
            let mut candidates: Vec<String> = found.into_iter().map(describe).collect();
            candidates.sort();
            Err(NotNamed::Ambiguous { what, named, candidates })
        }
    }
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::org::{self, NewOrg};
    use orgbridge_domain::{
        AccountId, Draft, Name, PermissionSet, Principal, Session, Site, Timestamp, account,
    };
    use uuid::Uuid;

    use super::*;

    /// Two accounts, each with an org called "Twin"; the first also has one called "Only".
    fn state() -> State {
        let nothing = State::default();
        let now = Timestamp::from_micros(0);
        let mut draft = Draft::new(&Session::new(&nothing, Principal::Operator, now));
        for number in [1, 2] {
            let id = AccountId::new(Uuid::from_u128(number));
            let name = format!("Account {number}").parse().unwrap();
            draft.run(|session| account::create(&session.deployment()?, id, name, now)).unwrap();
        }
        for (number, account, name) in [(11, 1, "Twin"), (12, 2, "Twin"), (13, 1, "Only")] {
            let new = NewOrg {
                id: OrgId::new(Uuid::from_u128(number)),
                account: AccountId::new(Uuid::from_u128(account)),
                site: Site::DEFAULT,
                public_id: Some(format!("org-{number}").parse().unwrap()),
                name: name.parse().unwrap(),
            };
            draft.run(|session| org::create(&session.deployment()?, new, now)).unwrap();
        }
        draft.state().clone()
    }

    #[test]
    fn an_org_is_named_by_id_by_public_id_or_by_a_name_that_only_one_has() {
        let state = state();
        let only = OrgId::new(Uuid::from_u128(13));
        for named in ["00000000-0000-0000-0000-00000000000d", "org-13", "Only"] {
            assert_eq!(org(&state, named).unwrap().id, only, "{named}");
        }
    }

    #[test]
    fn a_name_that_several_have_is_answered_with_all_of_them() {
        let refusal = org(&state(), "Twin").unwrap_err().to_string();
        assert_eq!(
            refusal,
            "\"Twin\" names several organizations; use the id of one of them:\n  \
             00000000-0000-0000-0000-00000000000b  Twin, of account Account 1 on datadoghq.com\n  \
             00000000-0000-0000-0000-00000000000c  Twin, of account Account 2 on datadoghq.com"
        );
    }

    #[test]
    fn what_is_not_there_is_said_so() {
        let state = state();
        assert_eq!(
            org(&state, "only").unwrap_err().to_string(),
            "there is no organization \"only\"; `orgbridge org list` shows all"
        );
        assert_eq!(
            account(&state, "x").unwrap_err().to_string(),
            "there is no account \"x\"; `orgbridge account list` shows all"
        );
        let only = OrgId::new(Uuid::from_u128(13));
        assert_eq!(
            user(&state, only, "a@b.c").unwrap_err().to_string(),
            "there is no user \"a@b.c\"; `orgbridge user list --org ORG` shows those of an organization"
        );
        assert_eq!(
            role(&state, only, "admin").unwrap_err().to_string(),
            "there is no role \"admin\"; `orgbridge role list --org ORG` shows those of an organization"
        );
        assert_eq!(role(&state, only, "Admin").unwrap().name(), "Admin");
    }

    #[test]
    fn the_name_of_a_role_hides_no_other_by_its_id() {
        let state = state();
        let org = OrgId::new(Uuid::from_u128(13));
        let (one, other) = (RoleId::new(Uuid::from_u128(21)), RoleId::new(Uuid::from_u128(22)));
        let now = Timestamp::from_micros(0);
        let mut draft = Draft::new(&Session::new(&state, Principal::Operator, now));
        for (id, name) in [(one, other), (other, one)] {
            let name: Name = name.to_string().parse().unwrap();
            let create = |session: &Session<'_>| {
                role::create(&session.authorize_in(org)?, id, name.clone(), PermissionSet::default(), now)
            };
            draft.run(create).unwrap();
        }
        for id in [one, other, ManagedRole::Admin.id()] {
            assert_eq!(role(draft.state(), org, &id.to_string()).unwrap().id(), id);
        }
    }
}
