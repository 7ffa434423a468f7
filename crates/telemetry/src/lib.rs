//! What the process says about itself: its log on standard error, its record of exchanges in a file or on
//! standard output.

pub mod log;
pub mod record;
