//! Time and ids: the one place that reads clocks and draws random numbers.

use std::time::SystemTime;

use tokio::time::Instant;
use uuid::{Timestamp, Uuid, timestamp::context::NoContext};

/// The moment on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the ban names")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The moment on the calendar.
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the ban names")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// A new id, UUID version 7: ordered by the time that it is drawn at.
pub(crate) fn id(at: SystemTime) -> Uuid {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, since.as_secs(), since.subsec_nanos()))
}
