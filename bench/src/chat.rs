//! The conversation both sides speak: realistic requests and answers, the same in every run.

pub mod agent;
pub mod answer;
pub mod beside;
pub mod prose;
pub mod reply;
pub mod request;
pub mod responses;
