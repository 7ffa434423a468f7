//! Responses: requests, whole answers, and streams that see the same however they are cut.
#![no_main]

use dialect::OpenAiResponses;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::check_dialect(&OpenAiResponses, input));
