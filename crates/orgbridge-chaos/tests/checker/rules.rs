//! For each rule, histories that keep to it and histories that don't.

use orgbridge_chaos::Answer::{Done, Refused, Unknown};
use orgbridge_chaos::Kind::{Audit, Logs, Metrics};
use orgbridge_chaos::{Effect, Fact, Rule};

use crate::story::Story;

fn story() -> Story {
    Story::default()
}

/// Logs were shared, and are no longer since 40.
fn narrowed() -> Story {
    story().share(0..10, &[Logs, Metrics], Done).share(30..40, &[Metrics], Done)
}

fn key() -> Fact {
    Fact::Key("key".to_owned())
}

#[test]
fn what_was_taken_away_may_be_seen_until_the_answer_and_not_after_it() {
    assert_eq!(narrowed().see(15..20, true).broken(), []);
    assert_eq!(narrowed().see(39..90, true).broken(), [], "it began before the answer");
    assert_eq!(narrowed().see(40..90, true).broken(), [], "nobody can tell which came first");
    assert_eq!(narrowed().see(41..90, false).broken(), []);
    assert_eq!(narrowed().see(41..90, true).broken(), [Rule::ClosedMeansClosed]);
    assert_eq!(narrowed().see(41..90, true).at(1).broken(), [Rule::ClosedMeansClosed]);
}

#[test]
fn a_later_grant_explains_what_is_seen_and_an_earlier_one_does_not() {
    let again = |begin, end, answer| narrowed().share(begin..end, &[Logs], answer);
    assert_eq!(again(50, 60, Done).see(55..58, true).broken(), []);
    assert_eq!(again(50, 60, Done).see(45..49, true).broken(), [Rule::ClosedMeansClosed]);
    assert_eq!(again(35, 60, Done).see(50..55, true).broken(), [], "it may have come after the other");
    assert_eq!(again(50, 60, Unknown).see(99..100, true).broken_without_log(), []);
    assert_eq!(again(50, 60, Unknown).see(99..100, true).broken(), [Rule::ClosedMeansClosed], "it never was");
    assert_eq!(again(50, 60, Unknown).logged().see(99..100, true).broken(), []);
    assert_eq!(again(50, 60, Refused).see(99..100, true).broken(), [Rule::ClosedMeansClosed]);
}

#[test]
fn a_grant_without_an_answer_explains_nothing_once_a_later_change_is_acknowledged() {
    let story = |look| {
        let story = story().share(0..10, &[Logs], Unknown).logged();
        story.share(20..30, &[Metrics], Done).see(look, true).broken()
    };
    assert_eq!(story(25..35), []);
    assert_eq!(story(40..50), [Rule::ClosedMeansClosed]);
}

#[test]
fn what_was_never_given_is_never_seen() {
    assert_eq!(story().see(0..10, false).broken(), []);
    assert_eq!(story().see(0..10, true).broken(), [Rule::ClosedMeansClosed]);
    assert_eq!(story().share(0..10, &[Audit], Done).see(20..30, true).broken(), [Rule::ClosedMeansClosed]);
}

#[test]
fn what_was_given_is_seen_at_once_where_it_was_given_and_in_time_elsewhere() {
    let given = || story().share(0..10, &[Logs], Done);
    assert_eq!(given().see(10..20, false).broken(), []);
    assert_eq!(given().see(11..20, false).broken(), [Rule::GivenMeansSeen]);
    assert_eq!(given().see(11..20, false).at(1).broken(), []);
    assert_eq!(given().see(2010..2020, false).at(1).broken(), []);
    assert_eq!(given().see(2011..2020, false).at(1).broken(), [Rule::GivenMeansSeen]);
    let taken = |answer| given().share(30..40, &[Metrics], answer);
    assert_eq!(taken(Done).see(3000..3010, false).broken(), []);
    assert_eq!(taken(Unknown).see(3000..3010, false).broken_without_log(), []);
    assert_eq!(taken(Unknown).see(3000..3010, false).broken(), [Rule::GivenMeansSeen], "it never was");
    assert_eq!(taken(Refused).see(3000..3010, false).broken(), [Rule::GivenMeansSeen]);
    assert_eq!(taken(Done).see(20..29, false).broken(), [Rule::GivenMeansSeen]);
}

#[test]
fn a_revoked_key_authenticates_nobody() {
    let revoked = || {
        let made = story().change(0..10, vec![Effect::makes(key())], Done);
        made.change(20..30, vec![Effect::ends(key())], Done)
    };
    assert_eq!(revoked().look(25..40, key(), true).broken(), []);
    assert_eq!(revoked().look(31..40, key(), false).broken(), []);
    assert_eq!(revoked().look(31..40, key(), true).broken(), [Rule::ClosedMeansClosed]);
}

#[test]
fn who_is_refused_to_revoke_a_key_was_told_that_it_is_gone() {
    let refused = |ends: Effect| {
        let made = story().change(0..10, vec![Effect::makes(key())], Done);
        // Whoever revoked it first is still waiting.
        let revoked = made.change(20..90, vec![Effect::ends(key())], Done);
        revoked.change(30..40, vec![ends], Refused)
    };
    let told = || refused(Effect::ends(key()));
    assert_eq!(told().look(35..60, key(), true).at(1).broken(), []);
    assert_eq!(told().look(41..60, key(), false).at(1).broken(), []);
    assert_eq!(told().look(41..60, key(), true).at(1).broken(), [Rule::ClosedMeansClosed]);
    // What comes and goes may be refused for other reasons.
    assert_eq!(refused(Effect::ends(Fact::User(0))).look(41..60, key(), true).at(1).broken(), []);
}

#[test]
fn an_answer_is_what_held_at_its_revision() {
    let two = || story().share(0..10, &[Logs], Done).share(0..10, &[Metrics], Done);
    for (revision, logs) in [(0, false), (1, true), (2, false)] {
        assert_eq!(two().see(5..10, logs).says(revision).broken(), []);
        assert_eq!(two().see(5..10, !logs).says(revision).broken(), [Rule::AnswersAreOfTheirRevision]);
    }
}

#[test]
fn no_answer_is_of_a_revision_before_what_was_taken_away_and_acknowledged() {
    let audit = Fact::Shares(crate::story::PAIR, Audit);
    let looks = |begin, revision| narrowed().look(begin..90, audit.clone(), false).at(1).says(revision);
    assert_eq!(looks(41, 2).broken(), []);
    assert_eq!(looks(40, 1).broken(), []);
    assert_eq!(looks(41, 1).broken(), [Rule::AnswersAreFresh]);
}

#[test]
fn an_answer_may_be_of_a_revision_before_what_was_given_elsewhere_but_not_for_long() {
    let given = || story().share(0..10, &[Logs], Done).share(20..30, &[Logs, Metrics], Done);
    let looks = |begin| given().see(begin..9000, true).says(1);
    assert_eq!(looks(30).broken(), []);
    assert_eq!(looks(31).broken(), [Rule::AnswersAreFresh]);
    assert_eq!(looks(31).at(1).broken(), []);
    assert_eq!(looks(2031).at(1).broken(), [Rule::AnswersAreFresh]);
}

#[test]
fn whoever_asks_for_a_revision_gets_an_answer_that_knows_it() {
    let looks = |asked| narrowed().see(15..50, true).at_least(asked).says(1).broken();
    assert_eq!(looks(1), []);
    assert_eq!(looks(2), [Rule::AskedForMeansKnown]);
    let unknown = narrowed().share(50..60, &[Audit], Unknown).at_least(3).says(2);
    assert_eq!(unknown.broken(), [], "it refuses to answer");
}

#[test]
fn revisions_go_backwards_for_no_client_of_one_replica() {
    let first = || narrowed().see(35..36, false).says(2);
    let then = || first().see(37..38, true).says(1);
    assert_eq!(first().see(37..38, false).says(2).broken(), []);
    assert_eq!(then().broken(), [Rule::RevisionsRise]);
    assert_eq!(then().at(1).broken(), []);
    assert_eq!(then().by(1).broken(), []);
}

#[test]
fn what_was_acknowledged_is_in_the_log() {
    assert_eq!(story().share(0..10, &[Logs], Done).broken(), []);
    assert_eq!(story().share(0..10, &[Logs], Done).unlogged().broken(), [Rule::AcknowledgedMeansKept]);
    assert_eq!(story().share(0..10, &[Logs], Unknown).broken(), []);
    assert_eq!(story().share(0..10, &[Logs], Unknown).logged().broken(), []);
}

#[test]
fn what_was_so_already_needs_no_entry() {
    let repeated = |at| narrowed().share(at, &[Metrics], Done).unless_so().broken();
    let lost = [Rule::AcknowledgedMeansKept];
    assert_eq!(repeated(50..60), []);
    assert_eq!(repeated(25..35), [], "it may have come after the other");
    assert_eq!(repeated(20..25), lost);
    let widened = |at| {
        let story = narrowed().share(70..80, &[Logs], Done).share(at, &[Metrics], Done);
        story.unless_so().broken()
    };
    assert_eq!(widened(75..90), []);
    assert_eq!(widened(81..90), lost);
}

#[test]
fn the_log_tells_of_each_call_once() {
    assert_eq!(story().share(0..10, &[Logs], Done).logged().broken(), [Rule::DoneOnce]);
    assert_eq!(story().share(0..10, &[Logs], Unknown).logged().logged().broken(), [Rule::DoneOnce]);
}

#[test]
fn the_log_tells_of_nothing_that_was_refused() {
    assert_eq!(story().share(0..10, &[Logs], Refused).broken(), []);
    assert_eq!(story().share(0..10, &[Logs], Refused).logged().broken(), [Rule::RefusedMeansNotDone]);
}

#[test]
fn the_log_tells_what_was_asked_for() {
    let logged = |effects: Vec<Effect>| {
        story().share(0..10, &[Logs], Done).log_says(|entry| entry.effects = effects).broken()
    };
    let asked: Vec<_> = Effect::of_sharing(crate::story::PAIR, &[Logs]).collect();
    let more = [asked.clone(), vec![Effect::makes(Fact::Connection("id".to_owned()))]].concat();
    let other = Effect::of_sharing(crate::story::PAIR, &[Metrics]).collect();
    assert_eq!(logged(more), []);
    assert_eq!(logged(other), [Rule::DoneAsAsked]);
}

#[test]
fn the_log_tells_of_nothing_that_nobody_asked_for() {
    let strange = story()
        .share(0..10, &[Logs], Done)
        .share(20..30, &[Metrics], Done)
        .log_says(|entry| entry.request = "another".to_owned());
    assert_eq!(strange.broken(), [Rule::NothingUnasked, Rule::AcknowledgedMeansKept]);
}

#[test]
fn the_log_is_in_the_order_of_the_calls() {
    let swapped = |second| {
        let first = story().share(0..10, &[Logs], Done).unlogged();
        first.clone().share(second, &[Metrics], Done).also_logs(&first).broken()
    };
    assert_eq!(swapped(5..20), []);
    assert_eq!(swapped(11..20), [Rule::OneOrder]);
}
