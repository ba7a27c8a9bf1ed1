//! The statements that alter the tables of entities.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use orgbridge_domain::{
    Account, ApiKey, ApplicationKey, Authorization, Change, Edit, Login, OauthClient, Org, OrgConnection,
    RestrictionPolicy, Role, Token, User,
};

use crate::record::{Kind, Record, Value, Values};

/// Does something with every table of entities, those that others refer to first.
macro_rules! record_tables {
    ($do:ident) => {
        $do! {
            orgbridge_domain::Account, orgbridge_domain::Org, orgbridge_domain::Role, orgbridge_domain::User,
            orgbridge_domain::ApiKey, orgbridge_domain::ApplicationKey, orgbridge_domain::OrgConnection,
            orgbridge_domain::RestrictionPolicy, orgbridge_domain::OauthClient, orgbridge_domain::Authorization,
            orgbridge_domain::Token, orgbridge_domain::Login
        }
    };
}
pub(crate) use record_tables;

/// What a statement does to the row of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Alteration {
    /// The row comes into being.
    Insert,
    /// The row is changed. There has to be one.
    Update,
    /// The row goes. There has to be one.
    Delete,
}

/// A statement that makes a change true in its table.
pub(crate) struct RowStatement<'c> {
    /// The table.
    pub(crate) table: &'static str,
    /// What it does to the row.
    pub(crate) alteration: Alteration,
    /// How it is said.
    pub(crate) sql: Arc<str>,
    /// The values of its places.
    pub(crate) values: Values<'c>,
}

/// The statements for each table, worded once.
pub(crate) struct RowStatements {
    words: HashMap<(&'static str, Alteration), Arc<str>>,
}

impl RowStatements {
    /// Those that are worded by `word`, which is told what the plain statement is.
    pub(crate) fn worded(word: impl Fn(Alteration, String) -> String) -> Self {
        let mut words = HashMap::new();
        macro_rules! each {
            ($($record:ty),+) => {
                $(
                    for (alteration, sql) in plain::<$record>() {
                        words.insert((<$record>::TABLE, alteration), Arc::from(word(alteration, sql)));
                    }
                )+
            };
        }
        record_tables!(each);
        Self { words }
    }

    /// The one that makes `change` true.
    pub(crate) fn of<'c>(&self, change: &'c Change) -> RowStatement<'c> {
        match change {
            Change::Account(edit) => self.edit::<Account>(edit),
            Change::Org(edit) => self.edit::<Org>(edit),
            Change::Role(edit) => self.edit::<Role>(edit),
            Change::User(edit) => self.edit::<User>(edit),
            Change::ApiKey(edit) => self.edit::<ApiKey>(edit),
            Change::ApplicationKey(edit) => self.edit::<ApplicationKey>(edit),
            Change::OrgConnection(edit) => self.edit::<OrgConnection>(edit),
            Change::RestrictionPolicy(edit) => self.edit::<RestrictionPolicy>(edit),
            Change::OauthClient(edit) => self.edit::<OauthClient>(edit),
            Change::Authorization(edit) => self.edit::<Authorization>(edit),
            Change::Token(edit) => self.edit::<Token>(edit),
            Change::Login(edit) => self.edit::<Login>(edit),
        }
    }

    fn edit<'c, R: Record>(&self, edit: &'c Edit<R>) -> RowStatement<'c> {
        let mut values = edit.entity().values();
        let alteration = match edit {
            Edit::Create(_) => Alteration::Insert,
            Edit::Replace { .. } => {
                values = changing_then_id::<R>(values);
                Alteration::Update
            }
            Edit::Delete(_) => {
                values.truncate(1);
                Alteration::Delete
            }
        };
        let table = R::TABLE;
        // There are words for every table and alteration.
        let sql = self.words.get(&(table, alteration)).cloned().unwrap_or_default();
        RowStatement { table, alteration, sql, values }
    }
}

fn plain<R: Record>() -> [(Alteration, String); 3] {
    let table = R::TABLE;
    let columns = R::COLUMNS.join(", ");
    let places: Vec<String> = (1..=R::COLUMNS.len()).map(|place| format!("${place}")).collect();
    let changing: Vec<String> = R::CHANGING
        .iter()
        .enumerate()
        .map(|(position, (column, _))| format!("{column} = ${}", position + 1))
        .collect();
    let (changing, id) = (changing.join(", "), R::CHANGING.len() + 1);
    [
        (Alteration::Insert, format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "))),
        (Alteration::Update, format!("UPDATE {table} SET {changing} WHERE id = ${id}")),
        (Alteration::Delete, format!("DELETE FROM {table} WHERE id = $1")),
    ]
}

/// Changes so many rows of a table, each by the values that [`Alteration::Update`] takes for one, and returns their ids.
/// There is no such statement where what one row gives up may be taken by another: nobody says which of them goes first.
pub(crate) fn update_of_many<R: Record>(count: usize) -> Option<String> {
    if R::CHANGING.iter().any(|(_, kind)| *kind == Kind::UniqueText) {
        return None;
    }
    let table = R::TABLE;
    let columns: Vec<_> = R::CHANGING.iter().copied().chain([("id", Kind::Text)]).collect();
    let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let changing = R::CHANGING.iter().map(|(name, _)| format!("{name} = altered.{name}"));
    let changing = changing.collect::<Vec<_>>().join(", ");
    let row = |number: usize| {
        let place = |(column, (_, kind)): (usize, &(_, Kind))| {
            let of = if *kind == Kind::Number { "BIGINT" } else { "TEXT" };
            format!("CAST(${} AS {of})", number * columns.len() + column + 1)
        };
        format!("({})", columns.iter().enumerate().map(place).collect::<Vec<_>>().join(", "))
    };
    let rows = (0..count).map(row).collect::<Vec<_>>().join(", ");
    Some(format!(
        "UPDATE {table} SET {changing} FROM (VALUES {rows}) AS altered ({names}) \
         WHERE {table}.id = altered.id RETURNING {table}.id"
    ))
}

/// The values for an update, in the order of its places.
fn changing_then_id<R: Record>(mut row: Values<'_>) -> Values<'_> {
    let mut take = |at: usize| row.get_mut(at).map_or(Value::Null, |value| mem::replace(value, Value::Null));
    let place_of = |name: &str| R::COLUMNS.iter().position(|column| *column == name);
    let mut values: Values<'_> =
        R::CHANGING.iter().filter_map(|(name, _)| place_of(name)).map(&mut take).collect();
    values.push(take(0));
    values
}
