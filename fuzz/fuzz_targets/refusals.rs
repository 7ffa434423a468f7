//! Answers of every API whose calls are all refused. The first byte says which API.
#![no_main]

use dialect::{AnthropicMessages, Dialect, GeminiGenerate, OpenAiChat, OpenAiResponses};

const DIALECTS: [&dyn Dialect; 4] = [&AnthropicMessages, &GeminiGenerate, &OpenAiChat, &OpenAiResponses];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, answer)) = input.split_first() else { return };
    // Cases under `fixtures/` begin with no such byte: they are tried with all.
    match DIALECTS.get(usize::from(*first)) {
        Some(dialect) => fuzz::check_refusals(*dialect, answer),
        None => DIALECTS.iter().for_each(|dialect| fuzz::check_refusals(*dialect, input)),
    }
});
