//! A role, a user and a key of theirs to be changed again and again: of the source, and of the stranger. The user is a
//! service account, with whom all that works that does with persons.

use http::Method;
use orgbridge_domain::application_key::{self, NewApplicationKey};
use orgbridge_domain::role::{self, RoleEdit};
use orgbridge_domain::user::{self, CreatorDisabled, NewUser};
use orgbridge_domain::{
    ApplicationKeyId, ApplicationKeySecret, Decided, Draft, Permission, PermissionSet, Refusal, RoleId,
    UserId, UserKind,
};
use orgbridge_testkit::{TestOrg, TestServer, inner_id};

/// Puts the role and the user with the id `id` of an org back to where a call finds something to do: the role allows
/// reading connections, the user holds it where the call takes it away, and the key is theirs.
pub(crate) async fn prepare(server: &TestServer, org: TestOrg, id: &str, method: &Method, path: &str) {
    let (role, user): (RoleId, UserId) = (id.parse().unwrap(), id.parse().unwrap());
    let key: ApplicationKeyId = inner_id(id).parse().unwrap();
    let secret = ApplicationKeySecret::from_random([if org == TestOrg::Source { 0xe3 } else { 0xe4 }; 20]);
    let holds = *method == Method::DELETE && path.ends_with("/users");
    let roles = if holds { vec![role] } else { Vec::new() };
    let org = org.id();
    server
        .operate(move |session, now| {
            let mut draft = Draft::new(session);
            let allowed = PermissionSet::of(&[Permission::OrgConnectionsRead]);
            if draft.state().role(role).is_none() {
                let name = "Spare".parse().unwrap();
                draft.run(|session| role::create(&session.authorize_in(org)?, role, name, allowed, now))?;
            }
            let edit = RoleEdit { permissions: Some(allowed), ..RoleEdit::default() };
            draft.run(|session| role::update(&session.authorize_in(org)?, role, edit))?;
            if draft.state().user(user).is_none() {
                let new = NewUser {
                    id: user,
                    name: "Spare User".parse().unwrap(),
                    email: "spare.user@example.com".parse().unwrap(),
                    kind: UserKind::ServiceAccount,
                    roles: Vec::new(),
                };
                draft.run(|session| user::create(&session.authorize_in(org)?, new, now))?;
            }
            draft.run(|session| {
                user::set_disabled(&session.authorize_in(org)?, user, false, CreatorDisabled::Keep, now)
            })?;
            draft.run(|session| user::set_roles(&session.authorize_in(org)?, user, roles.clone(), now))?;
            if draft.state().application_key(key).is_none() {
                let (name, secret) = ("spare".parse().unwrap(), secret.clone());
                let new = NewApplicationKey { id: key, owner: user, name, secret, scopes: None };
                draft.run(|session| application_key::create(&session.authorize_in(org)?, new, now))?;
            }
            Ok::<Decided<()>, Refusal>(draft.finish(()))
        })
        .await;
}

/// Whether a call is about users and roles, and so about what [`prepare`] puts there.
pub(crate) fn is_about_access(path: &str) -> bool {
    ["/users", "/roles", "/service_accounts"].iter().any(|part| path.contains(part))
}
