//! The files in `answers/`.

use super::question::{Question, Turn};

/// What one provider answers: each thing in one piece and as a stream.
#[derive(Debug)]
pub(super) struct Answers {
    after_tool: [&'static str; 2],
    error: &'static str,
    plain: [&'static str; 2],
    structured: [&'static str; 2],
    tools: [&'static str; 2],
}

impl Answers {
    pub(super) fn whole(&self, turn: Turn) -> &'static str {
        self.of(turn)[0]
    }

    pub(super) fn events(&self, turn: Turn) -> &'static str {
        self.of(turn)[1]
    }

    pub(super) fn stream(&self, question: &Question) -> &'static str {
        if question.breaks() { self.error } else { self.events(question.turn) }
    }

    fn of(&self, turn: Turn) -> [&'static str; 2] {
        match turn {
            Turn::AfterTool => self.after_tool,
            Turn::Plain => self.plain,
            Turn::Structured => self.structured,
            Turn::Tools => self.tools,
        }
    }
}

macro_rules! both {
    ($folder:literal, $name:literal) => {
        [
            include_str!(concat!("../../answers/", $folder, "/", $name, ".json")),
            include_str!(concat!("../../answers/", $folder, "/", $name, ".sse")),
        ]
    };
}

macro_rules! answers {
    ($folder:literal, plain: $plain:expr, structured: $structured:expr) => {
        Answers {
            after_tool: both!($folder, "after_tool"),
            error: include_str!(concat!("../../answers/", $folder, "/error.sse")),
            plain: $plain,
            structured: $structured,
            tools: both!($folder, "tool_call"),
        }
    };
    // No structure is asked for where that is not tested.
    ($folder:literal) => {
        answers!($folder, plain: both!($folder, "text"), structured: both!($folder, "text"))
    };
}

pub(super) static ANTHROPIC: Answers = answers!("anthropic");
pub(super) static GEMINI: Answers = answers!("gemini");
pub(super) static OPENAI: Answers = answers!("openai");
pub(super) static RESPONSES: Answers =
    answers!("responses", plain: both!("responses", "text"), structured: both!("responses", "structured"));
/// Gemini on Vertex AI says most things as AI Studio does.
pub(super) static VERTEX_AI: Answers =
    answers!("gemini", plain: both!("vertex", "text"), structured: both!("vertex", "text"));
