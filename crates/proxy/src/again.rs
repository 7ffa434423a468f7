//! Asking a provider again within one exchange, after all calls of its answer were refused.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use dialect::{Answer, CannotAsk, Dialect};

use crate::admit::Admitted;
use crate::dispatch::{Dispatched, dispatch};
use crate::inspect::Permit;
use crate::record::Exchange;
use crate::rescue::Failure;
use crate::serve::Worker;

/// A request that was sent and may be sent again, longer.
#[derive(Debug)]
pub(crate) struct Again {
    admitted: Box<Admitted>,
    body: Bytes,
    dialect: &'static dyn Dialect,
}

/// An answer on its way. It is recorded as an exchange of its own.
pub(crate) struct Asking(Pin<Box<dyn Future<Output = Asked> + Send>>);

/// What came of asking.
pub(crate) type Asked = Result<(Dispatched, Exchange), (Failure, Exchange)>;

impl Future for Asking {
    type Output = Asked;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Asked> {
        self.0.as_mut().poll(cx)
    }
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asking")
    }
}

impl Again {
    pub(crate) fn new(admitted: Box<Admitted>, body: Bytes, dialect: &'static dyn Dialect) -> Self {
        Self { admitted, body, dialect }
    }

    /// Tells the model what became of its calls and asks again.
    ///
    /// # Errors
    /// Nothing can be added to the conversation.
    pub(crate) fn ask(
        &mut self,
        worker: &Arc<Worker>,
        exchange: &Exchange,
        answer: Answer<'_>,
        notices: &[String],
    ) -> Result<Asking, CannotAsk> {
        let target = self.admitted.target();
        self.body = self.dialect.ask_again(target, &self.body, answer, notices)?.into();
        let permit = Permit::again(self.admitted.clone(), self.body.clone());
        let worker = Arc::clone(worker);
        let mut child = exchange.again(self.body.len());
        Ok(Asking(Box::pin(async move {
            match dispatch(&worker, permit, &mut child).await {
                Ok(dispatched) => Ok((dispatched, child)),
                Err(failure) => Err((failure, child)),
            }
        })))
    }
}
