//! Where a database of PostgreSQL is, as operators write it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::session::SILENCE;

/// Where PostgreSQL listens unless it is told otherwise.
const DEFAULT_PORT: u16 = 5432;

/// Where a database of PostgreSQL is, and as whom to come there:
/// `postgres://USER[:PASSWORD]@HOST[:PORT][,HOST[:PORT]…]/DATABASE[?PARAMETER=VALUE&…]`.
///
/// A host that begins with a slash, which is written `%2F` there, is the folder of a socket. Of several hosts the first that
/// takes writes is the one. Parameters are
///
/// - `password_file`: a file whose first line is the password;
/// - `sslmode`: `verify-full` for TLS with a server whose certificate has been checked, `disable` for none. Where it is not
///   given, it is `disable` for a socket and for this machine, and `verify-full` for any other;
/// - `sslrootcert`: a file with the certificates of whoever vouches for the server; those of the system where there is none.
///
/// A password is never shown, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    hosts: Vec<Host>,
    user: String,
    password: Password,
    database: String,
    tls: Tls,
}

/// A machine or a socket, and the port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    name: String,
    port: u16,
}

/// A way to a database.
pub(super) struct Way {
    /// Where it leads.
    pub(super) host: String,
    /// What the driver is told, but for the password.
    pub(super) config: tokio_postgres::Config,
    /// How long it may take until there is a connection.
    pub(super) patience: Duration,
}

/// Where the password is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Password {
    /// Nobody asks for one.
    None,
    /// In the address itself.
    Given(String),
    /// In a file of this path, to be read when it is asked for: it may be changed while we run.
    InFile(PathBuf),
}

/// What is done for the connection's secrecy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// Nothing.
    Off,
    /// TLS, with a server that somebody vouches for: those in the file, or those whom the system trusts.
    Verified {
        /// The file.
        roots: Option<PathBuf>,
    },
}

/// Why a text is no address of a database of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected postgres://USER@HOST/DATABASE, such as \
         postgres://orgbridge@db.example.com/orgbridge?password_file=/etc/orgbridge/password"
)]
pub struct NotAnAddress(Cow<'static, str>);

impl NotAnAddress {
    fn because(problem: impl Into<Cow<'static, str>>) -> Self {
        Self(problem.into())
    }
}

impl PostgresAddress {
    /// The ways to it, in the order in which to try them.
    pub(super) fn ways(&self) -> Vec<Way> {
        self.hosts.iter().map(|host| self.way_to(host)).collect()
    }

    fn way_to(&self, host: &Host) -> Way {
        // One that is silent leaves time for the others.
        let patience = SILENCE / u32::try_from(self.hosts.len()).unwrap_or(u32::MAX).max(1);
        let mut config = tokio_postgres::Config::new();
        config.user(&*self.user).dbname(&*self.database).application_name("orgbridge");
        // It takes what begins with a slash for the folder of a socket.
        config.host(&*host.name).port(host.port);
        config.connect_timeout(patience);
        if self.hosts.len() > 1 {
            config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        }
        config.ssl_mode(match self.tls {
            Tls::Off => tokio_postgres::config::SslMode::Disable,
            Tls::Verified { .. } => tokio_postgres::config::SslMode::Require,
        });
        Way { host: host.to_string(), config, patience }
    }

    pub(super) const fn password(&self) -> &Password {
        &self.password
    }

    pub(super) const fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Whether the server is on this machine.
    pub(super) fn is_here(&self) -> bool {
        self.hosts.iter().all(Host::is_here)
    }
}

/// Whether a text is meant to be one.
pub(crate) fn is_meant_by(text: &str) -> bool {
    text.starts_with("postgres:") || text.starts_with("postgresql:")
}

impl FromStr for PostgresAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let rest =
            rest.ok_or_else(|| NotAnAddress::because("the address does not begin with postgres://"))?;
        if rest.contains('#') {
            return Err(NotAnAddress::because("a # stands in the address, where it has to be written %23"));
        }
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) =
            place.split_once('/').ok_or_else(|| NotAnAddress::because("the address names no database"))?;
        // A password may hold an @ that nobody has encoded; a host never does.
        let (user, hosts) =
            authority.rsplit_once('@').ok_or_else(|| NotAnAddress::because("the address names no user"))?;
        let (user, password) = match user.split_once(':') {
            Some((user, password)) => (user, Password::Given(decode(password, "password")?)),
            None => (user, Password::None),
        };
        let hosts = hosts.split(',').map(Host::from_str).collect::<Result<Vec<_>, _>>()?;
        let (user, database) = (decode(user, "user")?, decode(database, "database")?);
        for (name, text) in [("user", &user), ("database", &database)] {
            if text.is_empty() {
                return Err(NotAnAddress::because(format!("the name of the {name} is empty")));
            }
        }
        let tls = if hosts.iter().all(Host::is_here) { Tls::Off } else { Tls::Verified { roots: None } };
        let mut address = Self { hosts, user, password, database, tls };
        address.take_parameters(parameters)?;
        Ok(address)
    }
}

impl PostgresAddress {
    fn take_parameters(&mut self, parameters: &str) -> Result<(), NotAnAddress> {
        let mut roots = None;
        let mut seen: Vec<&str> = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if seen.contains(&name) {
                return Err(NotAnAddress::because(format!("the parameter {name} is given twice")));
            }
            seen.push(name);
            let value = decode(value, "value of a parameter")?;
            match (name, &*value) {
                ("password_file" | "sslrootcert", "") => {
                    return Err(NotAnAddress::because(format!("the parameter {name} names no file")));
                }
                ("password_file", path) if self.password == Password::None => {
                    self.password = Password::InFile(PathBuf::from(path));
                }
                ("password_file", _) => {
                    return Err(NotAnAddress::because("there is a password beside password_file"));
                }
                ("sslrootcert", path) => roots = Some(PathBuf::from(path)),
                ("sslmode", "disable") => self.tls = Tls::Off,
                ("sslmode", "verify-full") => self.tls = Tls::Verified { roots: None },
                ("sslmode", _) => {
                    return Err(NotAnAddress::because(
                        "sslmode is neither disable nor verify-full: what is encrypted for nobody knows whom is no secret",
                    ));
                }
                // A name may be a value that slipped.
                _ => {
                    return Err(NotAnAddress::because(
                        "a parameter is none of password_file, sslmode and sslrootcert",
                    ));
                }
            }
        }
        match (&mut self.tls, roots) {
            (Tls::Verified { roots }, Some(file)) => *roots = Some(file),
            (Tls::Off, Some(_)) => {
                return Err(NotAnAddress::because("sslrootcert is given where sslmode is disable"));
            }
            (_, None) => {}
        }
        Ok(())
    }
}

impl Host {
    /// Whether it is this machine, on whatever way.
    fn is_here(&self) -> bool {
        let name = self.name.trim_start_matches('[').trim_end_matches(']');
        self.name.starts_with('/')
            || name == "localhost"
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Host {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let not_a_port = |_| NotAnAddress::because("a port is no number from 1 to 65535");
        let (name, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((name, "")) => (name.to_owned(), None),
            Some((name, rest)) => (name.to_owned(), rest.strip_prefix(':')),
            None => match text.split_once(':') {
                Some((name, port)) => (decode(name, "host")?, Some(port)),
                None => (decode(text, "host")?, None),
            },
        };
        if name.is_empty() {
            return Err(NotAnAddress::because("the address names no host"));
        }
        let port = port.map_or(Ok(DEFAULT_PORT), str::parse).map_err(not_a_port)?;
        if port == 0 {
            return Err(NotAnAddress::because("a port is no number from 1 to 65535"));
        }
        Ok(Self { name, port })
    }
}

/// Reads the percent-encoding. What is wrong is named by its place alone: it may be a secret.
fn decode(text: &str, what: &str) -> Result<String, NotAnAddress> {
    let problem = || NotAnAddress::because(format!("the {what} is not percent-encoded UTF-8"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let (high, low) = (digit().ok_or_else(problem)?, digit().ok_or_else(problem)?);
            bytes.push(u8::try_from(high << 4 | low).map_err(|_| problem())?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| problem())?;
    if text.contains('\0') { Err(problem()) } else { Ok(text) }
}

/// Percent-encodes what would end a part of an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn encoded_path(path: &Path) -> String {
    encoded(&path.to_string_lossy()).replace("%2F", "/")
}

/// The address, but for the password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        write!(
            formatter,
            "postgres://{}@{}/{}",
            encoded(&self.user),
            hosts.join(","),
            encoded(&self.database)
        )?;
        let mut parameters = Vec::new();
        if let Password::InFile(path) = &self.password {
            parameters.push(format!("password_file={}", encoded_path(path)));
        }
        match &self.tls {
            Tls::Off if self.hosts.iter().all(Host::is_here) => {}
            Tls::Off => parameters.push("sslmode=disable".to_owned()),
            Tls::Verified { roots } => {
                parameters.push("sslmode=verify-full".to_owned());
                parameters.extend(roots.as_deref().map(|path| format!("sslrootcert={}", encoded_path(path))));
            }
        }
        if parameters.is_empty() { Ok(()) } else { write!(formatter, "?{}", parameters.join("&")) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(formatter, "[{}]", self.name)?;
        } else {
            formatter.write_str(&encoded(&self.name))?;
        }
        if self.port == DEFAULT_PORT { Ok(()) } else { write!(formatter, ":{}", self.port) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("None"),
            Self::Given(_) => formatter.write_str("Given"),
            Self::InFile(path) => write!(formatter, "InFile({})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_read_but_for_the_password() {
        for (written, shown) in [
            (
                "postgres://orgbridge@db.example.com/ledger",
                "postgres://orgbridge@db.example.com/ledger?sslmode=verify-full",
            ),
            ("postgresql://u:p%40ss@localhost:5433/l", "postgres://u@localhost:5433/l"),
            ("postgres://u:p@ss@127.0.0.1/l", "postgres://u@127.0.0.1/l"),
            ("postgres://u@%2Frun%2Fpostgresql/l", "postgres://u@%2Frun%2Fpostgresql/l"),
            ("postgres://u@[::1]:6000/l", "postgres://u@[::1]:6000/l"),
            ("postgres://u@a,b:6000/l?sslmode=disable", "postgres://u@a,b:6000/l?sslmode=disable"),
            (
                "postgres://u@a/l?sslrootcert=/etc/ca.pem&password_file=/etc/secret%20word",
                "postgres://u@a/l?password_file=/etc/secret%20word&sslmode=verify-full&sslrootcert=/etc/ca.pem",
            ),
        ] {
            let address: PostgresAddress = written.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            let again: PostgresAddress = shown.parse().unwrap();
            assert_eq!(again.to_string(), shown);
        }
    }

    #[test]
    fn a_password_is_in_no_text() {
        for written in [
            "postgres://u:hunter2@localhost/l",
            "postgres://u:hunter2@localhost",
            "postgres://u:hunter2@localhost:x/l",
            "postgres://u:hunter2%@localhost/l",
            "postgres://u:hunter2@/l",
            "postgres://u:hunter2/l",
            "postgres://u:a#hunter2@h/l",
            "postgres://u:a?hunter2@h/l",
            "postgres://u@h/l?password=hunter2",
            "postgres://u@h/l?hunter2",
            "postgres://u:hunter2@h/l?sslmode=hunter2",
            "postgres:u:hunter2@h/l",
        ] {
            let text = match written.parse::<PostgresAddress>() {
                Ok(address) => format!("{address} {address:?}"),
                Err(problem) => format!("{problem} {problem:?}"),
            };
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (written, problem) in [
            ("postgres://u@h", "the address names no database"),
            ("postgres://h/l", "the address names no user"),
            ("postgres://@h/l", "the name of the user is empty"),
            ("postgres://u@h/", "the name of the database is empty"),
            ("postgres://u@/l", "the address names no host"),
            ("postgres://u@h:0/l", "a port is no number from 1 to 65535"),
            ("postgres://u@h/l?sslmode=require", "sslmode is neither disable nor verify-full"),
            ("postgres://u@h/l?host=x", "a parameter is none of"),
            ("postgres://u@h/l?password_file=", "the parameter password_file names no file"),
            ("postgres://u@h/l?sslmode=disable&sslmode=disable", "the parameter sslmode is given twice"),
            ("postgres://u:p@h/l?password_file=/x", "there is a password beside password_file"),
            (
                "postgres://u@h/l?sslmode=disable&sslrootcert=/x",
                "sslrootcert is given where sslmode is disable",
            ),
        ] {
            let error = written.parse::<PostgresAddress>().unwrap_err().to_string();
            assert!(error.starts_with(problem), "{written}: {error}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear_unless_it_is_wanted() {
        let tls = |text: &str| text.parse::<PostgresAddress>().unwrap().tls;
        for here in ["localhost", "127.0.0.1", "[::1]", "%2Frun", "localhost,127.0.0.2"] {
            assert_eq!(tls(&format!("postgres://u@{here}/l")), Tls::Off, "{here}");
        }
        for elsewhere in ["db", "10.0.0.1", "localhost,db"] {
            let expected = Tls::Verified { roots: None };
            assert_eq!(tls(&format!("postgres://u@{elsewhere}/l")), expected, "{elsewhere}");
            assert_eq!(tls(&format!("postgres://u@{elsewhere}/l?sslmode=disable")), Tls::Off);
        }
    }
}
