//! The providers that are known without configuration, as rows of data.

use config::typed::Auth;
use dialect::{AnthropicMessages, Dialect, GeminiGenerate, OpenAiChat, OpenAiResponses};

/// One provider.
#[derive(Debug)]
pub struct Row {
    /// Where clients put their key.
    pub auth: Auth,
    /// Where its API is; none if that is to be set before it is served.
    pub default_base_url: Option<&'static str>,
    /// The dialects that its API speaks, at whatever paths they are recognised.
    pub dialects: &'static [&'static dyn Dialect],
    /// In whose shape errors of ours are told where no dialect is recognised.
    pub errors: &'static dyn Dialect,
    /// Header fields that a variable of its own sets where the client sends none: the variable's last word, the
    /// field's name.
    pub headers: &'static [(&'static str, &'static str)],
    /// The segment of our paths that names it.
    pub name: &'static str,
    /// Whether its models search the web without being asked to, and without a call that shows it.
    pub searches: bool,
    /// Its name for people.
    pub title: &'static str,
    /// Whether its API is served by Vertex AI too.
    pub vertex_ai: bool,
}

impl Row {
    /// The environment variable that sets one of its values, for example `BASE_URL`.
    pub fn variable(&self, value: &str) -> String {
        format!("ARCHESTRA_{}_{value}", self.name.to_uppercase())
    }
}

/// What servers that are compatible with OpenAI may speak, and gateways that a base URL leads to. Which of these one of
/// them has is its own affair: a path that it does not serve it answers with 404, and one that it serves is never taken
/// for something else.
const COMPATIBLE: &[&dyn Dialect] = &[&OpenAiChat, &OpenAiResponses, &AnthropicMessages];

/// A row of a provider that is compatible with OpenAI.
const fn compatible(name: &'static str, title: &'static str, default_base_url: &'static str) -> Row {
    Row {
        auth: Auth::Bearer,
        default_base_url: Some(default_base_url),
        dialects: COMPATIBLE,
        errors: &OpenAiChat,
        headers: &[],
        name,
        searches: false,
        title,
        vertex_ai: false,
    }
}

/// All of them, by name.
pub static ROWS: [Row; 18] = [
    Row {
        auth: Auth::XApiKey,
        default_base_url: Some("https://api.anthropic.com"),
        dialects: &[&AnthropicMessages, &OpenAiChat, &OpenAiResponses],
        errors: &AnthropicMessages,
        headers: &[],
        name: "anthropic",
        searches: false,
        title: "Anthropic",
        vertex_ai: false,
    },
    compatible("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
    compatible("deepseek", "DeepSeek", "https://api.deepseek.com"),
    compatible("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1"),
    Row {
        auth: Auth::XGoogApiKey,
        default_base_url: Some("https://generativelanguage.googleapis.com"),
        dialects: &[&GeminiGenerate, &OpenAiChat, &OpenAiResponses, &AnthropicMessages],
        errors: &GeminiGenerate,
        headers: &[],
        name: "gemini",
        searches: false,
        title: "Google Gemini",
        vertex_ai: true,
    },
    compatible("groq", "Groq", "https://api.groq.com/openai/v1"),
    compatible("huggingface", "Hugging Face", "https://router.huggingface.co/v1"),
    compatible("kimi", "Kimi (Moonshot AI)", "https://api.moonshot.ai/v1"),
    compatible("minimax", "MiniMax", "https://api.minimax.io/v1"),
    compatible("mistral", "Mistral AI", "https://api.mistral.ai/v1"),
    compatible("ollama", "Ollama", "http://localhost:11434/v1"),
    compatible("openai", "OpenAI", "https://api.openai.com/v1"),
    Row {
        headers: &[("REFERER", "http-referer"), ("TITLE", "x-title")],
        ..compatible("openrouter", "OpenRouter", "https://openrouter.ai/api/v1")
    },
    Row { searches: true, ..compatible("perplexity", "Perplexity", "https://api.perplexity.ai") },
    compatible("together", "Together AI", "https://api.together.xyz/v1"),
    Row { default_base_url: None, ..compatible("vllm", "vLLM, and any compatible server", "") },
    compatible("xai", "xAI", "https://api.x.ai/v1"),
    compatible("zhipuai", "Zhipu AI (Z.ai)", "https://api.z.ai/api/paas/v4"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
    const BEGIN: &str = "<!-- rows: UPDATE_DOCS=1 cargo test -p upstream -->\n";
    const END: &str = "<!-- end of rows -->";

    fn table() -> String {
        let mut table = "| provider | base URL here | key in | variable | default base URL |\n| --- | --- | --- | --- | --- |\n".to_owned();
        for row in &ROWS {
            let key = match row.auth {
                Auth::Bearer => "`Authorization: Bearer`",
                Auth::None => "",
                Auth::XApiKey => "`x-api-key` or `Authorization: Bearer`",
                Auth::XGoogApiKey => "`x-goog-api-key`",
            };
            let base =
                row.default_base_url.map_or("none: off until set".to_owned(), |url| format!("`{url}`"));
            let (title, name, variable) = (row.title, row.name, row.variable("BASE_URL"));
            table += &format!("| {title} | `/v1/{name}/{{agent}}` | {key} | `{variable}` | {base} |\n");
        }
        for row in &ROWS {
            for (suffix, header) in row.headers {
                let variable = row.variable(suffix);
                table += &format!(
                    "\n`{variable}` is sent to {} as `{header}` where the client sends none.\n",
                    row.title
                );
            }
        }
        table
    }

    #[test]
    fn the_page_of_providers_shows_the_rows() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (shown, after) = rest.split_once(END).unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, [before, BEGIN, &table(), END, after].concat()).unwrap();
        } else {
            assert_eq!(shown, table(), "UPDATE_DOCS=1 cargo test -p upstream writes it anew");
        }
    }

    #[test]
    fn rows_are_in_order_and_each_has_a_name_of_its_own() {
        assert!(ROWS.is_sorted_by(|one, other| one.name < other.name));
    }
}
