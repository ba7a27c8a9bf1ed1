//! The decision call, by the `OpenID` `AuthZEN` Authorization API 1.0.

use axum::extract::State;
use orgbridge_domain::CrossSite;
use orgbridge_domain::evaluation::{Evaluator, Question, Verdict, evaluate};
use orgbridge_ledger::Revision;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Anyone, Asking, JsonBody};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{
    Asked, Decision, Decisions, EvaluationMetadata, EvaluationRequest, EvaluationsRequest, Until,
};

/// The most bytes of a body with as many questions as one call may ask, each of them whole.
const MAX_BYTES: usize = 512 * 1024;

pub(crate) const ONE: Prose = Prose {
    id: "Evaluate",
    tag: Tag::Evaluations,
    summary: "Decide whether an org may read what another owns",
    description: "Answers one question by the latest state: may this org, or this user in the name of their org, read \
                  telemetry of this type that that org owns, now? An org may always read its own. With \
                  `org_connections_read`, one asks about the pairs that one's own org is part of, and about its \
                  users; with `org_connections_evaluate`, about every pair of one's account that has an org on one's \
                  site. About any other, and about what does not exist, the answer is that it may not.",
    refusals: Vec::new,
};

/// Answers one question.
pub(crate) async fn one(
    asking: Asking,
    State(api): State<Api>,
    JsonBody(body): JsonBody<EvaluationRequest>,
) -> Result<Reply<Decision>, ApiError> {
    let asking = asking.again(&api)?;
    let judge = Judge { evaluator: asking.evaluator()?, cross_site: api.limits.cross_site };
    Reply::of(&judge.decide(body.question(), asking.revision()))
}

pub(crate) const MANY: Prose = Prose {
    id: "EvaluateMany",
    tag: Tag::Evaluations,
    summary: "Decide many such questions",
    description: "Answers up to 1,000 questions, all by one state. What a question leaves out is taken from beside \
                  the list of them. Where the list is missing or empty, what stands beside it is the only question.",
    refusals: Vec::new,
};

/// Answers many questions by one state.
pub(crate) async fn many(
    asking: Asking,
    State(api): State<Api>,
    JsonBody(body): JsonBody<EvaluationsRequest, MAX_BYTES>,
) -> Result<Reply<Decisions>, ApiError> {
    let asking = asking.again(&api)?;
    let judge = Judge { evaluator: asking.evaluator()?, cross_site: api.limits.cross_site };
    Reply::of(&match body.asked()? {
        Asked::One(question) => Decisions::One(judge.decide(question, asking.revision())),
        Asked::Many(questions, until) => {
            let mut evaluations = Vec::with_capacity(questions.len());
            for question in questions {
                let answer = judge.decide(question, asking.revision());
                let was_the_last = until == Until::First(answer.decision);
                evaluations.push(answer);
                if was_the_last {
                    break;
                }
            }
            Decisions::Many { evaluations }
        }
    })
}

pub(crate) const METADATA: Prose = Prose {
    id: "GetAuthzenConfiguration",
    tag: Tag::Evaluations,
    summary: "Get where such questions are decided",
    description: "Says where the calls of the AuthZEN Authorization API are.",
    refusals: Vec::new,
};

/// Says what there is.
pub(crate) async fn metadata(
    anyone: Anyone,
    State(api): State<Api>,
) -> Result<Reply<EvaluationMetadata>, ApiError> {
    Reply::of(&EvaluationMetadata::of(api.issuer.of(anyone.asked)))
}

/// Who asks, and what the operator allows.
struct Judge<'s> {
    evaluator: Evaluator<'s>,
    cross_site: CrossSite,
}

impl Judge<'_> {
    fn decide(&self, question: Option<Question>, revision: Revision) -> Decision {
        let verdict = question
            .map_or(Verdict::Refused, |question| evaluate(&self.evaluator, question, self.cross_site));
        Decision::of(verdict, revision)
    }
}
