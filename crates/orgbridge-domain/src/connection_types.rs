//! What a connection shares.

use std::fmt;
use std::str::FromStr;

/// A kind of telemetry.
///
/// Source: public specification, `OrgConnectionTypeEnum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionType {
    /// Log events.
    Logs,
    /// Metric time series.
    Metrics,
    /// The audit trail.
    Audit,
}

impl ConnectionType {
    /// Every type there is.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Metrics, Self::Audit];

    /// The name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for ConnectionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The text names no connection type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of logs, metrics, audit")]
pub struct NotAConnectionType;

impl FromStr for ConnectionType {
    type Err = NotAConnectionType;

    fn from_str(text: &str) -> Result<Self, NotAConnectionType> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(NotAConnectionType)
    }
}

/// A set of connection types: at least one, none twice, in the order in which they were given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConnectionTypes {
    /// Places from `count` on repeat the first type, so that equal sets are equal bytes.
    places: [ConnectionType; ConnectionType::ALL.len()],
    count: u8,
}

/// Why a list of names is no set of connection types. Positions count from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypesProblem {
    /// No type was given.
    #[error(": at least one of \"logs\", \"metrics\", \"audit\" is needed")]
    Empty,
    /// A name that is no type's.
    #[error("[{position}]: {name:?} is no connection type; expected \"logs\", \"metrics\" or \"audit\"")]
    Unknown {
        /// Where in the list.
        position: usize,
        /// What stood there.
        name: String,
    },
    /// A type given twice.
    #[error("[{position}]: \"{repeated}\" is repeated")]
    Repeated {
        /// Where the second one stands.
        position: usize,
        /// Which type.
        repeated: ConnectionType,
    },
}

impl ConnectionTypes {
    /// The set of the one type `only`.
    pub const fn only(only: ConnectionType) -> Self {
        Self { places: [only; ConnectionType::ALL.len()], count: 1 }
    }

    /// Reads the names of types, in order.
    ///
    /// # Errors
    /// The first [`TypesProblem`], by position.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, TypesProblem> {
        let mut types: Option<Self> = None;
        for (position, name) in names.into_iter().enumerate() {
            let next: ConnectionType = name
                .parse()
                .map_err(|_| TypesProblem::Unknown { position, name: name.chars().take(40).collect() })?;
            match &mut types {
                None => types = Some(Self::only(next)),
                Some(types) if types.contains(next) => {
                    return Err(TypesProblem::Repeated { position, repeated: next });
                }
                Some(types) => {
                    types.places[usize::from(types.count)] = next;
                    types.count += 1;
                }
            }
        }
        types.ok_or(TypesProblem::Empty)
    }

    /// Whether the set holds `wanted`.
    pub fn contains(&self, wanted: ConnectionType) -> bool {
        self.as_slice().contains(&wanted)
    }

    /// The types in order.
    pub fn as_slice(&self) -> &[ConnectionType] {
        &self.places[..usize::from(self.count)]
    }
}

impl fmt::Debug for ConnectionTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), formatter)
    }
}

/// The names, joined by commas: the form in storage.
impl fmt::Display for ConnectionTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, connection_type) in self.as_slice().iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(formatter, "{comma}{connection_type}")?;
        }
        Ok(())
    }
}

impl FromStr for ConnectionTypes {
    type Err = TypesProblem;

    fn from_str(joined: &str) -> Result<Self, TypesProblem> {
        if joined.is_empty() { Err(TypesProblem::Empty) } else { Self::parse(joined.split(',')) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_keep_the_order_in_which_they_were_given() {
        let types = ConnectionTypes::parse(["metrics", "audit", "logs"]).unwrap();
        assert_eq!(types.to_string(), "metrics,audit,logs");
        assert_eq!(types.to_string().parse(), Ok(types));
        assert_ne!(types, ConnectionTypes::parse(["logs", "metrics", "audit"]).unwrap());
    }

    #[test]
    fn a_list_that_is_no_set_is_refused_with_the_place() {
        assert_eq!(ConnectionTypes::parse([]), Err(TypesProblem::Empty));
        assert_eq!("".parse::<ConnectionTypes>(), Err(TypesProblem::Empty));
        assert!(",logs".parse::<ConnectionTypes>().is_err());
        let problem = |names: &[&str]| ConnectionTypes::parse(names.iter().copied()).unwrap_err().to_string();
        assert_eq!(problem(&["logs", "logs"]), r#"[1]: "logs" is repeated"#);
        assert_eq!(
            problem(&["Logs"]),
            r#"[0]: "Logs" is no connection type; expected "logs", "metrics" or "audit""#
        );
        assert_eq!(problem(&["logs", "metrics", "audit", "logs"]), r#"[3]: "logs" is repeated"#);
    }
}
