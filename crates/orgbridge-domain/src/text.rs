//! Text from outside that is kept: names and email addresses.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most characters that a name or an email address may have.
const MAX_CHARS: usize = 255;

/// Why a text can't be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than 255 characters.
    #[error("must not be longer than {MAX_CHARS} characters")]
    TooLong,
    /// Holds a control character, which could break a log line, or a NUL, which PostgreSQL can't keep.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// Holds a letter beyond ASCII whose lower case is one of ASCII: an address of somebody else would look the same.
    #[error("must not contain letters that turn into others in lower case, such as the sign for kelvin")]
    TurnsIntoAnother,
    /// Not of the form `somebody@somewhere`.
    #[error("must be an email address, such as jane@example.com")]
    NotAnEmail,
}

fn check(text: &str) -> Result<(), TextProblem> {
    if text.trim().is_empty() {
        Err(TextProblem::Empty)
    } else if text.chars().nth(MAX_CHARS).is_some() {
        Err(TextProblem::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(TextProblem::ControlCharacter)
    } else {
        Ok(())
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, formatter)
            }
        }
    )+};
}

texts! {
    /// What people call an account, an org, a user, a role or a key. Compared byte by byte.
    Name
    /// An email address, in lower case, so that one mailbox has one spelling.
    Email
    /// The short id of an org that the first API version puts in paths: 1 to 64 letters, digits and hyphens.
    PublicId
}

impl FromStr for Name {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        check(text)?;
        Ok(Self(text.into()))
    }
}

impl Email {
    /// The letters beyond ASCII whose lower case is ASCII, or begins with it: a capital i with a dot, and the sign for kelvin.
    /// What is kept is in lower case, and holds none.
    pub const TURN_INTO_ASCII: [char; 2] = ['\u{130}', '\u{212a}'];
}

impl FromStr for Email {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        check(text)?;
        if text.contains(Self::TURN_INTO_ASCII) {
            return Err(TextProblem::TurnsIntoAnother);
        }
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty()
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && !text.contains(char::is_whitespace) =>
            {
                Ok(Self(text.to_lowercase().into()))
            }
            _ => Err(TextProblem::NotAnEmail),
        }
    }
}

/// The text is no public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 lower-case letters, digits and hyphens")]
pub struct NotAPublicId;

impl FromStr for PublicId {
    type Err = NotAPublicId;

    fn from_str(text: &str) -> Result<Self, NotAPublicId> {
        let fits = (1..=64).contains(&text.len());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if fits && text.bytes().all(plain) { Ok(Self(text.into())) } else { Err(NotAPublicId) }
    }
}

impl From<crate::OrgId> for PublicId {
    /// A new org's public id is its UUID, which is how users find a sink's id. Source: contract, section 4.
    fn from(id: crate::OrgId) -> Self {
        Self(id.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_letters_that_turn_into_ascii_are_known() {
        let turns =
            |letter: &char| !letter.is_ascii() && letter.to_lowercase().any(|letter| letter.is_ascii());
        let all: Vec<char> = (char::MIN..=char::MAX).filter(turns).collect();
        assert_eq!(all, Email::TURN_INTO_ASCII);
    }

    #[test]
    fn a_name_holds_any_text_but_control_characters() {
        assert_eq!("Ünïcode 🚀 Org ".parse::<Name>().unwrap().as_str(), "Ünïcode 🚀 Org ");
        assert_eq!("a\0b".parse::<Name>(), Err(TextProblem::ControlCharacter));
        assert_eq!("a\nb".parse::<Name>(), Err(TextProblem::ControlCharacter));
        assert_eq!(" \u{3000}".parse::<Name>(), Err(TextProblem::Empty));
        assert_eq!("x".repeat(256).parse::<Name>(), Err(TextProblem::TooLong));
        assert!("ä".repeat(255).parse::<Name>().is_ok());
    }

    #[test]
    fn an_email_has_one_spelling() {
        assert_eq!("Jane@Example.COM".parse::<Email>(), "jane@example.com".parse::<Email>());
        for text in ["jane", "@example.com", "jane@", "a@b@c", "jane doe@example.com"] {
            assert_eq!(text.parse::<Email>(), Err(TextProblem::NotAnEmail), "{text}");
        }
    }

    #[test]
    fn no_email_turns_into_that_of_somebody_else() {
        for text in ["jac\u{212a}@example.com", "jack@\u{212a}.example", "\u{130}da@example.com"] {
            assert_eq!(text.parse::<Email>(), Err(TextProblem::TurnsIntoAnother), "{text}");
        }
        let mut kept = 0;
        for letter in ('\0'..=char::MAX).filter(|letter| !letter.is_ascii()) {
            let Ok(email) = format!("a{letter}@example.com").parse::<Email>() else { continue };
            assert!(!email.as_str().is_ascii(), "{letter:?}");
            assert_eq!(email.as_str().parse(), Ok(email.clone()), "{letter:?}");
            kept += 1;
        }
        assert!(kept > 100_000);
    }

    #[test]
    fn a_public_id_is_plain() {
        assert!("fasjyydbcgwwc2uc".parse::<PublicId>().is_ok());
        for text in ["", "UPPER", "a/b", "a b", &"x".repeat(65)] {
            assert_eq!(text.parse::<PublicId>(), Err(NotAPublicId), "{text}");
        }
    }
}
