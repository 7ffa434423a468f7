//! This test program once more as a child, because what `google-cloud-auth` reads from the environment can only be set
//! for a process.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use upstream::{CredentialSettings, GoogleCredentials};

use crate::stage::{brisk, runtime};

const MARK: &str = "CREDENTIALS_TEST_CHILD";
const FILE: &str = "CREDENTIALS_TEST_FILE";

/// What a process with these variables, and no other ones that matter, gets: `Ok` with the field `authorization`, or
/// `Err` with the message.
pub fn with_environment(
    variables: &[(&str, &str)],
    file: Option<PathBuf>,
) -> Result<(String, Option<String>), String> {
    let program = std::env::current_exe().expect("a test program");
    let mut command = Command::new(program);
    command.args(["--exact", "child::what_the_child_does", "--nocapture"]).env(MARK, "1");
    for name in [
        "GCE_METADATA_HOST",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "http_proxy",
        "https_proxy",
    ] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).envs(file.map(|file| (FILE, file)));
    let output = command.output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("answer: "));
    let line = line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    match line.split_once(' ') {
        Some(("ok", rest)) => {
            let (value, project) = rest.split_once('|').expect("two parts");
            Ok((value.to_owned(), (!project.is_empty()).then(|| project.to_owned())))
        }
        _ => Err(line.to_owned()),
    }
}

#[test]
fn what_the_child_does() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    runtime().block_on(async {
        let file = std::env::var_os(FILE).map(PathBuf::from);
        let handle = tokio::runtime::Handle::current();
        let settings = CredentialSettings { attempt: Duration::from_secs(2), ..brisk() };
        let answer = match GoogleCredentials::start(file, settings, &handle).token().await {
            Ok(authorization) => {
                let text = |value: &http::HeaderValue| value.to_str().expect("ASCII").to_owned();
                let project = authorization.quota_project().map(text).unwrap_or_default();
                format!("ok {}|{project}", text(authorization.value()))
            }
            Err(error) => format!("{error} / {}", error.for_log()),
        };
        // A line of its own: the test harness has begun one.
        println!("\nanswer: {answer}");
    });
}
