//! Values on their way to a server, and rows on their way back.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use orgbridge_domain::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::trouble::{NotRead, Trouble};
use crate::record::{BadRecord, Source, Value, from_hex, to_hex};
use crate::{
    Action, Actor, Attempt, ChainDigest, Entry, Epoch, Position, RefusedAttempt, Revision, Unavailable,
};

/// A value for a place of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Param {
    /// SQL's NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Numbers of ours count changes and attempts. None will ever be greater than what a column holds.
impl From<u64> for Param {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Value<'_>> for Param {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(number),
            Value::Id(id) => Self::Text(id.as_hyphenated().to_string()),
            Value::Text(text) => Self::Text(text.into_owned()),
        }
    }
}

impl ToSql for Param {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Integer(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT || *ty == Type::VARCHAR => text.to_sql(ty, out),
            Self::Integer(_) | Self::Text(_) => {
                Err(format!("a place of type {ty} takes no such value").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A number, whatever the width of its column.
struct Number(i64);

impl<'a> FromSql<'a> for Number {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if *ty == Type::INT4 {
            i32::from_sql(ty, raw).map(|number| Self(number.into()))
        } else {
            i64::from_sql(ty, raw).map(Self)
        }
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT4 || *ty == Type::INT8
    }
}

impl Source for Row {
    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>, BadRecord> {
        let text: Option<&str> =
            self.try_get(column).map_err(|error| BadRecord::at(column, Trouble::from(error).cause()))?;
        Ok(text.map(Cow::Borrowed))
    }

    fn integer(&self, column: usize) -> Result<i64, BadRecord> {
        let Number(number) =
            self.try_get(column).map_err(|error| BadRecord::at(column, Trouble::from(error).cause()))?;
        Ok(number)
    }

    fn is_null(&self, column: usize) -> Result<bool, BadRecord> {
        struct Anything;
        impl<'a> FromSql<'a> for Anything {
            fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
                Ok(Self)
            }

            fn accepts(_: &Type) -> bool {
                true
            }
        }
        let value: Option<Anything> =
            self.try_get(column).map_err(|error| BadRecord::at(column, Trouble::from(error).cause()))?;
        Ok(value.is_none())
    }
}

impl Trouble {
    /// What to say of it.
    pub(super) fn cause(&self) -> String {
        self.unavailable.cause().map_or_else(|| self.unavailable.to_string(), str::to_owned)
    }
}

/// What a column could not be read as.
fn not(expected: &'static str) -> Trouble {
    Trouble::of(Unavailable::Storage { cause: NotRead(expected).to_string() })
}

/// The number in a column.
pub(super) fn number(row: &Row, column: usize) -> Result<i64, Trouble> {
    let Number(number) = row.try_get(column)?;
    Ok(number)
}

/// A number that is never negative.
pub(super) fn count(row: &Row, column: usize) -> Result<u64, Trouble> {
    u64::try_from(number(row, column)?).map_err(|_| not("a number that is not negative"))
}

/// The text in a column.
pub(super) fn text(row: &Row, column: usize) -> Result<String, Trouble> {
    Ok(row.try_get(column)?)
}

/// The text in a column, if there is one.
pub(super) fn optional_text(row: &Row, column: usize) -> Result<Option<String>, Trouble> {
    Ok(row.try_get(column)?)
}

/// What vouches for a history, in a column.
pub(super) fn digest(row: &Row, column: usize) -> Result<ChainDigest, Trouble> {
    let text: &str = row.try_get(column)?;
    from_hex(text).map(ChainDigest::from_bytes).ok_or_else(|| not("64 hex digits"))
}

/// What stands in a column, whatever it is.
pub(super) fn value(row: &Row, column: usize) -> Result<Value<'static>, Trouble> {
    let is_number =
        row.columns().get(column).is_some_and(|column| [Type::INT4, Type::INT8].contains(column.type_()));
    if is_number {
        let number: Option<Number> = row.try_get(column)?;
        return Ok(number.map_or(Value::Null, |Number(number)| Value::Integer(number)));
    }
    Ok(optional_text(row, column)?.map_or(Value::Null, |text| Value::Text(Cow::Owned(text))))
}

/// Reads an epoch, a revision and a digest.
pub(super) fn position(row: &Row) -> Result<Position, Trouble> {
    Ok(Position {
        epoch: Epoch::new(count(row, 0)?),
        revision: Revision::new(count(row, 1)?),
        digest: digest(row, 2)?,
    })
}

/// The values of an epoch, a revision and a digest.
pub(super) fn of_position(position: Position) -> Vec<Param> {
    vec![
        position.epoch.get().into(),
        position.revision.get().into(),
        to_hex(position.digest.as_bytes()).into(),
    ]
}

/// Reads an audit entry from a row with `ENTRY_COLUMNS`.
pub(super) fn entry(row: &Row) -> Result<Entry, Trouble> {
    Ok(Entry {
        revision: Revision::new(count(row, 0)?),
        at: Timestamp::from_micros(number(row, 1)?),
        actor: Actor {
            kind: text(row, 2)?,
            org_id: optional_text(row, 3)?,
            user_id: optional_text(row, 4)?,
            credential: optional_text(row, 5)?,
        },
        request_id: text(row, 6)?,
        entity: text(row, 7)?,
        entity_id: text(row, 8)?,
        before: optional_text(row, 9)?,
        after: optional_text(row, 10)?,
        digest: digest(row, 11)?,
    })
}

/// The values of an audit entry, in the order of `ENTRY_COLUMNS`.
pub(super) fn of_entry(entry: &Entry) -> [Param; 12] {
    [
        entry.revision.get().into(),
        entry.at.micros().into(),
        entry.actor.kind.as_str().into(),
        entry.actor.org_id.as_deref().into(),
        entry.actor.user_id.as_deref().into(),
        entry.actor.credential.as_deref().into(),
        entry.request_id.as_str().into(),
        entry.entity.as_str().into(),
        entry.entity_id.as_str().into(),
        entry.before.as_deref().into(),
        entry.after.as_deref().into(),
        to_hex(entry.digest.as_bytes()).into(),
    ]
}

/// Reads a refused attempt from a row with `ATTEMPT_COLUMNS`.
pub(super) fn attempt(row: &Row) -> Result<RefusedAttempt, Trouble> {
    let (org, action) = (text(row, 0)?, text(row, 6)?);
    let action = Action::ALL.into_iter().find(|known| known.as_str() == action);
    Ok(RefusedAttempt {
        number: count(row, 1)?,
        at: Timestamp::from_micros(number(row, 2)?),
        unrecorded: count(row, 11)?,
        attempt: Attempt {
            org: org.parse().map_err(|_| not("the id of an org"))?,
            actor: Actor {
                kind: "user".to_owned(),
                org_id: Some(org),
                user_id: Some(text(row, 3)?),
                credential: Some(text(row, 4)?),
            },
            request_id: text(row, 5)?,
            action: action.ok_or_else(|| not("a kind of attempt"))?,
            entity: text(row, 7)?.into(),
            entity_id: optional_text(row, 8)?,
            status: u16::try_from(number(row, 9)?).map_err(|_| not("a status"))?,
            reason: text(row, 10)?,
        },
    })
}

/// The id in a column.
pub(super) fn uuid(row: &Row, column: usize) -> Result<Uuid, Trouble> {
    let text: &str = row.try_get(column)?;
    Uuid::try_parse(text).map_err(|_| not("an id"))
}
