//! From the text of a query to what it means.
//!
//! ```text
//! query  = any
//! any    = all { "OR" all }
//! all    = one { ["AND"] one }
//! one    = ("NOT" | "-" | "!") one | "(" any ")" | key ":" values | text
//! values = "(" any-of-texts ")" | text
//! text   = a word, or anything in double quotes
//! ```

use std::fmt;

use super::{Field, Pattern, Query};

/// The most characters that a query may have.
pub(crate) const MAX_CHARS: usize = 1_000;

/// How many things may be asked for in one query: each is looked for in every event.
const MAX_TERMS: usize = 50;

/// How deep parentheses and negations may stand in each other.
const MAX_DEPTH: usize = 16;

/// What means something in queries of the real service, and nothing here. As a part of a text it is quoted.
const NOT_TAKEN: &[char] = &['[', ']', '{', '}', '<', '>', '?', '^', '~'];

/// The text is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotAQuery {
    /// Which character it is that was not understood, counted from 1.
    pub(super) at: usize,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    TooLong,
    TooDeep,
    TooMany,
    NoEnd(char),
    NotTaken(char),
    NoSuchKey(String),
    NoValue,
    Expected(&'static str),
}

impl fmt::Display for NotAQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "character {}: ", self.at)?;
        match &self.problem {
            Problem::TooLong => write!(formatter, "a query has at most {MAX_CHARS} characters"),
            Problem::TooDeep => {
                write!(formatter, "more than {MAX_DEPTH} parentheses and negations in each other")
            }
            Problem::TooMany => write!(formatter, "a query asks for at most {MAX_TERMS} things"),
            Problem::NoEnd(begin) => write!(formatter, "{begin} has no counterpart"),
            Problem::NotTaken(other) => {
                write!(formatter, "{other} means nothing here; put a text that has it in double quotes")
            }
            Problem::NoSuchKey(key) => {
                let known: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
                write!(formatter, "no event has {key:?}; expected one of {}", known.join(", "))
            }
            Problem::NoValue => {
                formatter.write_str("a key and its colon are followed by a value without a space")
            }
            Problem::Expected(what) => write!(formatter, "expected {what}"),
        }
    }
}

impl std::error::Error for NotAQuery {}

const A_TERM: &str = "a text, key:value, NOT or parentheses";

pub(super) fn read(text: &str) -> Result<Query, NotAQuery> {
    let chars: Vec<char> = text.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0, terms: 0 };
    if chars.len() > MAX_CHARS {
        return Err(NotAQuery { at: MAX_CHARS + 1, problem: Problem::TooLong });
    }
    parser.skip_space();
    if parser.peek().is_none() {
        return Ok(Query::All(Vec::new()));
    }
    let query = parser.any(Within { depth: 0, key: None })?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.problem(Problem::NoEnd(')'))),
    }
}

/// Where something stands.
#[derive(Debug, Clone, Copy)]
struct Within {
    /// In how many parentheses and negations.
    depth: usize,
    /// Whether among the values of one key, and of which.
    key: Option<Field>,
}

impl Within {
    const fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// A word or a text in quotes.
struct Token {
    /// Its pieces between stars.
    pieces: Vec<String>,
    /// Its first piece up to its first colon, if a colon stands there outside of quotes.
    key: Option<String>,
}

struct Parser<'c> {
    chars: &'c [char],
    at: usize,
    terms: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn problem(&self, problem: Problem) -> NotAQuery {
        NotAQuery { at: self.at + 1, problem }
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes an operator, which is a word in capital letters.
    fn take_word(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let is_there =
            self.chars.get(self.at..end).is_some_and(|found| found.iter().copied().eq(word.chars()));
        let ends = self.chars.get(end).is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'));
        if is_there && ends {
            self.at = end;
            self.skip_space();
        }
        is_there && ends
    }

    fn any(&mut self, within: Within) -> Result<Query, NotAQuery> {
        let mut parts = vec![self.all(within)?];
        while self.take_word("OR") {
            parts.push(self.all(within)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::Any(parts) })
    }

    fn all(&mut self, within: Within) -> Result<Query, NotAQuery> {
        let mut parts = vec![self.one(within)?];
        loop {
            let is_joined = self.take_word("AND");
            let start = self.at;
            let is_next = self.take_word("OR");
            self.at = start;
            if !is_joined && (is_next || matches!(self.peek(), None | Some(')'))) {
                return Ok(if parts.len() == 1 { parts.remove(0) } else { Query::All(parts) });
            }
            parts.push(self.one(within)?);
        }
    }

    fn one(&mut self, within: Within) -> Result<Query, NotAQuery> {
        if within.depth > MAX_DEPTH {
            return Err(self.problem(Problem::TooDeep));
        }
        let start = self.at;
        if self.take_word("OR") || self.take_word("AND") {
            self.at = start;
            return Err(self.problem(Problem::Expected(A_TERM)));
        }
        if self.take_word("NOT") {
            return Ok(Query::Not(Box::new(self.one(within.deeper())?)));
        }
        match self.peek() {
            None | Some(')') => Err(self.problem(Problem::Expected(A_TERM))),
            Some(next) if next.is_whitespace() => Err(self.problem(Problem::Expected(A_TERM))),
            Some('-' | '!') => {
                self.at += 1;
                Ok(Query::Not(Box::new(self.one(within.deeper())?)))
            }
            Some('(') => self.in_parentheses(within.deeper()),
            Some(_) => self.term(within),
        }
    }

    fn in_parentheses(&mut self, within: Within) -> Result<Query, NotAQuery> {
        let begin = self.at;
        self.at += 1;
        self.skip_space();
        let inside = self.any(within)?;
        if self.peek() != Some(')') {
            return Err(NotAQuery { at: begin + 1, problem: Problem::NoEnd('(') });
        }
        self.at += 1;
        self.skip_space();
        Ok(inside)
    }

    fn term(&mut self, within: Within) -> Result<Query, NotAQuery> {
        let start = self.at;
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.problem(Problem::TooMany));
        }
        if self.peek() == Some('"') {
            let pattern = self.quoted()?;
            return Ok(within.key.map_or(Query::Contains(pattern.clone()), |key| Query::Is(key, pattern)));
        }
        let token = self.word(within.key.is_none())?;
        let Some(key) = token.key else {
            let pattern = Pattern { pieces: token.pieces };
            return Ok(within.key.map_or(Query::Contains(pattern.clone()), |key| Query::Is(key, pattern)));
        };
        let name = key.strip_prefix('@').unwrap_or(&key);
        let field = Field::named(name).ok_or_else(|| {
            let shown = name.chars().take(40).collect();
            NotAQuery { at: start + 1, problem: Problem::NoSuchKey(shown) }
        })?;
        match self.peek() {
            Some('(') => self.in_parentheses(Within { key: Some(field), ..within.deeper() }),
            Some('"') => Ok(Query::Is(field, self.quoted()?)),
            Some(next) if !next.is_whitespace() && next != ')' => {
                Ok(Query::Is(field, Pattern { pieces: self.word(false)?.pieces }))
            }
            _ => Err(self.problem(Problem::NoValue)),
        }
    }

    /// A text up to the next quote that no backslash stands before. A star in it stands for anything, too.
    fn quoted(&mut self) -> Result<Pattern, NotAQuery> {
        let begin = self.at;
        self.at += 1;
        let mut pieces = vec![String::new()];
        loop {
            let Some(next) = self.peek() else {
                return Err(NotAQuery { at: begin + 1, problem: Problem::NoEnd('"') });
            };
            self.at += 1;
            match next {
                '"' => break,
                '*' => pieces.push(String::new()),
                '\\' => self.escaped(&mut pieces)?,
                other => push(&mut pieces, other),
            }
        }
        if pieces.iter().all(String::is_empty) && pieces.len() == 1 {
            return Err(NotAQuery { at: begin + 1, problem: Problem::Expected("a text between the quotes") });
        }
        if self.peek().is_some_and(|next| !next.is_whitespace() && next != ')') {
            return Err(self.problem(Problem::Expected("a space or a parenthesis behind the quotes")));
        }
        self.skip_space();
        Ok(Pattern { pieces })
    }

    /// A text up to the next space or parenthesis; up to a colon, if it may be a key.
    fn word(&mut self, may_be_key: bool) -> Result<Token, NotAQuery> {
        let mut pieces = vec![String::new()];
        let mut written = String::new();
        while let Some(next) = self.peek() {
            match next {
                ')' => break,
                next if next.is_whitespace() => break,
                ':' if may_be_key => {
                    self.at += 1;
                    return Ok(Token { pieces, key: Some(written) });
                }
                '(' | '"' => return Err(self.problem(Problem::Expected("a space before it"))),
                next if NOT_TAKEN.contains(&next) => return Err(self.problem(Problem::NotTaken(next))),
                _ => {}
            }
            self.at += 1;
            written.push(next);
            match next {
                '*' => pieces.push(String::new()),
                '\\' => self.escaped(&mut pieces)?,
                other => push(&mut pieces, other),
            }
        }
        self.skip_space();
        Ok(Token { pieces, key: None })
    }

    /// The character behind a backslash stands for itself.
    fn escaped(&mut self, pieces: &mut [String]) -> Result<(), NotAQuery> {
        let Some(next) = self.peek() else {
            return Err(self.problem(Problem::Expected("a character behind \\")));
        };
        self.at += 1;
        push(pieces, next);
        Ok(())
    }
}

fn push(pieces: &mut [String], character: char) {
    if let Some(last) = pieces.last_mut() {
        last.extend(character.to_lowercase());
    }
}
