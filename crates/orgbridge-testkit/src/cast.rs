//! Everybody who is there when a test begins.
//!
//! Two accounts. In the first, the source manages the sink, a bystander and an onlooker, and there is an org overseas,
//! which is on another site; in the second, a stranger manages a faraway org and one that is disabled. Only the onlooker
//! and the faraway org have nobody who calls.

use orgbridge_domain::application_key::NewApplicationKey;
use orgbridge_domain::org::NewOrg;
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::user::{CreatorDisabled, NewUser};
use orgbridge_domain::{
    AccountId, ApiKeyId, ApiKeySecret, ApplicationKeyId, ApplicationKeySecret, Decided, Draft, ManagedRole,
    OrgId, PermissionSet, PublicId, Refusal, RoleId, Session, Site, Timestamp, UserId, UserKind, account,
    api_key, application_key, org, role, user,
};
use uuid::Uuid;

use crate::Persona;

/// An org of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOrg {
    /// The one that shares.
    Source,
    /// The one that is shown something.
    Sink,
    /// Another org of their account, with an admin.
    Bystander,
    /// Another org of their account, in which nobody calls: good to connect with.
    Onlooker,
    /// An org of another account, with an admin.
    Stranger,
    /// Another org of the stranger's account, in which nobody calls.
    Faraway,
    /// A disabled org of the stranger's account, with an admin.
    Disabled,
    /// An org of the source's account on another site, with an admin.
    Overseas,
}

impl TestOrg {
    /// Every org, the first of an account before those that it manages.
    pub const ALL: [Self; 8] = [
        Self::Source,
        Self::Sink,
        Self::Bystander,
        Self::Onlooker,
        Self::Stranger,
        Self::Faraway,
        Self::Disabled,
        Self::Overseas,
    ];

    /// Its id.
    pub const fn id(self) -> OrgId {
        OrgId::new(Uuid::from_u128(match self {
            Self::Source => 0x4dee_724d_00cc_11ea_a77b_570c_9d03_c6c5,
            Self::Sink => 0x8399_9dcd_7f97_11f0_8de1_1ecf_66f1_aa85,
            Self::Bystander => 0xb000_0000_0000_4000_8000_0000_0000_0003,
            Self::Onlooker => 0xb000_0000_0000_4000_8000_0000_0000_0004,
            Self::Stranger => 0xb000_0000_0000_4000_8000_0000_0000_0005,
            Self::Faraway => 0xb000_0000_0000_4000_8000_0000_0000_0006,
            Self::Disabled => 0xb000_0000_0000_4000_8000_0000_0000_0007,
            Self::Overseas => 0xb000_0000_0000_4000_8000_0000_0000_0008,
        }))
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "Source Org",
            Self::Sink => "Sink Org",
            Self::Bystander => "Bystander Org",
            Self::Onlooker => "Onlooker Org",
            Self::Stranger => "Stranger Org",
            Self::Faraway => "Faraway Org",
            Self::Disabled => "Disabled Org",
            Self::Overseas => "Overseas Org",
        }
    }

    /// The API key of everybody who calls from it.
    pub fn api_key(self) -> String {
        random_digits(32, 0x100 + self as u128)
    }

    /// The user who connects it with others.
    pub fn admin(self) -> TestUser {
        let is_admin = |user: &TestUser| user.org() == self && user.role() == ManagedRole::Admin.id();
        TestUser::ALL.into_iter().find(is_admin).expect("an org of the cast that has an admin")
    }

    fn account(self) -> AccountId {
        match self {
            Self::Source | Self::Sink | Self::Bystander | Self::Onlooker | Self::Overseas => id(1),
            Self::Stranger | Self::Faraway | Self::Disabled => id(2),
        }
    }

    fn site(self) -> Site {
        match self {
            Self::Overseas => "datadoghq.eu".parse().unwrap(),
            _ => Site::DEFAULT,
        }
    }

    fn public_id(self) -> Option<PublicId> {
        (self == Self::Source).then(|| "fasjyydbcgwwc2uc".parse().unwrap())
    }
}

/// A user of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestUser {
    /// The admin of the source.
    Jane,
    /// A service account of the source, an admin.
    Robot,
    /// A user of the source with the role Standard.
    Ordinary,
    /// A user of the source with the role Read Only.
    Reader,
    /// A user of the source whose only role allows nothing.
    Powerless,
    /// An admin of the source who is disabled.
    Dismissed,
    /// The admin of the sink.
    SinkAdmin,
    /// The admin of the bystander.
    BystanderAdmin,
    /// The admin of the stranger.
    StrangerAdmin,
    /// The admin of the disabled org.
    DisabledOrgAdmin,
    /// The admin of the org overseas.
    OverseasAdmin,
}

impl TestUser {
    const ALL: [Self; 11] = [
        Self::Jane,
        Self::Robot,
        Self::Ordinary,
        Self::Reader,
        Self::Powerless,
        Self::Dismissed,
        Self::SinkAdmin,
        Self::BystanderAdmin,
        Self::StrangerAdmin,
        Self::DisabledOrgAdmin,
        Self::OverseasAdmin,
    ];

    /// Their id.
    pub fn id(self) -> UserId {
        id(0x100 + self as u128)
    }

    /// The org in which they act.
    pub const fn org(self) -> TestOrg {
        match self {
            Self::Jane | Self::Robot | Self::Ordinary | Self::Reader | Self::Powerless | Self::Dismissed => {
                TestOrg::Source
            }
            Self::SinkAdmin => TestOrg::Sink,
            Self::BystanderAdmin => TestOrg::Bystander,
            Self::StrangerAdmin => TestOrg::Stranger,
            Self::DisabledOrgAdmin => TestOrg::Disabled,
            Self::OverseasAdmin => TestOrg::Overseas,
        }
    }

    /// What people call them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jane => "Jane Doe",
            Self::Robot => "Deployment Robot",
            Self::Ordinary => "Ordinary User",
            Self::Reader => "Reader",
            Self::Powerless => "Powerless User",
            Self::Dismissed => "Dismissed Admin",
            Self::SinkAdmin => "Sink Admin",
            Self::BystanderAdmin => "Bystander Admin",
            Self::StrangerAdmin => "Stranger Admin",
            Self::DisabledOrgAdmin => "Admin of the Disabled",
            Self::OverseasAdmin => "Overseas Admin",
        }
    }

    /// Their email address.
    pub fn email(self) -> String {
        format!("{}@example.com", self.name().to_lowercase().replace(' ', "."))
    }

    fn role(self) -> RoleId {
        match self {
            Self::Ordinary => ManagedRole::Standard.id(),
            Self::Reader => ManagedRole::ReadOnly.id(),
            Self::Powerless => no_permissions(),
            _ => ManagedRole::Admin.id(),
        }
    }

    fn to_new(self) -> NewUser {
        NewUser {
            id: self.id(),
            name: self.name().parse().unwrap(),
            email: self.email().parse().unwrap(),
            kind: if self == Self::Robot { UserKind::ServiceAccount } else { UserKind::Person },
            roles: vec![self.role()],
        }
    }
}

/// An API key of the source that is no longer one.
pub(crate) fn revoked_api_key() -> String {
    random_digits(32, 0x200)
}

/// So many hexadecimal digits that look random and are always the same for one `seed`.
pub(crate) fn random_digits(count: usize, seed: u128) -> String {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let digits = |round: u128| format!("{:032x}", (seed + round).wrapping_mul(ODD).rotate_left(61));
    (1..).map(digits).flat_map(|digits| digits.chars().collect::<Vec<_>>()).take(count).collect()
}

/// The role that allows nothing, of the source.
fn no_permissions() -> RoleId {
    id(0x200)
}

/// Brings in everybody, as one unit of work.
pub(crate) fn enter(session: &Session<'_>, now: Timestamp) -> Result<Decided<()>, Refusal> {
    let mut draft = Draft::new(session);
    add_orgs(&mut draft, now)?;
    add_users(&mut draft, now)?;
    add_application_keys(&mut draft, now)?;
    let source = TestOrg::Source.id();
    let revoked = add_api_key(&mut draft, source, id(0x300), &revoked_api_key(), now)?;
    draft.run(|session| api_key::revoke(&session.authorize_in(source)?, revoked))?;
    let key = application_key_id(Persona::RevokedApplicationKey);
    draft.run(|session| application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(source)?, key))?;
    draft.run(|session| {
        user::set_disabled(
            &session.authorize_in(source)?,
            TestUser::Dismissed.id(),
            true,
            CreatorDisabled::Keep,
            now,
        )
    })?;
    draft.run(|session| org::set_disabled(&session.authorize_in(TestOrg::Disabled.id())?, true, now))?;
    Ok(draft.finish(()))
}

fn add_orgs(draft: &mut Draft, now: Timestamp) -> Result<(), Refusal> {
    for (number, name) in [(1, "Example Account"), (2, "Other Account")] {
        draft
            .run(|session| account::create(&session.deployment()?, id(number), name.parse().unwrap(), now))?;
    }
    for org in TestOrg::ALL {
        let name = org.name().parse().unwrap();
        let (id_of_org, account, site, public_id) = (org.id(), org.account(), org.site(), org.public_id());
        let new = NewOrg { id: id_of_org, account, site, public_id, name };
        draft.run(|session| org::create(&session.deployment()?, new, now))?;
        add_api_key(draft, org.id(), id(0x400 + org as u128), &org.api_key(), now)?;
    }
    Ok(())
}

fn add_api_key(
    draft: &mut Draft,
    org: OrgId,
    id: ApiKeyId,
    secret: &str,
    now: Timestamp,
) -> Result<ApiKeyId, Refusal> {
    let secret: ApiKeySecret = secret.parse().unwrap();
    let name = "tests".parse().unwrap();
    let key = draft.run(|session| api_key::create(&session.authorize_in(org)?, id, name, &secret, now))?;
    Ok(key.id)
}

fn add_users(draft: &mut Draft, now: Timestamp) -> Result<(), Refusal> {
    draft.run(|session| {
        let grant = session.authorize_in(TestOrg::Source.id())?;
        let name = "No Permissions".parse().unwrap();
        role::create(&grant, no_permissions(), name, PermissionSet::EMPTY, now)
    })?;
    for user in TestUser::ALL {
        let org = user.org().id();
        draft.run(|session| user::create(&session.authorize_in(org)?, user.to_new(), now))?;
    }
    Ok(())
}

fn add_application_keys(draft: &mut Draft, now: Timestamp) -> Result<(), Refusal> {
    for persona in Persona::ALL {
        let Some(owner) = persona.user() else { continue };
        let secret: ApplicationKeySecret = persona.own_application_key().parse().unwrap();
        let new = NewApplicationKey {
            id: application_key_id(persona),
            owner: owner.id(),
            name: persona.name().parse().unwrap(),
            secret,
            scopes: persona.scopes(),
        };
        let org = owner.org().id();
        draft.run(|session| application_key::create(&session.authorize_in(org)?, new, now))?;
    }
    Ok(())
}

/// The id of the application key that `persona` shows.
pub(crate) fn application_key_id(persona: Persona) -> ApplicationKeyId {
    id(0x500 + persona as u128)
}

/// An id of any kind, easy to tell from others in a failure.
pub(crate) fn id<T: std::str::FromStr>(number: u128) -> T
where
    T::Err: std::fmt::Debug,
{
    Uuid::from_u128(0xca57_0000_0000_4000_8000_0000_0000_0000 + number).to_string().parse().unwrap()
}
