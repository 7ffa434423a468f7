//! Answers that came in one piece, judged before the client gets anything of them.

use std::sync::Arc;

use dialect::{Answer, Framing, Ruling};
use http::HeaderMap;
use http_body::Body as _;
use hyper::body::Incoming;
use model::ResponseView;

use super::coded::Decoders;
use super::whole::{Taken, Whole};
use crate::again::{Again, Asking};
use crate::body::Body;
use crate::budget::Share;
use crate::gate::{Refused, Verdict, is_cut_off};
use crate::guard::Guard;
use crate::headers::decision_id;
use crate::read::codings;
use crate::record::{Exchange, Fault, Outcome};
use crate::rescue::Failure;
use crate::serve::Worker;

/// A whole answer whose calls are judged.
pub(super) struct Judged {
    pub(super) again: Option<Box<Again>>,
    pub(super) guard: Box<Guard>,
    pub(super) whole: Whole,
}

/// What became of an answer.
enum Verdicts {
    AllAllowed,
    /// Some were refused.
    Refused {
        notices: Vec<String>,
        rulings: Vec<Ruling>,
    },
}

impl Judged {
    /// Reads the answer, judges its calls, asks again if all were refused and the model may be told, and hands on what
    /// is left.
    pub(super) async fn relay(
        mut self,
        body: Incoming,
        decoders: Decoders,
        worker: &Arc<Worker>,
        headers: &mut HeaderMap,
        mut exchange: Exchange,
    ) -> Result<Body, (Failure, Exchange)> {
        let mut share = worker.state.budget.share();
        let done = self.judge(body, decoders, worker, &mut exchange, &mut share).await;
        exchange.judged(&self.guard);
        if let Some(id) = self.guard.decision() {
            decision_id(headers, &id);
        }
        match done {
            Err(failure) => Err((failure, exchange)),
            Ok(bytes) if share.cover(bytes.len()).is_err() => Err((Failure::AnswerNoRoom, exchange)),
            Ok(bytes) => Ok(Body::whole(share.hold(bytes.into()), exchange)),
        }
    }

    async fn judge(
        &mut self,
        body: Incoming,
        decoders: Decoders,
        worker: &Arc<Worker>,
        exchange: &mut Exchange,
        share: &mut Share,
    ) -> Result<Vec<u8>, Failure> {
        let (mut body, mut decoders) = (body, decoders);
        let mut earlier: Option<Vec<u8>> = None;
        let mut child: Option<Exchange> = None;
        loop {
            let told = child.as_mut().unwrap_or(exchange);
            let (bytes, view) = self.read(body, decoders, worker, told, share).await?;
            if let Some(mut child) = child.take() {
                child.sent(bytes.len());
                child.relayed();
            }
            let Some(dialect) = self.whole.dialect else { return Err(Failure::Internal) };
            let revise = |rulings: &[Ruling]| {
                let revised = dialect.revise(&bytes, rulings).map_err(|_| Failure::AnswerNotJudgeable)?;
                match &earlier {
                    None => Ok(revised),
                    Some(earlier) => dialect.join(earlier, &revised).map_err(|_| Failure::AnswerNotJudgeable),
                }
            };
            let (notices, rulings) = match self.verdicts(&view)? {
                Verdicts::AllAllowed if earlier.is_none() => return Ok(bytes),
                Verdicts::AllAllowed => return revise(&vec![Ruling::Keep; view.calls.len()]),
                Verdicts::Refused { notices, rulings } => (notices, rulings),
            };
            let asking = self.ask(worker, exchange, &bytes, &view, (&notices, &rulings));
            let (dispatched, asked) = match asking {
                None => return revise(&rulings),
                Some(asking) => match asking.await {
                    Ok(answered) => answered,
                    Err((failure, mut asked)) => {
                        crate::rescue::break_off(&failure, &mut asked);
                        return revise(&rulings);
                    }
                },
            };
            let (head, next) = dispatched.answer.into_parts();
            let coding = codings(&head.headers).ok();
            let coding =
                coding.and_then(|codings| Decoders::new(&codings, worker.state.limits.response).ok());
            let (true, Framing::Whole, Some(coding)) =
                (head.status.is_success() && !next.is_end_stream(), dispatched.framing, coding)
            else {
                let mut asked = asked;
                asked.end(Outcome::Failed, Some(Fault::Upstream), Some("not_asked_again"));
                return revise(&rulings);
            };
            let dropped: Vec<Ruling> = rulings.iter().map(|_| Ruling::Drop).collect();
            earlier = Some(revise(&dropped)?);
            (body, decoders, child) = (next, coding, Some(asked));
        }
    }

    /// Takes in an answer and reads it. What cannot be read cannot be judged.
    async fn read(
        &self,
        body: Incoming,
        decoders: Decoders,
        worker: &Arc<Worker>,
        exchange: &mut Exchange,
        share: &mut Share,
    ) -> Result<(Vec<u8>, ResponseView), Failure> {
        let Taken::All(bytes) = self.whole.take_in(body, decoders, &worker.state, share).await? else {
            return Err(Failure::AnswerNotJudgeable);
        };
        let (bytes, view) = self.whole.read(bytes).await?;
        match view {
            Some(Ok(view)) => {
                exchange.said(&view);
                Ok((bytes.into(), view))
            }
            Some(Err(error)) => {
                tracing::debug!(exchange = %exchange.id, %error, "answer not readable");
                Err(Failure::AnswerNotJudgeable)
            }
            None => Err(Failure::Internal),
        }
    }

    fn verdicts(&mut self, view: &ResponseView) -> Result<Verdicts, Failure> {
        let unknown = view.segments.iter().any(|segment| segment.kind == model::OutputKind::Unknown);
        if unknown {
            return Err(Failure::AnswerNotJudgeable);
        }
        self.guard.saw(view);
        let is_cut = is_cut_off(view);
        let mut rulings = Vec::with_capacity(view.calls.len());
        let mut notices = Vec::with_capacity(view.calls.len());
        for call in &view.calls {
            let (ruling, notice) = match self.guard.complete(call, is_cut) {
                Verdict::Allow => (Ruling::Keep, String::new()),
                Verdict::End => return Err(Failure::AnswerNotJudgeable),
                Verdict::Refuse(Refused { notice, text }) => (Ruling::Say(text), notice),
            };
            rulings.push(ruling);
            notices.push(notice);
        }
        let all = rulings.iter().all(Ruling::keeps);
        Ok(if all { Verdicts::AllAllowed } else { Verdicts::Refused { notices, rulings } })
    }

    /// Asks again if all calls were refused and the model may be told.
    fn ask(
        &mut self,
        worker: &Arc<Worker>,
        exchange: &Exchange,
        bytes: &[u8],
        view: &ResponseView,
        (notices, rulings): (&[String], &[Ruling]),
    ) -> Option<Asking> {
        let all = !rulings.iter().any(Ruling::keeps);
        if !all || view.stops.len() > 1 || is_cut_off(view) || !self.guard.may_tell() {
            return None;
        }
        match self.again.as_mut()?.ask(worker, exchange, Answer::Whole(bytes), notices) {
            Ok(asking) => {
                self.guard.told();
                Some(asking)
            }
            Err(error) => {
                tracing::debug!(exchange = %exchange.id, %error, "not asked again");
                None
            }
        }
    }
}
