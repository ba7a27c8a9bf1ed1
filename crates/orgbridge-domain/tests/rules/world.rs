//! Two accounts with orgs and people in them, on two sites.

use std::str::FromStr;

use orgbridge_domain::org_connection::{self, Limits, NewOrgConnection};
use orgbridge_domain::{
    ApiKeySecret, ApplicationKeySecret, Change, ConnectionId, ConnectionTypes, CrossSite, Decided, Draft,
    ManagedRole, NotAuthenticated, OrgConnection, OrgId, PermissionSet, Principal, Refusal, RoleId, Session,
    Site, SiteScope, State, Timestamp, UserId, UserKind, account, api_key, application_key, authenticate,
    org, role, user,
};
use uuid::Uuid;

/// How many orgs there are, counted from 0: of account 1, and on the default site, but for the two below.
pub(crate) const ORGS: u8 = 6;
/// The org of account 2.
pub(crate) const FOREIGN: u8 = 4;
/// The org on another site.
pub(crate) const OVERSEAS: u8 = 5;

/// What a person of an org may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Persona {
    /// Everything.
    Admin,
    /// An admin whose key is cut down to `org_connections_read`.
    ScopedToRead,
    /// An admin whose key has no scope at all.
    ScopedToNothing,
    /// The managed role `Read Only`.
    ReadOnly,
    /// No role.
    Nobody,
    /// A role that reads and writes connections, and manages nobody.
    Writer,
}

impl Persona {
    pub(crate) const ALL: [Self; 6] =
        [Self::Admin, Self::ScopedToRead, Self::ScopedToNothing, Self::ReadOnly, Self::Nobody, Self::Writer];

    pub(crate) fn may_read(self) -> bool {
        matches!(self, Self::Admin | Self::ScopedToRead | Self::ReadOnly | Self::Writer)
    }

    pub(crate) fn may_write(self) -> bool {
        matches!(self, Self::Admin | Self::Writer)
    }

    /// Whether they manage who may do what, by the key that they show.
    pub(crate) fn governs(self) -> bool {
        self == Self::Admin
    }

    pub(crate) fn roles(self, org: u8) -> Vec<RoleId> {
        match self {
            Self::Admin | Self::ScopedToRead | Self::ScopedToNothing => vec![ManagedRole::Admin.id()],
            Self::ReadOnly => vec![ManagedRole::ReadOnly.id()],
            Self::Nobody => vec![],
            Self::Writer => vec![writer_role(org)],
        }
    }

    fn scopes(self) -> Option<PermissionSet> {
        match self {
            Self::ScopedToRead => Some("org_connections_read".parse().unwrap()),
            Self::ScopedToNothing => Some(PermissionSet::EMPTY),
            _ => None,
        }
    }
}

pub(crate) struct World {
    pub(crate) state: State,
    /// Whether a change since this was last reset says of itself that it may take something away.
    pub(crate) took_away: bool,
    clock: i64,
}

pub(crate) fn id<T: FromStr<Err: std::fmt::Debug>>(number: u128) -> T {
    Uuid::from_u128(number).to_string().parse().unwrap()
}

pub(crate) fn site(org: u8) -> Site {
    if org == OVERSEAS { "datadoghq.eu".parse().unwrap() } else { Site::DEFAULT }
}

pub(crate) fn org_id(org: u8) -> OrgId {
    id(0x100 + u128::from(org))
}

pub(crate) fn user_id(org: u8, persona: Persona) -> UserId {
    id(0x1000 + 0x10 * u128::from(org) + persona as u128)
}

/// The role of an org that reads and writes connections.
pub(crate) fn writer_role(org: u8) -> RoleId {
    id(0x700 + u128::from(org))
}

pub(crate) fn connection_id(number: u8) -> ConnectionId {
    id(0xc000 + u128::from(number))
}

pub(crate) fn types(joined: &str) -> ConnectionTypes {
    joined.parse().unwrap()
}

pub(crate) fn api_secret(org: u8) -> ApiKeySecret {
    ApiKeySecret::from_random([org; 16])
}

pub(crate) fn application_secret(org: u8, persona: Persona) -> ApplicationKeySecret {
    let mut bytes = [org; 20];
    bytes[0] = persona as u8;
    ApplicationKeySecret::from_random(bytes)
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self { state: State::default(), took_away: false, clock: 0 };
        world.operate(|draft, now| {
            for (number, name) in [(1, "First"), (2, "Second")] {
                draft.run(|session| {
                    account::create(&session.deployment()?, id(number), name.parse().unwrap(), now)
                })?;
            }
            for org in 0..ORGS {
                people(draft, org, now)?;
            }
            Ok(())
        });
        world
    }

    /// Runs what an operator does, which must succeed.
    pub(crate) fn operate(&mut self, work: impl FnOnce(&mut Draft, Timestamp) -> Result<(), Refusal>) {
        let now = self.tick();
        let mut draft = Draft::new(&Session::new(&self.state, Principal::Operator, now));
        work(&mut draft, now).unwrap();
        self.apply(&draft.finish(()).changes);
    }

    /// Makes true what was decided.
    pub(crate) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.took_away |= change.takes_away();
            self.state.apply(change);
        }
    }

    /// The time of the latest command.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock)
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: std::time::Duration) {
        self.clock = self.now().plus(time).micros();
    }

    pub(crate) fn tick(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_micros(self.clock)
    }

    pub(crate) fn principal(&self, org: u8, persona: Persona) -> Result<Principal, NotAuthenticated> {
        self.principal_at(SiteScope::Any, org, persona)
    }

    pub(crate) fn principal_at(
        &self,
        asked: SiteScope,
        org: u8,
        persona: Persona,
    ) -> Result<Principal, NotAuthenticated> {
        let (api_key, application_key) =
            (api_secret(org).digest(), application_secret(org, persona).digest());
        authenticate(&self.state, &api_key, &application_key, asked)
    }

    pub(crate) fn session(&self, org: u8, persona: Persona) -> Session<'_> {
        Session::new(&self.state, self.principal(org, persona).unwrap(), self.now())
    }

    /// Runs one rule for a persona and keeps what it decides.
    pub(crate) fn run<T>(
        &mut self,
        org: u8,
        persona: Persona,
        rule: impl FnOnce(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let now = self.tick();
        let principal = self.principal(org, persona)?;
        let decided = rule(&Session::new(&self.state, principal, now), now)?;
        self.apply(&decided.changes);
        Ok(decided.value)
    }

    pub(crate) fn connect(
        &mut self,
        org: u8,
        persona: Persona,
        number: u8,
        sink: OrgId,
        types: ConnectionTypes,
    ) -> Result<OrgConnection, Refusal> {
        self.connect_where(CrossSite::Refused, (org, persona, number, sink), types)
    }

    pub(crate) fn connect_where(
        &mut self,
        cross_site: CrossSite,
        (org, persona, number, sink): (u8, Persona, u8, OrgId),
        types: ConnectionTypes,
    ) -> Result<OrgConnection, Refusal> {
        let new =
            NewOrgConnection { id: connection_id(number), sink, types, created_by: user_id(org, persona) };
        let limits = Limits { cross_site, ..Limits::default() };
        self.run(org, persona, |session, now| org_connection::create(&session.authorize()?, new, limits, now))
    }

    pub(crate) fn update(
        &mut self,
        org: u8,
        persona: Persona,
        number: u8,
        types: ConnectionTypes,
    ) -> Result<OrgConnection, Refusal> {
        self.run(org, persona, |session, now| {
            org_connection::update(&session.authorize()?, connection_id(number), types, now)
        })
    }

    pub(crate) fn delete(&mut self, org: u8, persona: Persona, number: u8) -> Result<OrgConnection, Refusal> {
        self.run(org, persona, |session, _| {
            org_connection::delete(&session.authorize()?, connection_id(number))
        })
    }

    pub(crate) fn set_org_disabled(&mut self, org: u8, disabled: bool) {
        self.operate(|draft, now| {
            draft
                .run(|session| org::set_disabled(&session.authorize_in(org_id(org))?, disabled, now))
                .map(drop)
        });
    }
}

fn people(draft: &mut Draft, org: u8, now: Timestamp) -> Result<(), Refusal> {
    let new = org::NewOrg {
        id: org_id(org),
        account: id(if org == FOREIGN { 2 } else { 1 }),
        site: site(org),
        public_id: None,
        name: format!("Org {org}").parse().unwrap(),
    };
    draft.run(|session| org::create(&session.deployment()?, new, now))?;
    draft.run(|session| {
        let grant = session.authorize_in(org_id(org))?;
        api_key::create(&grant, id(0x300 + u128::from(org)), "key".parse().unwrap(), &api_secret(org), now)
    })?;
    draft.run(|session| {
        let permissions = "org_connections_read,org_connections_write".parse().unwrap();
        let grant = session.authorize_in(org_id(org))?;
        role::create(&grant, writer_role(org), "Writer".parse().unwrap(), permissions, now)
    })?;
    for persona in Persona::ALL {
        let new = user::NewUser {
            id: user_id(org, persona),
            name: format!("{persona:?}").parse().unwrap(),
            email: format!("{persona:?}@org{org}.example").parse().unwrap(),
            kind: UserKind::Person,
            roles: persona.roles(org),
        };
        draft.run(|session| user::create(&session.authorize_in(org_id(org))?, new, now))?;
        let new = application_key::NewApplicationKey {
            id: id(0x2000 + 0x10 * u128::from(org) + persona as u128),
            owner: user_id(org, persona),
            name: "key".parse().unwrap(),
            secret: application_secret(org, persona),
            scopes: persona.scopes(),
        };
        draft.run(|session| application_key::create(&session.authorize_in(org_id(org))?, new, now))?;
    }
    Ok(())
}

/// A role of org 0 with these permissions.
pub(crate) fn make_role(world: &mut World, number: u128, permissions: &str) -> RoleId {
    let permissions: PermissionSet = permissions.parse().unwrap();
    world.operate(|draft, now| {
        let name = format!("Role {number}").parse().unwrap();
        draft
            .run(|session| {
                role::create(&session.authorize_in(org_id(0))?, id(number), name, permissions, now)
            })
            .map(drop)
    });
    id(number)
}
