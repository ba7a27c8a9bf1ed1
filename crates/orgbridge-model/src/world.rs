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

use crate::{Command, Outcome};

/// How many orgs there are, counted from 0: of account 1, and on the default site, but for the two below.
pub const ORGS: u8 = 6;
/// The org of account 2.
pub const FOREIGN: u8 = 4;
/// The org on another site.
pub const OVERSEAS: u8 = 5;

/// What a person of an org may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Persona {
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
    /// Everybody of an org.
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::ScopedToRead, Self::ScopedToNothing, Self::ReadOnly, Self::Nobody, Self::Writer];

    /// Whether they read connections, by the key that they show.
    pub fn may_read(self) -> bool {
        matches!(self, Self::Admin | Self::ScopedToRead | Self::ReadOnly | Self::Writer)
    }

    /// Whether they write connections, likewise.
    pub fn may_write(self) -> bool {
        matches!(self, Self::Admin | Self::Writer)
    }

    /// Whether they manage who may do what, by the key that they show.
    pub fn governs(self) -> bool {
        self == Self::Admin
    }

    /// Their roles in an org.
    pub fn roles(self, org: u8) -> Vec<RoleId> {
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

/// What is true, and the time.
#[derive(Debug)]
pub struct World {
    /// What is true.
    pub state: State,
    /// Whether a change since this was last reset says of itself that it may take something away.
    pub took_away: bool,
    clock: i64,
}

/// An id of any kind.
pub fn id<T: FromStr<Err: std::fmt::Debug>>(number: u128) -> T {
    Uuid::from_u128(number).to_string().parse().unwrap()
}

/// The site of an org.
pub fn site(org: u8) -> Site {
    if org == OVERSEAS { "datadoghq.eu".parse().unwrap() } else { Site::DEFAULT }
}

/// The id of an org.
pub fn org_id(org: u8) -> OrgId {
    id(0x100 + u128::from(org))
}

/// The id of somebody of an org.
pub fn user_id(org: u8, persona: Persona) -> UserId {
    id(0x1000 + 0x10 * u128::from(org) + persona as u128)
}

/// The role of an org that reads and writes connections.
pub fn writer_role(org: u8) -> RoleId {
    id(0x700 + u128::from(org))
}

/// The id of a connection.
pub fn connection_id(number: u8) -> ConnectionId {
    id(0xc000 + u128::from(number))
}

/// Types by their names, with commas between.
pub fn types(joined: &str) -> ConnectionTypes {
    joined.parse().unwrap()
}

/// The API key of an org.
pub fn api_secret(org: u8) -> ApiKeySecret {
    ApiKeySecret::from_random([org; 16])
}

/// The application key of somebody of an org.
pub fn application_secret(org: u8, persona: Persona) -> ApplicationKeySecret {
    let mut bytes = [org; 20];
    bytes[0] = persona as u8;
    ApplicationKeySecret::from_random(bytes)
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The world at its beginning.
    pub fn new() -> Self {
        let mut world = Self { state: State::default(), took_away: false, clock: 0 };
        world.operate(enter);
        world
    }

    /// Runs what an operator does, which must succeed.
    pub fn operate(&mut self, work: impl FnOnce(&mut Draft, Timestamp) -> Result<(), Refusal>) {
        let now = self.tick();
        let mut draft = Draft::new(&Session::new(&self.state, Principal::Operator, now));
        work(&mut draft, now).unwrap();
        self.apply(&draft.finish(()).changes);
    }

    /// Makes true what was decided.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.took_away |= change.takes_away();
            self.state.apply(change);
        }
    }

    /// The time of the latest command.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock)
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: std::time::Duration) {
        self.clock = self.now().plus(time).micros();
    }

    /// Lets a microsecond pass.
    pub fn tick(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_micros(self.clock)
    }

    /// Who somebody is by the keys that they show, whichever site is asked.
    ///
    /// # Errors
    /// [`NotAuthenticated`] if they are nobody any more.
    pub fn principal(&self, org: u8, persona: Persona) -> Result<Principal, NotAuthenticated> {
        self.principal_at(SiteScope::Any, org, persona)
    }

    /// Who somebody is by the keys that they show.
    ///
    /// # Errors
    /// [`NotAuthenticated`] if they are nobody any more.
    pub fn principal_at(
        &self,
        asked: SiteScope,
        org: u8,
        persona: Persona,
    ) -> Result<Principal, NotAuthenticated> {
        principal_at(&self.state, asked, org, persona)
    }

    /// Somebody, before what is true now.
    pub fn session(&self, org: u8, persona: Persona) -> Session<'_> {
        session_of(&self.state, self.now(), org, persona)
    }

    /// Has the real rules carry out what somebody tries to do.
    pub fn carry_out(&mut self, command: &Command) -> Outcome {
        let now = self.tick();
        let principal = command.principal(&self.state).map_err(Refusal::from);
        let decided =
            principal.and_then(|principal| command.decide(&Session::new(&self.state, principal, now), now));
        match decided {
            Ok(decided) => {
                self.apply(&decided.changes);
                decided.value
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// Runs one rule for a persona and keeps what it decides.
    ///
    /// # Errors
    /// As the rule.
    pub fn run<T>(
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

    /// Connects two orgs, within their site.
    ///
    /// # Errors
    /// As the rule.
    pub fn connect(
        &mut self,
        org: u8,
        persona: Persona,
        number: u8,
        sink: OrgId,
        types: ConnectionTypes,
    ) -> Result<OrgConnection, Refusal> {
        self.connect_where(CrossSite::Refused, (org, persona, number, sink), types)
    }

    /// Connects two orgs.
    ///
    /// # Errors
    /// As the rule.
    pub fn connect_where(
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

    /// Has a connection share something else.
    ///
    /// # Errors
    /// As the rule.
    pub fn update(
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

    /// Deletes a connection.
    ///
    /// # Errors
    /// As the rule.
    pub fn delete(&mut self, org: u8, persona: Persona, number: u8) -> Result<OrgConnection, Refusal> {
        self.run(org, persona, |session, _| {
            org_connection::delete(&session.authorize()?, connection_id(number))
        })
    }

    /// Has the operator switch an org off or on.
    pub fn set_org_disabled(&mut self, org: u8, disabled: bool) {
        self.operate(|draft, now| {
            draft
                .run(|session| org::set_disabled(&session.authorize_in(org_id(org))?, disabled, now))
                .map(drop)
        });
    }
}

/// Who somebody is by the keys that they show, whichever site is asked.
///
/// # Errors
/// [`NotAuthenticated`] if they are nobody any more.
pub fn principal_of(state: &State, org: u8, persona: Persona) -> Result<Principal, NotAuthenticated> {
    principal_at(state, SiteScope::Any, org, persona)
}

/// Somebody, before what is true.
pub fn session_of(state: &State, now: Timestamp, org: u8, persona: Persona) -> Session<'_> {
    Session::new(state, principal_of(state, org, persona).unwrap(), now)
}

fn principal_at(
    state: &State,
    asked: SiteScope,
    org: u8,
    persona: Persona,
) -> Result<Principal, NotAuthenticated> {
    let (api_key, application_key) = (api_secret(org).digest(), application_secret(org, persona).digest());
    authenticate(state, &api_key, &application_key, asked)
}

/// Brings in everybody.
///
/// # Errors
/// None, where nobody is there yet.
pub fn enter(draft: &mut Draft, now: Timestamp) -> Result<(), Refusal> {
    for (number, name) in [(1, "First"), (2, "Second")] {
        draft
            .run(|session| account::create(&session.deployment()?, id(number), name.parse().unwrap(), now))?;
    }
    for org in 0..ORGS {
        people(draft, org, now)?;
    }
    Ok(())
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
pub fn make_role(world: &mut World, number: u128, permissions: &str) -> RoleId {
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
