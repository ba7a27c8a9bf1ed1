//! Searches of the audit trail: the language of queries, times, orders, limits and cursors.

use http::{Method, Uri};
use orgbridge_testkit::{Persona, Reply};
use serde_json::{Value, json};

use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::target::Prepared;

/// The lines are a query, two times, an order, a limit and a cursor. `@cursor` is one that the API gave for the first four
/// lines and the limit 1, where it gives one.
pub(crate) const TARGET: Target =
    Target { name: "audit_searches", about: "searches of the audit trail, and where they go on", prepare };

fn prepare() -> Prepared {
    let api = InMemory::start();
    Box::new(move |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n');
        let [query, from, to, sort, limit, cursor] = [(); 6].map(|()| lines.next().unwrap_or_default());
        let search = Search { query, from, to, sort, limit, cursor };
        let given;
        let search = if cursor == "@cursor" {
            let Some(first) = api.asked(&Search { limit: "1", cursor: "", ..search }) else { return };
            given = first
                .json()
                .pointer("/meta/page/after")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            Search { cursor: &given, ..search }
        } else {
            search
        };
        let Some(reply) = api.asked(&search) else { return };
        match reply.status() {
            200 => api.check_page(&search, &reply),
            _ => assert_explains(&reply),
        }
        api.check_same_by_post(&search, &reply);
    })
}

#[derive(Clone, Copy)]
struct Search<'t> {
    query: &'t str,
    from: &'t str,
    to: &'t str,
    sort: &'t str,
    limit: &'t str,
    cursor: &'t str,
}

impl Search<'_> {
    /// What is asked for by name, but for what is left out.
    fn members(self) -> impl Iterator<Item = (&'static str, String)> {
        let Self { query, from, to, sort, limit, cursor } = self;
        [
            ("filter[query]", query),
            ("filter[from]", from),
            ("filter[to]", to),
            ("sort", sort),
            ("page[limit]", limit),
            ("page[cursor]", cursor),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }
}

impl InMemory {
    fn asked(&self, search: &Search<'_>) -> Option<Reply> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(search.members()).finish();
        self.get(&format!("/api/v2/audit/events?{query}"))
    }

    /// A page holds no more than was asked for, and the next goes on behind it.
    fn check_page(&self, search: &Search<'_>, reply: &Reply) {
        let page = reply.json();
        let ids = |page: &Value| -> Vec<String> {
            let events = page["data"].as_array().expect("a list").iter();
            events.map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
        };
        let here = ids(&page);
        if let Ok(limit) = search.limit.parse::<usize>() {
            assert!(here.len() <= limit, "{reply}");
        }
        let Some(after) = page.pointer("/meta/page/after").and_then(Value::as_str) else { return };
        let Some(next) = self.asked(&Search { cursor: after, ..*search }) else { return };
        assert_eq!(next.status(), 200, "{next}");
        assert!(ids(&next.json()).iter().all(|id| !here.contains(id)), "{reply}\n{next}");
    }

    /// A search has one answer, whichever call asks. A body says a limit as a number, so only numbers are asked for.
    fn check_same_by_post(&self, search: &Search<'_>, reply: &Reply) {
        let mut body = json!({});
        for (name, value) in search.members() {
            let value = match (name, value.parse::<i64>()) {
                // Only as the number would be written anew.
                ("page[limit]", Ok(number)) if number.to_string() == value => Value::from(number),
                ("page[limit]", _) => return,
                _ => Value::from(value),
            };
            match name.split_once('[') {
                Some((outer, inner)) => body[outer][inner.trim_end_matches(']')] = value,
                None => body[name] = value,
            }
        }
        let path = Uri::from_static("/api/v2/audit/events/search");
        let body = body.to_string();
        let Some(other) = self.call(Persona::SourceAdmin, Method::POST, path, body.as_bytes()) else {
            return;
        };
        assert_eq!(other.status(), reply.status(), "{other}\n{reply}");
        if reply.status() == 200 {
            assert_eq!(other.json()["data"], reply.json()["data"]);
        }
    }
}
