//! Reads members of a mapping one by one, and keeps a list of everything that is wrong with them.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use orgbridge_domain::{ConnectionTypes, Permission, PermissionSet, TypesProblem};
use uuid::Uuid;

use super::{Identity, Listed, Reference, Secret};
use crate::import::document::{Member, Node, Value};
use crate::import::location::{Location, Path, Problem};
use crate::random::{self, NoRandomness};

/// What is common to the reading of a whole file.
pub(super) struct Reading {
    problems: Vec<Problem>,
    count: usize,
    /// A failing source of random bytes is reported once, at the end, and not by everything that needs one.
    randomness: Result<(), NoRandomness>,
}

impl Reading {
    pub(super) fn new() -> Result<Self, NoRandomness> {
        // What can't begin is not begun.
        random::id()?;
        Ok(Self { problems: Vec::new(), count: 0, randomness: Ok(()) })
    }

    /// Reads the mapping at the top of the file.
    pub(super) fn top<T>(
        &mut self,
        node: &Node,
        read: impl FnOnce(&mut Self, &mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        self.mapping(node, Path::Top, read)
    }

    /// How much was found to be wrong so far.
    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// How many things were read, and what was wrong, in the order of the file.
    pub(super) fn finish(mut self) -> Result<(usize, Vec<Problem>), NoRandomness> {
        self.randomness?;
        self.problems.sort_by_key(Problem::place);
        Ok((self.count, self.problems))
    }

    fn mapping<T>(
        &mut self,
        node: &Node,
        path: Path<'_>,
        read: impl FnOnce(&mut Self, &mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        let Value::Mapping(members) = &node.value else {
            self.complain(node, &path, "expected a mapping, such as {name: …}");
            return None;
        };
        let members = members.iter().map(|member| (member.name.as_str(), member)).collect();
        let mut fields = Fields { node, path, members, known: Vec::new() };
        let value = read(self, &mut fields);
        fields.reject_unknown(self);
        value
    }

    fn complain(&mut self, node: &Node, path: &Path<'_>, message: impl Display) {
        self.problems.push(Location::new(node.place, path).problem(message));
    }

    fn random<T>(&mut self, make: impl FnOnce() -> Result<T, NoRandomness>) -> Option<T> {
        match make() {
            Ok(value) => Some(value),
            Err(error) => {
                self.randomness = Err(error);
                None
            }
        }
    }
}

/// The members of a mapping that were not asked for yet.
pub(super) struct Fields<'n> {
    node: &'n Node,
    path: Path<'n>,
    members: HashMap<&'n str, &'n Member>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Where the mapping stands.
    pub(super) fn location(&self) -> Location {
        Location::new(self.node.place, &self.path)
    }

    /// A value that may be left out.
    pub(super) fn optional<T: FromStr<Err: Display>>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
    ) -> Option<T> {
        let node = self.take(name)?;
        self.scalar(reading, name, node)
    }

    /// A value that has to be there.
    pub(super) fn required<T: FromStr<Err: Display>>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
    ) -> Option<T> {
        let node = self.take_required(reading, name)?;
        self.scalar(reading, name, node)
    }

    /// An id; made where none is given.
    pub(super) fn id<I: FromStr<Err: Display>>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
        wrap: impl FnOnce(Uuid) -> I,
    ) -> Identity<I> {
        match self.optional(reading, name) {
            Some(id) => Identity::Given(id),
            None => Identity::ByName(wrap(reading.random(random::id).unwrap_or_default())),
        }
    }

    /// A secret; made where none is given.
    pub(super) fn secret<S, E: Display>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<S, E>,
        make: impl FnOnce() -> Result<S, NoRandomness>,
    ) -> Option<Secret<S>> {
        match self.take(name) {
            Some(node) => self.parsed(reading, name, node, read).map(Secret::Given),
            None => reading.random(make).map(Secret::Fresh),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, reading: &mut Reading, name: &'static str) -> Option<bool> {
        let node = self.take(name)?;
        let path = Path::Member(&self.path, name);
        match &node.value {
            Value::Scalar(text) if text == "true" => Some(true),
            Value::Scalar(text) if text == "false" => Some(false),
            _ => {
                reading.complain(node, &path, "expected true or false");
                None
            }
        }
    }

    /// The name or id of something else.
    pub(super) fn reference(&mut self, reading: &mut Reading, name: &'static str) -> Option<Reference> {
        let node = self.take_required(reading, name)?;
        self.referred(reading, name, node)
    }

    /// The name or id of something else, which may be left out.
    pub(super) fn optional_reference(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
    ) -> Option<Reference> {
        let node = self.take(name)?;
        self.referred(reading, name, node)
    }

    /// Names or ids of other things.
    pub(super) fn references(&mut self, reading: &mut Reading, name: &'static str) -> Option<Vec<Reference>> {
        let node = self.take_unless_absent(name)?;
        let texts = self.texts(reading, name, node)?;
        Some(texts.into_iter().map(|(at, text)| Reference { at, named: text.to_owned() }).collect())
    }

    /// Values that may be left out.
    pub(super) fn values<T: FromStr<Err: Display>>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
    ) -> Option<Vec<T>> {
        let node = self.take_unless_absent(name)?;
        self.scalars(reading, name, node)
    }

    /// A set of permissions, which may be left out.
    pub(super) fn permissions(&mut self, reading: &mut Reading, name: &'static str) -> Option<PermissionSet> {
        let node = self.take_unless_absent(name)?;
        self.permission_set(reading, name, node)
    }

    /// A set of permissions that has to be there.
    pub(super) fn required_permissions(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
    ) -> Option<PermissionSet> {
        let node = self.take_required(reading, name)?;
        self.permission_set(reading, name, node)
    }

    /// The types of a connection, which have to be there.
    pub(super) fn types(&mut self, reading: &mut Reading, name: &'static str) -> Option<ConnectionTypes> {
        let node = self.take_required(reading, name)?;
        let texts = self.texts(reading, name, node)?;
        match ConnectionTypes::parse(texts.iter().map(|(_, text)| *text)) {
            Ok(types) => Some(types),
            Err(problem) => {
                let list = Location::new(node.place, &Path::Member(&self.path, name));
                let at = match &problem {
                    TypesProblem::Unknown { position, .. } | TypesProblem::Repeated { position, .. } => {
                        texts.get(*position).map_or(&list, |(at, _)| at)
                    }
                    TypesProblem::Empty => &list,
                };
                // The text of the problem begins with its position, which is in the path already.
                let text = problem.to_string();
                let message = text.split_once(": ").map_or(text.as_str(), |(_, message)| message);
                reading.problems.push(at.problem(message));
                None
            }
        }
    }

    /// A list of mappings, which may be left out.
    pub(super) fn list<T>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
        mut read: impl FnMut(&mut Reading, &mut Fields<'_>) -> Option<T>,
    ) -> Listed<T> {
        let nothing = Listed { wishes: Vec::new(), complete: true };
        let Some(node) = self.take(name) else { return nothing };
        let path = Path::Member(&self.path, name);
        let Some(items) = items(reading, node, &path) else { return Listed { complete: false, ..nothing } };
        let mut listed = nothing;
        for (position, item) in items.iter().enumerate() {
            let wish = reading.mapping(item, Path::Item(&path, position), &mut read);
            listed.complete &= wish.is_some();
            listed.wishes.extend(wish);
        }
        reading.count += items.len();
        listed
    }

    /// A mapping, which may be left out.
    pub(super) fn mapping<T>(
        &mut self,
        reading: &mut Reading,
        name: &'static str,
        read: impl FnOnce(&mut Reading, &mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        let node = self.take_unless_absent(name)?;
        reading.count += 1;
        reading.mapping(node, Path::Member(&self.path, name), read)
    }

    /// Says what is wrong with the mapping itself.
    pub(super) fn complain(&self, reading: &mut Reading, message: impl Display) {
        reading.complain(self.node, &self.path, message);
    }

    fn permission_set(
        &self,
        reading: &mut Reading,
        name: &'static str,
        node: &Node,
    ) -> Option<PermissionSet> {
        let permissions: Vec<Permission> = self.scalars(reading, name, node)?;
        Some(PermissionSet::of(&permissions))
    }

    fn referred(&self, reading: &mut Reading, name: &'static str, node: &Node) -> Option<Reference> {
        let path = Path::Member(&self.path, name);
        let named = text(reading, node, &path)?.to_owned();
        Some(Reference { at: Location::new(node.place, &path), named })
    }

    fn scalars<T: FromStr<Err: Display>>(
        &self,
        reading: &mut Reading,
        name: &'static str,
        node: &Node,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for (at, text) in self.texts(reading, name, node)? {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(problem) => reading.problems.push(at.problem(problem)),
            }
        }
        Some(values)
    }

    fn texts<'t>(
        &self,
        reading: &mut Reading,
        name: &'static str,
        node: &'t Node,
    ) -> Option<Vec<(Location, &'t str)>> {
        let path = Path::Member(&self.path, name);
        let located = items(reading, node, &path)?.iter().enumerate().filter_map(|(position, item)| {
            let path = Path::Item(&path, position);
            Some((Location::new(item.place, &path), text(reading, item, &path)?))
        });
        Some(located.collect())
    }

    fn scalar<T: FromStr<Err: Display>>(
        &self,
        reading: &mut Reading,
        name: &'static str,
        node: &Node,
    ) -> Option<T> {
        self.parsed(reading, name, node, str::parse)
    }

    fn parsed<T, E: Display>(
        &self,
        reading: &mut Reading,
        name: &'static str,
        node: &Node,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let path = Path::Member(&self.path, name);
        match parse(text(reading, node, &path)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                reading.complain(node, &path, problem);
                None
            }
        }
    }

    fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        let member = self.members.remove(name)?;
        (!matches!(member.node.value, Value::Null)).then_some(&member.node)
    }

    /// A member that means more where it is absent than where it lists nothing: with nothing behind it, as when
    /// all of its lines were commented out, it says neither, and its reader will complain.
    fn take_unless_absent(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        self.members.remove(name).map(|member| &member.node)
    }

    fn take_required(&mut self, reading: &mut Reading, name: &'static str) -> Option<&'n Node> {
        let found = self.take(name);
        if found.is_none() {
            reading.complain(self.node, &self.path, format!("{name} is missing"));
        }
        found
    }

    fn reject_unknown(self, reading: &mut Reading) {
        let Self { path, members, known, .. } = self;
        for (name, member) in members {
            // A key that slipped into the place of a name must not be repeated.
            let plain =
                name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            let name = if plain { format!(" {name:?}") } else { String::new() };
            let message = format!("there is no member{name}; expected {}", known.join(", "));
            reading.problems.push(Location::new(member.place, &path).problem(message));
        }
    }
}

fn items<'n>(reading: &mut Reading, node: &'n Node, path: &Path<'_>) -> Option<&'n [Node]> {
    if let Value::Sequence(items) = &node.value {
        Some(items)
    } else {
        reading.complain(node, path, "expected a list");
        None
    }
}

fn text<'n>(reading: &mut Reading, node: &'n Node, path: &Path<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Scalar(text) => Some(text),
        Value::Null => {
            reading.complain(node, path, "expected text, and not nothing");
            None
        }
        Value::Sequence(_) => {
            reading.complain(node, path, "expected text, and not a list");
            None
        }
        Value::Mapping(_) => {
            reading.complain(node, path, "expected text, and not a mapping");
            None
        }
    }
}
