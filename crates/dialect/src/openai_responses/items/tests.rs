//! The table against the types of the provider's own SDK.

use super::*;

/// Types of items in `openai/types/responses` and `openai/types/conversations` of OpenAI's Python SDK 3.54.0: the unions
/// `ResponseInputItem`, `ResponseOutputItem`, `ResponseItem` and `ConversationItem`.
const OF_THE_SDK: [&str; 31] = [
    "additional_tools",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "compaction_trigger",
    "computer_call",
    "computer_call_output",
    "configuration_update",
    "custom_tool_call",
    "custom_tool_call_output",
    "file_search_call",
    "function_call",
    "function_call_output",
    "image_generation_call",
    "item_reference",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "message",
    "program",
    "program_output",
    "reasoning",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// Types of events in the union `ResponseStreamEvent` of the same SDK.
const EVENTS: [&str; 59] = [
    "error",
    "response.audio.delta",
    "response.audio.done",
    "response.audio.transcript.delta",
    "response.audio.transcript.done",
    "response.code_interpreter_call.completed",
    "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting",
    "response.code_interpreter_call_code.delta",
    "response.code_interpreter_call_code.done",
    "response.compaction.compacting",
    "response.completed",
    "response.content_part.added",
    "response.content_part.done",
    "response.created",
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
    "response.failed",
    "response.file_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.image_generation_call.completed",
    "response.image_generation_call.generating",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.partial_image",
    "response.in_progress",
    "response.incomplete",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed",
    "response.mcp_list_tools.in_progress",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.annotation.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.queued",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.delta",
    "response.reasoning_text.done",
    "response.refusal.delta",
    "response.refusal.done",
    "response.shell_call_command.added",
    "response.shell_call_command.delta",
    "response.shell_call_command.done",
    "response.shell_call_output_content.delta",
    "response.shell_call_output_content.done",
    "response.web_search_call.completed",
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
];

/// Every fixture's bytes.
fn fixtures() -> Vec<Vec<u8>> {
    let all = testkit::fixtures("openai-responses").into_iter();
    all.flat_map(|case| [case.request, case.response_json, case.response_sse]).flatten().collect()
}

/// Whether a fixture has a value of this `type`.
fn has_fixture(fixtures: &[Vec<u8>], name: &str) -> bool {
    let [narrow, wide] = [format!("\"type\":\"{name}\""), format!("\"type\": \"{name}\"")];
    fixtures.iter().any(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.contains(&narrow) || text.contains(&wide)
    })
}

#[test]
fn every_type_of_item_has_a_row_and_a_fixture() {
    let fixtures = fixtures();
    for name in OF_THE_SDK {
        assert!(row(name).is_some(), "{name} has no row");
        assert!(has_fixture(&fixtures, name), "{name} has no fixture");
    }
    let rows: Vec<&str> = ITEMS.iter().map(|row| row.name).collect();
    assert_eq!(rows, OF_THE_SDK, "a row that nothing stands behind, or out of order");
}

#[test]
fn every_type_of_event_has_a_fixture() {
    let fixtures = fixtures();
    for name in EVENTS {
        assert!(has_fixture(&fixtures, name), "{name} has no fixture");
    }
}

#[test]
fn an_event_speaks_of_the_item_that_its_type_begins_with() {
    let name = |subject| row_of_event(subject).map(|row| row.name);
    assert_eq!(name("mcp_call_arguments"), Some("mcp_call"));
    assert_eq!(name("shell_call_output_content"), Some("shell_call_output"));
    assert_eq!(name("shell_call_command"), Some("shell_call"));
    assert_eq!(name("reasoning_summary_text"), Some("reasoning"));
    assert_eq!(name("output_text"), None);
    assert_eq!(name("programme"), None);
}
