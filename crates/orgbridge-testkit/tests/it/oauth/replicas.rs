//! The way of a user through the pages, and of a client to its tokens, with each step at another replica than the last.

use orgbridge_testkit::{Persona, TestServer};

use super::pages::{AUTHORIZE, Asked, Visitor, answered, dashboards, exchange, redeem, value_of};
use super::with_token;

/// How often: often enough for a step to come before the replica looks by itself.
const OFTEN: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_has_made_is_known_to_the_other_at_once() {
    let one = TestServer::builder().without_rate_limits().start().await;
    let other = TestServer::builder().without_rate_limits().beside(&one).start().await;
    for _ in 0..OFTEN {
        let client = dashboards(&other).await;
        let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&one));
        assert_eq!(visitor.get(asked.at(AUTHORIZE)).await.status(), 200);
        visitor.log_in(&asked, Persona::SinkAdmin).await;
        let code = value_of(&answered(&visitor.at(&other).decide(&asked, "allow").await), "code");
        let tokens = redeem(&one, &client, &exchange(&code)).await;
        let refresh_token = ("refresh_token", tokens.at("/refresh_token"));
        let again = [("grant_type", "refresh_token".to_owned()), refresh_token];
        let tokens = redeem(&other, &client, &again).await;
        assert_eq!(with_token(&one, &tokens.at("/access_token")).await, 200);
    }
}
