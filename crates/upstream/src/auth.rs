//! Credentials of ours: the only place that opens them.

pub(crate) mod proxy;
