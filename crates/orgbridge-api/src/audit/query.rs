//! What a search asks for: `docs/audit.md` says it in words.
//!
//! The grammar is small and ours: the libraries that read such queries take more than can be answered here and give
//! no place for what they don't understand.

mod parser;

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Outcome;

pub(crate) use parser::MAX_CHARS;
use parser::NotAQuery;

/// A question that an event answers with yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Query {
    /// All of these are so.
    All(Vec<Self>),
    /// One of these is so.
    Any(Vec<Self>),
    /// This is not so.
    Not(Box<Self>),
    /// The value of a field is like this.
    Is(Field, Pattern),
    /// Some value of the event contains this.
    Contains(Pattern),
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal $(| $other:literal)?)+) => {
        /// A value of an event that can be asked for by its name, which is also its place in `attributes.attributes`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field {
            $($(#[$doc])* $variant,)+
        }

        impl Field {
            /// Every field there is.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The field that is called so.
            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $other)? => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

fields! {
    /// `created`, `modified` or `deleted`.
    Action "action"
    /// What kind of thing.
    AssetType "asset.type"
    /// Which one.
    AssetId "asset.id"
    /// What people call it.
    AssetName "asset.name"
    /// `success` or `refused`.
    Outcome "evt.outcome"
    /// `USER` or `OPERATOR`.
    ActorType "evt.actor.type"
    /// The user who did it.
    UserId "usr.id"
    /// Their email address.
    UserEmail "usr.email" | "usr.handle"
    /// Their name.
    UserName "usr.name"
    /// The org in which they act.
    OrgId "org.id"
    /// Its name.
    OrgName "org.name"
    /// The request by which it was done.
    RequestId "request_id"
    /// The status of a refusal.
    StatusCode "http.status_code"
}

/// What can be asked.
pub(crate) trait Values {
    /// The value of a field, if there is one.
    fn value(&self, field: Field) -> Option<Cow<'_, str>>;

    /// Shows every value that is shown.
    fn each(&self, see: &mut dyn FnMut(&str));
}

/// The values of one event in lower case. Each is made when it is first asked for, and once for all parts of a query.
struct Lowered<'e, E> {
    event: &'e E,
    fields: [OnceCell<Option<String>>; Field::ALL.len()],
    all: OnceCell<Vec<String>>,
}

impl<'e, E: Values> Lowered<'e, E> {
    fn of(event: &'e E) -> Self {
        Self { event, fields: [const { OnceCell::new() }; Field::ALL.len()], all: OnceCell::new() }
    }

    fn value(&self, field: Field) -> Option<&str> {
        let lowered = || self.event.value(field).map(|value| value.to_lowercase());
        self.fields.get(field as usize)?.get_or_init(lowered).as_deref()
    }

    fn all(&self) -> &[String] {
        self.all.get_or_init(|| {
            let mut all = Vec::new();
            self.event.each(&mut |value| all.push(value.to_lowercase()));
            all
        })
    }
}

impl Query {
    /// Reads a query. An empty one means everything.
    pub(crate) fn read(text: &str) -> Result<Self, NotAQuery> {
        parser::read(text)
    }

    /// Whether an event is meant.
    pub(crate) fn admits(&self, event: &impl Values) -> bool {
        self.is_true_of(&Lowered::of(event))
    }

    fn is_true_of(&self, event: &Lowered<'_, impl Values>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.is_true_of(event)),
            Self::Any(parts) => parts.iter().any(|part| part.is_true_of(event)),
            Self::Not(part) => !part.is_true_of(event),
            Self::Is(field, pattern) => event.value(*field).is_some_and(|value| pattern.is_like(value)),
            Self::Contains(pattern) => event.all().iter().any(|value| pattern.is_in(value)),
        }
    }

    /// Whether no event with this outcome is meant, whatever else is true of it: then none needs to be read.
    pub(crate) fn rules_out(&self, outcome: Outcome) -> bool {
        self.given(outcome) == Some(false)
    }

    /// What the query comes to for this outcome; `None` where it depends on more than that.
    fn given(&self, outcome: Outcome) -> Option<bool> {
        // What one part alone decides, and what all parts have to agree in otherwise.
        let among = |parts: &[Self], decisive: bool| {
            let mut known = parts.iter().map(|part| part.given(outcome));
            if known.clone().any(|part| part == Some(decisive)) {
                Some(decisive)
            } else {
                known.all(|part| part == Some(!decisive)).then_some(!decisive)
            }
        };
        match self {
            Self::All(parts) => among(parts, false),
            Self::Any(parts) => among(parts, true),
            Self::Not(part) => part.given(outcome).map(|part| !part),
            Self::Is(Field::Outcome, pattern) => Some(pattern.is_like(outcome.as_str())),
            Self::Is(..) | Self::Contains(_) => None,
        }
    }
}

/// A text in which `*` stands for anything, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// What stands between the stars. There is always one piece more than there are stars.
    pieces: Vec<String>,
}

impl Pattern {
    /// Whether a text in lower case is like it as a whole.
    fn is_like(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only == text);
        };
        let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some(rest) = rest.strip_suffix(last.as_str()) else { return false };
        contains_in_order(rest, middle).is_some()
    }

    /// Whether a text in lower case has it somewhere.
    fn is_in(&self, text: &str) -> bool {
        contains_in_order(text, &self.pieces).is_some()
    }
}

/// What is left of a text behind the first place where the pieces stand one after the other.
fn contains_in_order<'t>(text: &'t str, pieces: &[String]) -> Option<&'t str> {
    pieces.iter().try_fold(text, |rest, piece| rest.split_once(piece.as_str()).map(|(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    /// An event of a test: some fields, and other texts, of which there is always one.
    #[derive(Debug, Clone)]
    struct Sheet {
        fields: Vec<(Field, String)>,
        texts: Vec<String>,
        /// How often something of it was shown.
        shown: Cell<usize>,
    }

    impl Sheet {
        fn of(fields: Vec<(Field, String)>, texts: Vec<String>) -> Self {
            Self { fields, texts, shown: Cell::default() }
        }
    }

    impl Values for Sheet {
        fn value(&self, field: Field) -> Option<Cow<'_, str>> {
            self.shown.set(self.shown.get() + 1);
            self.fields.iter().find(|(known, _)| *known == field).map(|(_, value)| value.into())
        }

        fn each(&self, see: &mut dyn FnMut(&str)) {
            self.shown.set(self.shown.get() + 1);
            self.fields.iter().map(|(_, value)| value).chain(&self.texts).for_each(|value| see(value));
        }
    }

    /// The same question, to be asked without any care.
    #[derive(Debug, Clone)]
    enum Naive {
        All(Vec<Naive>),
        Any(Vec<Naive>),
        Not(Box<Naive>),
        Is(Field, String),
        Contains(String),
    }

    impl Naive {
        fn admits(&self, sheet: &Sheet) -> bool {
            match self {
                Self::All(parts) => !parts.iter().any(|part| !part.admits(sheet)),
                Self::Any(parts) => !parts.iter().all(|part| !part.admits(sheet)),
                Self::Not(part) => !part.admits(sheet),
                Self::Is(field, pattern) => sheet.value(*field).is_some_and(|value| is_like(pattern, &value)),
                Self::Contains(pattern) => {
                    let values = sheet.fields.iter().map(|(_, value)| value).chain(&sheet.texts);
                    values.into_iter().any(|value| is_like(&format!("*{pattern}*"), value))
                }
            }
        }

        /// The question as somebody might write it.
        fn write(&self, style: u8) -> String {
            let joined = |parts: &[Self], by: &str| {
                let parts: Vec<_> = parts.iter().map(|part| part.write(style.rotate_left(1))).collect();
                format!("({})", parts.join(by))
            };
            let quoted = |text: &str| if style & 2 == 0 { text.to_owned() } else { format!("\"{text}\"") };
            match self {
                Self::All(parts) if parts.is_empty() => "*".to_owned(),
                Self::Any(parts) if parts.is_empty() => "-*".to_owned(),
                Self::All(parts) => joined(parts, if style & 1 == 0 { " " } else { " AND " }),
                Self::Any(parts) => joined(parts, " OR "),
                Self::Not(part) => {
                    format!(
                        "{}{}",
                        ["-", "NOT ", "!"][usize::from(style % 3)],
                        part.write(style.rotate_left(3))
                    )
                }
                Self::Is(field, text) => {
                    format!("{}{}:{}", if style & 4 == 0 { "" } else { "@" }, field.name(), quoted(text))
                }
                Self::Contains(text) => quoted(text),
            }
        }
    }

    /// Every way to give the stars a length is tried.
    fn is_like(pattern: &str, text: &str) -> bool {
        let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
        match pattern.chars().next() {
            None => text.is_empty(),
            Some('*') => {
                let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                starts.into_iter().any(|start| is_like(&pattern[1..], &text[start..]))
            }
            Some(first) => {
                text.starts_with(first) && is_like(&pattern[first.len_utf8()..], &text[first.len_utf8()..])
            }
        }
    }

    fn a_text() -> impl Strategy<Value = String> {
        "[abAB]{1,3}"
    }

    fn a_pattern() -> impl Strategy<Value = String> {
        "[abAB*]{1,4}"
    }

    fn a_field() -> impl Strategy<Value = Field> {
        prop::sample::select(&Field::ALL[..4])
    }

    fn a_sheet() -> impl Strategy<Value = Sheet> {
        let fields = prop::collection::vec((a_field(), a_text()), 0..4);
        (fields, prop::collection::vec(a_text(), 1..4)).prop_map(|(fields, texts)| Sheet::of(fields, texts))
    }

    fn a_question() -> impl Strategy<Value = Naive> {
        let leaf = prop_oneof![
            (a_field(), a_pattern()).prop_map(|(field, pattern)| Naive::Is(field, pattern)),
            a_pattern().prop_map(Naive::Contains),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Naive::All),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Naive::Any),
                inner.prop_map(|part| Naive::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_question_is_understood_as_it_was_meant(question in a_question(), sheet in a_sheet(), style: u8) {
            let text = question.write(style);
            let query = Query::read(&text).map_err(|problem| TestCaseError::fail(format!("{text}: {problem}")))?;
            // Stars in quotes are stars.
            prop_assert_eq!(query.admits(&sheet), question.admits(&sheet), "{} on {:?}", text, sheet);
        }

        #[test]
        fn no_text_is_too_much_for_it(text in "[a:()\"*\\\\ \\-!@]{0,60}|.{0,60}") {
            if let Err(problem) = Query::read(&text) {
                prop_assert!(problem.at >= 1 && problem.at <= text.chars().count() + 1, "{}", problem);
            }
        }
    }

    fn meant(query: &str, fields: &[(Field, &str)]) -> bool {
        let fields = fields.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
        Query::read(query).unwrap().admits(&Sheet::of(fields, vec!["Jane Doe did it".to_owned()]))
    }

    #[test]
    fn however_much_is_asked_of_an_event_it_is_shown_once() {
        let sheet = Sheet::of(vec![(Field::Action, "Modified".to_owned())], vec!["Jane Doe".to_owned()]);
        let words: Vec<_> = (0..25).map(|word| format!("word{word} OR action:word{word}")).collect();
        let query = Query::read(&words.join(" OR ")).unwrap();
        assert!(!query.admits(&sheet));
        assert_eq!(sheet.shown.get(), 2, "the field, and all of it");
    }

    #[test]
    fn each_form_means_what_the_document_says() {
        let event = [
            (Field::Action, "modified"),
            (Field::AssetType, "org_connection"),
            (Field::UserEmail, "jane@example.com"),
        ];
        for query in [
            "",
            "*",
            "action:modified",
            "@action:MODIFIED",
            "action:mod*ed asset.type:org_connection",
            "action:modified AND asset.type:org_*",
            "action:deleted OR asset.type:org_connection",
            "action:(deleted OR modified)",
            "@usr.email:jane@example.com",
            "usr.handle:\"jane@example.com\"",
            "NOT action:deleted",
            "-action:deleted",
            "-(action:deleted OR action:created)",
            "usr.id:* OR action:*",
            "jane",
            "\"ne doe\"",
            "jane\\ doe",
            "doe did action:modified",
            "action:deleted OR jane action:modified",
        ] {
            assert!(meant(query, &event), "{query}");
        }
        for query in [
            "action:mod",
            "action:deleted",
            "action:deleted asset.type:org_connection",
            "usr.id:*",
            "NOT jane",
            "john",
            "jane john",
            "\"doe  did\"",
            "action:modified -jane",
            "action:(deleted created)",
        ] {
            assert!(!meant(query, &event), "{query}");
        }
    }

    #[test]
    fn what_no_event_with_an_outcome_can_be_is_known_beforehand() {
        for (query, success, refused) in [
            ("", false, false),
            ("evt.outcome:refused", true, false),
            ("evt.outcome:success jane", false, true),
            ("-evt.outcome:success", true, false),
            ("evt.outcome:refused OR jane", false, false),
            ("evt.outcome:(refused OR other)", true, false),
            ("evt.outcome:other", true, true),
            ("evt.outcome:*", false, false),
        ] {
            let query = Query::read(query).unwrap();
            let ruled_out = (query.rules_out(Outcome::Success), query.rules_out(Outcome::Refused));
            assert_eq!(ruled_out, (success, refused), "{query:?}");
        }
    }
}
