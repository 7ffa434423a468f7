//! Whether an answer is what the client must get.

use anyhow::{Context, Result, ensure};

use super::kind::Answer;
use super::request::Ready;
use crate::mock::WRONG_BY;

/// How the error that ends a broken stream begins, in any dialect.
const ERROR_STARTS: [&[u8]; 3] = [b"event: error\n", b"data: {\"error\":", b"data: {\"type\":\"error\""];

/// Compares status, body, and the way the body ended with what is wanted.
pub fn answer(wanted: Answer, status: u16, body: &[u8], end: Result<()>, ready: &Ready) -> Result<()> {
    let right = match wanted {
        Answer::Cut | Answer::ErrorEvent | Answer::Short => 200,
        Answer::Same(status) | Answer::Told(status) => status,
    };
    ensure!(status == right, "status {status}, not {right}: {}", excerpt(body));
    if wanted == Answer::Cut {
        ensure!(end.is_err(), "a broken answer looks complete: {} bytes", body.len());
        return Ok(());
    }
    end?;
    match wanted {
        Answer::Cut => Ok(()),
        Answer::ErrorEvent => error_event(body, &ready.answer),
        Answer::Same(_) => same(body, &ready.answer),
        Answer::Short => {
            let short = ready.answer.len().saturating_sub(WRONG_BY);
            same(body, ready.answer.get(..short).unwrap_or_default())
        }
        Answer::Told(_) => {
            ensure!(memchr::memmem::find(body, b"error").is_some(), "no error: {}", excerpt(body));
            Ok(())
        }
    }
}

fn same(body: &[u8], wanted: &[u8]) -> Result<()> {
    let same = body.iter().zip(wanted).take_while(|(body, wanted)| body == wanted).count();
    ensure!(
        body == wanted,
        "{} bytes instead of {}, differing from byte {same} on: {}",
        body.len(),
        wanted.len(),
        excerpt(body.get(same..).unwrap_or_default())
    );
    Ok(())
}

/// Whole events of the provider's, then the error and nothing more.
fn error_event(body: &[u8], wanted: &[u8]) -> Result<()> {
    let starts = ERROR_STARTS.iter().filter_map(|start| memchr::memmem::find(body, start));
    let start = starts.min().with_context(|| format!("no error event: {}", excerpt(body)))?;
    let before = body.get(..start).unwrap_or_default();
    ensure!(wanted.starts_with(before), "other events than the provider's before the error");
    ensure!(before.ends_with(b"\n\n") || before.ends_with(b"\r\n\r\n"), "half an event before the error");
    let error = body.get(start..).unwrap_or_default().trim_ascii_end();
    ensure!(memchr::memmem::find(error, b"\n\n").is_none(), "more after the error: {}", excerpt(error));
    Ok(())
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(160)).unwrap_or_default()).into_owned();
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_stream_must_end_in_an_error_behind_whole_events() {
        let wanted = b"data: 1\n\ndata: 2\n\ndata: [DONE]\n\n";
        assert!(error_event(b"data: 1\n\ndata: {\"error\":{}}\n\n", wanted).is_ok());
        assert!(error_event(b"data: 1\n\n", wanted).is_err());
        assert!(error_event(b"data: 1\n\ndata: {\"error\":{}}\n\ndata: [DONE]\n\n", wanted).is_err());
        assert!(error_event(b"data: 1\n\nda\ndata: {\"error\":{}}\n\n", wanted).is_err());
    }
}
