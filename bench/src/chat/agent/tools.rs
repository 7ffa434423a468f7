//! The tools that the agent declares.

/// Name, what it does, and its parameters with their types.
type Tool = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TEXTS: &str = r#"{"type":"array","items":{"type":"string"}}"#;
const TEXT: &str = r#"{"type":"string"}"#;
const NUMBER: &str = r#"{"type":"number"}"#;
const STATE: &str = r#"{"type":"string","enum":["open","closed"]}"#;

const TOOLS: [Tool; 20] = [
    ("search_contacts", "Finds people in the address book.", &[("query", TEXT), ("limit", NUMBER)]),
    (
        "send_email",
        "Sends a mail.",
        &[
            ("to", TEXTS),
            ("cc", TEXTS),
            ("bcc", TEXTS),
            ("ticket", TEXT),
            ("attachments", TEXTS),
            ("subject", TEXT),
            ("body", TEXT),
        ],
    ),
    ("fetch_page", "Reads a page of the web.", &[("url", TEXT)]),
    ("list_tickets", "Lists the tickets of a project.", &[("project", TEXT), ("state", STATE)]),
    ("search_files", "Finds files by what they are about.", &[("query", TEXT)]),
    ("read_file", "Reads a file.", &[("path", TEXT)]),
    ("write_file", "Writes a file, or replaces it.", &[("path", TEXT), ("text", TEXT)]),
    ("delete_file", "Deletes a file.", &[("path", TEXT)]),
    ("run_command", "Runs a command in a shell.", &[("command", TEXT), ("seconds", NUMBER)]),
    ("search_events", "Finds events in the calendar.", &[("query", TEXT)]),
    (
        "create_event",
        "Adds an event.",
        &[("title", TEXT), ("start", TEXT), ("end", TEXT), ("attendees", TEXTS)],
    ),
    ("cancel_event", "Cancels an event.", &[("id", TEXT)]),
    ("read_ticket", "Reads a ticket with its comments.", &[("id", TEXT)]),
    ("comment_ticket", "Adds a comment to a ticket.", &[("id", TEXT), ("text", TEXT)]),
    ("transfer", "Moves money between accounts.", &[("from", TEXT), ("to", TEXT), ("amount", NUMBER)]),
    ("admin_reset", "Resets the workspace.", &[("confirm", TEXT)]),
    ("get_time", "Tells the time.", &[("zone", TEXT)]),
    ("calculate", "Works out an expression.", &[("expression", TEXT)]),
    ("translate", "Translates a text.", &[("text", TEXT), ("language", TEXT)]),
    ("list_projects", "Lists all projects.", &[("state", STATE)]),
];

/// All of them, as they stand between the brackets of `tools`.
pub fn declared() -> String {
    TOOLS.map(declaration).join(",")
}

fn declaration((name, what, parameters): Tool) -> String {
    let properties: Vec<String> =
        parameters.iter().map(|(name, schema)| format!(r#""{name}":{schema}"#)).collect();
    let required = parameters.first().map_or("", |(name, _)| name);
    format!(
        r#"{{"type":"function","function":{{"name":"{name}","description":"{what}","parameters":{{"type":"object","properties":{{{}}},"required":["{required}"],"additionalProperties":false}}}}}}"#,
        properties.join(",")
    )
}
