//! Connections and policies in plain lists.

use orgbridge_domain::org_connection::{Filter, OrgFilter};
use orgbridge_domain::restriction_policy::{Bindings, Relation, SelfLockout};
use orgbridge_domain::{ConnectionType, ConnectionTypes, CrossSite, OrgConnection, Page, Timestamp};

use crate::command::bindings;
use crate::world::{FOREIGN, ORGS, OVERSEAS, Persona, connection_id, org_id, user_id};
use crate::{Command, NUMBERS, Outcome, Who};

/// What is true, in plain lists.
#[derive(Debug, Default)]
pub struct Model {
    pub(crate) connections: Vec<OrgConnection>,
    pub(crate) disabled: Vec<u8>,
    pub(crate) policies: Vec<Policy>,
}

/// What an org says about a connection.
#[derive(Debug)]
pub(crate) struct Policy {
    org: u8,
    number: u8,
    pub(crate) bindings: Vec<(Relation, Vec<Who>)>,
}

impl Policy {
    fn binds(&self, relation: Relation, persona: Persona) -> bool {
        let binds = |(other, who): &(Relation, Vec<Who>)| {
            *other == relation && who.iter().any(|who| who.includes(persona))
        };
        self.bindings.iter().any(binds)
    }
}

impl Model {
    /// Carries out what somebody tries to do.
    pub fn carry_out(&mut self, command: &Command, now: Timestamp) -> Outcome {
        let done = match *command {
            Command::Connect { org, persona, number, sink, types, cross_site } => {
                self.connect((org, persona, number, sink), types, cross_site, now).map(Outcome::Done)
            }
            Command::Update { org, persona, number, types } => {
                self.update((org, persona, number), types, now).map(Outcome::Done)
            }
            Command::Delete { org, persona, number } => self.delete(org, persona, number).map(Outcome::Done),
            Command::Restrict { org, persona, number, ref bindings, lockout } => {
                self.restrict((org, persona, number), bindings, lockout).map(Outcome::Said)
            }
            Command::Unrestrict { org, persona, number } => {
                self.unrestrict(org, persona, number).map(Outcome::Said)
            }
            Command::SetOrgDisabled { org, disabled } => {
                self.disabled.retain(|other| *other != org);
                if disabled {
                    self.disabled.push(org);
                }
                Ok(Outcome::Switched)
            }
        };
        done.unwrap_or_else(|refused| refused)
    }

    fn may_write(&self, org: u8, persona: Persona) -> Result<(), Outcome> {
        if self.disabled.contains(&org) {
            Err(Outcome::Unauthorized)
        } else if persona.may_write() {
            Ok(())
        } else {
            Err(Outcome::Forbidden)
        }
    }

    pub(crate) fn known(&self, org: u8, persona: Persona, number: u8) -> Result<usize, Outcome> {
        let involved = |connection: &OrgConnection| {
            connection.id == connection_id(number)
                && (connection.source == org_id(org) || connection.sink == org_id(org))
                && self.sees(org, persona, number)
        };
        self.connections.iter().position(involved).ok_or(Outcome::Unknown)
    }

    pub(crate) fn policy(&self, org: u8, number: u8) -> Option<&Policy> {
        self.policies.iter().find(|policy| (policy.org, policy.number) == (org, number))
    }

    pub(crate) fn uses(&self, org: u8, persona: Persona, number: u8) -> bool {
        let bound = |policy: &Policy| Relation::ALL.iter().any(|relation| policy.binds(*relation, persona));
        self.policy(org, number).is_none_or(bound)
    }

    fn sees(&self, org: u8, persona: Persona, number: u8) -> bool {
        persona.governs() || self.uses(org, persona, number)
    }

    fn edits(&self, org: u8, persona: Persona, number: u8) -> bool {
        self.policy(org, number).is_none_or(|policy| policy.binds(Relation::Editor, persona))
    }

    fn may_govern(&self, org: u8, persona: Persona, number: u8) -> Result<(), Outcome> {
        self.may_write(org, persona)?;
        self.known(org, persona, number)?;
        if persona.governs() || self.edits(org, persona, number) { Ok(()) } else { Err(Outcome::NoEditor) }
    }

    fn restrict(
        &mut self,
        (org, persona, number): (u8, Persona, u8),
        plain: &[(Relation, Vec<Who>)],
        lockout: SelfLockout,
    ) -> Result<Bindings, Outcome> {
        self.may_govern(org, persona, number)?;
        if plain.iter().flat_map(|(_, who)| who).any(|who| who.of().is_some_and(|other| other != org)) {
            return Err(Outcome::UnknownSubject);
        }
        let policy = Policy { org, number, bindings: plain.to_vec() };
        let editor_before = self.edits(org, persona, number);
        let editor_after = plain.is_empty() || policy.binds(Relation::Editor, persona);
        if lockout == SelfLockout::Refused && editor_before && !editor_after {
            return Err(Outcome::LockedOut);
        }
        self.policies.retain(|other| (other.org, other.number) != (org, number));
        if !plain.is_empty() {
            self.policies.push(policy);
        }
        Ok(bindings(plain))
    }

    fn unrestrict(&mut self, org: u8, persona: Persona, number: u8) -> Result<Bindings, Outcome> {
        self.may_govern(org, persona, number)?;
        self.policies.retain(|other| (other.org, other.number) != (org, number));
        Ok(Bindings::default())
    }

    fn connect(
        &mut self,
        (org, persona, number, sink): (u8, Persona, u8, u8),
        types: ConnectionTypes,
        cross_site: CrossSite,
        now: Timestamp,
    ) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        if org == sink {
            return Err(Outcome::Itself);
        }
        let crosses = (org == OVERSEAS) != (sink == OVERSEAS);
        let out_of_reach = crosses && cross_site == CrossSite::Refused;
        if sink >= ORGS || (org == FOREIGN) != (sink == FOREIGN) || out_of_reach {
            return Err(Outcome::NoSink);
        }
        let (source, sink) = (org_id(org), org_id(sink));
        if self.connections.iter().any(|other| other.source == source && other.sink == sink) {
            return Err(Outcome::AlreadyConnected);
        }
        if self.connections.iter().any(|other| other.id == connection_id(number)) {
            return Err(Outcome::IdTaken);
        }
        let connection = OrgConnection {
            id: connection_id(number),
            source,
            sink,
            types,
            created_by: user_id(org, persona),
            created_at: now,
            modified_at: now,
        };
        self.connections.push(connection.clone());
        Ok(connection)
    }

    fn update(
        &mut self,
        (org, persona, number): (u8, Persona, u8),
        types: ConnectionTypes,
        now: Timestamp,
    ) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        let at = self.known(org, persona, number)?;
        if self.connections[at].source != org_id(org) {
            return Err(Outcome::OnlyTheSource);
        }
        if !self.edits(org, persona, number) {
            return Err(Outcome::NoEditor);
        }
        let connection = &mut self.connections[at];
        if connection.types != types {
            connection.types = types;
            connection.modified_at = now;
        }
        Ok(connection.clone())
    }

    fn delete(&mut self, org: u8, persona: Persona, number: u8) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        let at = self.known(org, persona, number)?;
        if !self.edits(org, persona, number) {
            return Err(Outcome::NoEditor);
        }
        self.policies.retain(|policy| policy.number != number);
        Ok(self.connections.remove(at))
    }

    pub(crate) fn list(
        &self,
        (org, persona): (u8, Persona),
        filter: Filter,
        page: Page,
    ) -> (Vec<OrgConnection>, usize, usize) {
        let admits = |wanted, side| match wanted {
            OrgFilter::Any => true,
            OrgFilter::Only(id) => id == side,
            OrgFilter::Nothing => false,
        };
        let of_org =
            |connection: &&OrgConnection| connection.source == org_id(org) || connection.sink == org_id(org);
        let hidden: Vec<_> =
            (0..NUMBERS).filter(|number| !self.sees(org, persona, *number)).map(connection_id).collect();
        let mut all: Vec<_> = self.connections.iter().filter(of_org).cloned().collect();
        all.retain(|connection| !hidden.contains(&connection.id));
        all.sort_by_key(|connection| (connection.created_at, connection.id));
        let total = all.len();
        all.retain(|connection| {
            admits(filter.source, connection.source) && admits(filter.sink, connection.sink)
        });
        let total_filtered = all.len();
        (all.into_iter().skip(page.offset).take(page.limit).collect(), total, total_filtered)
    }

    pub(crate) fn decide(&self, sink: u8, source: u8, wanted: ConnectionType, cross_site: CrossSite) -> bool {
        let is_within_a_site = (sink == OVERSEAS) == (source == OVERSEAS);
        (is_within_a_site || cross_site == CrossSite::Allowed)
            && !self.disabled.contains(&sink)
            && !self.disabled.contains(&source)
            && self.connections.iter().any(|connection| {
                connection.source == org_id(source)
                    && connection.sink == org_id(sink)
                    && connection.types.contains(wanted)
            })
    }
}
