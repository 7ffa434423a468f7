//! The proxy as a child process, with shell scripts in its place.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::{TempDir, tempdir};
use testkit::{Builder, FakeUpstream, Proxy, Script};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn it_starts_tells_its_address_and_ends_on_sigterm() {
    let binary = Fake::new(
        r#"echo "2026-01-01T00:00:00Z INFO starting version=0.1.0" >&2
        echo "2026-01-01T00:00:00Z  INFO listening addr=127.0.0.1:43121" >&2
        trap 'echo "INFO draining" >&2; exit 7' TERM
        echo "INFO ready" >&2
        read line <&3"#,
    );
    let mut proxy = binary.builder().start();
    assert_eq!(proxy.address().to_string(), "127.0.0.1:43121");
    assert_eq!(proxy.url("/v1/openai"), "http://127.0.0.1:43121/v1/openai");
    assert!(proxy.log().contains("INFO starting version=0.1.0\n"));
    proxy.wait_log("INFO ready", SOON);
    assert!(proxy.rss_kb() > 0);
    assert!(proxy.open_fds() >= 3);
    proxy.signal_term();
    assert_eq!(proxy.wait_exit(SOON).code(), Some(7));
    assert!(proxy.log().ends_with("INFO draining\n"));
}

#[test]
fn it_reads_the_address_of_a_json_log() {
    let binary = Fake::new(
        r#"echo '{"level":"INFO","fields":{"message":"listening","addr":"127.0.0.1:43122"}}' >&2
        read line <&3"#,
    );
    assert_eq!(binary.builder().start().address().port(), 43122);
}

#[test]
fn it_gets_the_variables_of_the_test_and_no_others() {
    let upstream = FakeUpstream::scripted(Vec::<Script>::new());
    let binary = Fake::new(
        r#"[ "$1" = serve ] || exit 3
        env | grep ^ARCHESTRA_ | sort >&2
        cat "$ARCHESTRA_CONFIG" >&2
        pwd >&2
        exit 2"#,
    );
    let builder = binary
        .builder()
        .upstream(&upstream)
        .env("ARCHESTRA_GEMINI_BASE_URL", "http://other")
        .config("a = 1\n");
    let (status, log) = builder.start_failing(SOON);
    assert_eq!(status.code(), Some(2));
    assert!(log.contains(&format!("ARCHESTRA_OPENAI_BASE_URL={}/v1\n", upstream.url())), "{log}");
    assert!(log.contains(&format!("ARCHESTRA_ANTHROPIC_BASE_URL={}\n", upstream.url())), "{log}");
    assert!(log.contains("ARCHESTRA_GEMINI_BASE_URL=http://other\n"), "{log}");
    assert!(log.contains("ARCHESTRA_LISTEN=127.0.0.1:0\n"), "{log}");
    assert!(log.contains("a = 1\n"), "{log}");
    let working_directory = log.lines().last().unwrap();
    assert!(!working_directory.starts_with(env!("CARGO_MANIFEST_DIR")), "{working_directory}");
}

#[test]
fn records_are_whole_lines() {
    let binary = Fake::new(
        r#"echo "INFO listening addr=127.0.0.1:1" >&2
        printf '{"n":1}\n{"n":' >> "$ARCHESTRA_RECORD_FILE"
        echo "INFO written" >&2
        read line <&3
        printf '2}\n' >> "$ARCHESTRA_RECORD_FILE"
        read line <&3"#,
    );
    let proxy = binary.builder().start();
    proxy.wait_log("INFO written", SOON);
    assert_eq!(proxy.records().len(), 1);
    fs::write(binary.pipe(), "go\n").unwrap();
    let records = proxy.wait_records(2, SOON);
    assert_eq!(records[1]["n"], 2);
}

#[test]
#[should_panic(expected = "ERROR no such thing")]
fn a_start_that_fails_shows_the_log() {
    Fake::new("echo 'ERROR no such thing' >&2; exit 1").builder().start();
}

/// A shell script in place of the binary, with a named pipe at descriptor 3 to block on, so that it needs no sleep.
struct Fake {
    script: String,
    folder: TempDir,
}

impl Fake {
    #[expect(clippy::unwrap_used, reason = "part of the test")]
    fn new(script: &str) -> Self {
        let fake = Self { script: script.to_owned(), folder: tempdir().unwrap() };
        assert!(Command::new("mkfifo").arg(fake.pipe()).status().unwrap().success());
        fake
    }

    fn pipe(&self) -> PathBuf {
        self.folder.path().join("pipe")
    }

    fn builder(&self) -> Builder {
        Proxy::builder(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand_in.sh"))
            .env("SCRIPT", &self.script)
            .env("PIPE", self.pipe())
    }
}
