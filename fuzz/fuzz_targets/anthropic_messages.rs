//! Anthropic's Messages: requests, whole answers, and streams that see the same however they are cut.
#![no_main]

use dialect::AnthropicMessages;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::check_dialect(&AnthropicMessages, input));
