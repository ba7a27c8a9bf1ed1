//! Entities into tables.

use std::borrow::Cow;
use std::collections::HashMap;

use orgbridge_domain::{
    Account, ApiKey, ApplicationKey, Authorization, Change, Edit, Login, OauthClient, Org, OrgConnection,
    RestrictionPolicy, Role, Token, User,
};
use rusqlite::types::{ToSql, ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::Unavailable;
use crate::record::{BadRecord, Record, Source, Value};

/// The statements that alter each table.
pub(super) struct Statements {
    of_table: HashMap<&'static str, TableStatements>,
}

struct TableStatements {
    insert: String,
    update: String,
    delete: String,
}

impl Statements {
    pub(super) fn new() -> Self {
        let of_table = HashMap::from([
            TableStatements::of::<Account>(),
            TableStatements::of::<Org>(),
            TableStatements::of::<Role>(),
            TableStatements::of::<User>(),
            TableStatements::of::<ApiKey>(),
            TableStatements::of::<ApplicationKey>(),
            TableStatements::of::<OrgConnection>(),
            TableStatements::of::<RestrictionPolicy>(),
            TableStatements::of::<OauthClient>(),
            TableStatements::of::<Authorization>(),
            TableStatements::of::<Token>(),
            TableStatements::of::<Login>(),
        ]);
        Self { of_table }
    }

    /// Makes `change` true in its table.
    pub(super) fn write(&self, connection: &Connection, change: &Change) -> Result<(), Unavailable> {
        match change {
            Change::Account(edit) => self.edit(connection, edit),
            Change::Org(edit) => self.edit(connection, edit),
            Change::Role(edit) => self.edit(connection, edit),
            Change::User(edit) => self.edit(connection, edit),
            Change::ApiKey(edit) => self.edit(connection, edit),
            Change::ApplicationKey(edit) => self.edit(connection, edit),
            Change::OrgConnection(edit) => self.edit(connection, edit),
            Change::RestrictionPolicy(edit) => self.edit(connection, edit),
            Change::OauthClient(edit) => self.edit(connection, edit),
            Change::Authorization(edit) => self.edit(connection, edit),
            Change::Token(edit) => self.edit(connection, edit),
            Change::Login(edit) => self.edit(connection, edit),
        }
    }

    fn edit<R: Record>(&self, connection: &Connection, edit: &Edit<R>) -> Result<(), Unavailable> {
        // `new` has a line for every table.
        let Some(statements) = self.of_table.get(R::TABLE) else {
            return Err(Unavailable::Storage { cause: format!("no statements for {}", R::TABLE) });
        };
        let values = edit.entity().values();
        let rows = match edit {
            Edit::Create(_) => {
                connection.prepare_cached(&statements.insert)?.execute(params_from_iter(&values))?
            }
            Edit::Replace { .. } => connection
                .prepare_cached(&statements.update)?
                .execute(params_from_iter(changing_then_id::<R>(&values)))?,
            Edit::Delete(_) => {
                connection.prepare_cached(&statements.delete)?.execute(params_from_iter(values.first()))?
            }
        };
        if rows == 1 {
            Ok(())
        } else {
            // Somebody has altered the tables behind the log's back.
            Err(Unavailable::Storage {
                cause: format!("{rows} rows of {} have the id of one entity", R::TABLE),
            })
        }
    }
}

impl TableStatements {
    fn of<R: Record>() -> (&'static str, Self) {
        let table = R::TABLE;
        let columns = R::COLUMNS.join(", ");
        let places: Vec<String> = (1..=R::COLUMNS.len()).map(|place| format!("${place}")).collect();
        let changing: Vec<String> = R::CHANGING
            .iter()
            .enumerate()
            .map(|(position, column)| format!("{column} = ${}", position + 1))
            .collect();
        let statements = Self {
            insert: format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", ")),
            update: format!(
                "UPDATE {table} SET {} WHERE id = ${}",
                changing.join(", "),
                R::CHANGING.len() + 1
            ),
            delete: format!("DELETE FROM {table} WHERE id = $1"),
        };
        (table, statements)
    }
}

/// The values for an update, in the order of its places.
fn changing_then_id<'r, 'v, R: Record>(row: &'r [Value<'v>]) -> Vec<&'r Value<'v>> {
    let value_of =
        |name: &&str| R::COLUMNS.iter().position(|column| column == name).and_then(|at| row.get(at));
    R::CHANGING.iter().filter_map(value_of).chain(row.first()).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Id(id) => ToSqlOutput::Owned(SqlValue::Text(id.as_hyphenated().to_string())),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl Source for Row<'_> {
    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>, BadRecord> {
        match self.get_ref(column).map_err(|error| BadRecord::at(column, error))? {
            ValueRef::Null => Ok(None),
            value => value
                .as_str()
                .map(|text| Some(Cow::Borrowed(text)))
                .map_err(|error| BadRecord::at(column, error)),
        }
    }

    fn integer(&self, column: usize) -> Result<i64, BadRecord> {
        self.get_ref(column)
            .map_err(|error| BadRecord::at(column, error))?
            .as_i64()
            .map_err(|error| BadRecord::at(column, error))
    }

    fn is_null(&self, column: usize) -> Result<bool, BadRecord> {
        let value = self.get_ref(column).map_err(|error| BadRecord::at(column, error))?;
        Ok(value == ValueRef::Null)
    }
}
