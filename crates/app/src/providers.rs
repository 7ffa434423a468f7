//! Flags and variables of the providers' rows: `--openai-base-url`, `ARCHESTRA_OPENAI_BASE_URL` and so on.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Command};
use config::typed;
use upstream::rows::{ROWS, Row};

/// What of a provider can be set by a flag of its own.
enum Setting {
    BaseUrl,
    /// A header field.
    Header(&'static str),
}

/// Every setting of every row, with the last word of its variable.
fn settings() -> impl Iterator<Item = (&'static Row, &'static str, Setting)> {
    ROWS.iter().flat_map(|row| {
        let headers = row.headers.iter().map(move |(word, header)| (row, *word, Setting::Header(header)));
        std::iter::once((row, "BASE_URL", Setting::BaseUrl)).chain(headers)
    })
}

/// `openai-base-url`: the flag, and the name of its value.
fn flag(row: &Row, word: &str) -> String {
    format!("{}-{}", row.name, word.to_lowercase().replace('_', "-"))
}

/// Adds the flags to a command.
pub(crate) fn add_arguments(command: Command) -> Command {
    command.args(settings().map(|(row, word, setting)| {
        let help = match setting {
            Setting::BaseUrl => {
                let default = row.default_base_url.unwrap_or("none: not served until it is set");
                format!("Base URL of {}'s API [default: {default}]", row.title)
            }
            Setting::Header(header) => {
                format!("Sent to {} as {header} where a client sends none", row.title)
            }
        };
        let flag = flag(row, word);
        Arg::new(flag.clone()).long(flag).env(row.variable(word)).value_name(word).help(help)
    }))
}

/// What was typed.
pub(crate) fn typed(matches: &ArgMatches) -> BTreeMap<String, typed::Provider> {
    let mut providers: BTreeMap<String, typed::Provider> = BTreeMap::new();
    for (row, word, setting) in settings() {
        let Some(value) = matches.get_one::<String>(&flag(row, word)) else { continue };
        let provider = providers.entry(row.name.to_owned()).or_default();
        match setting {
            Setting::BaseUrl => provider.base_url = Some(value.clone()),
            Setting::Header(header) => {
                provider.headers.insert(header.to_owned(), value.clone());
            }
        }
    }
    providers
}
