//! Starting, and refusing to.

use std::net::TcpListener;

use crate::stage::{SOON, proxy};

#[test]
fn a_bad_setting_stops_the_start_with_one_line_that_helps() {
    let cases = [
        (
            "ARCHESTRA_LISTEN",
            "localhost",
            "\"localhost\" is no IP address with a port; for example 127.0.0.1:9000",
        ),
        (
            "ARCHESTRA_OPENAI_BASE_URL",
            "api.openai.com",
            "\"api.openai.com\" has no scheme and host; for example https://api.example.com/v1",
        ),
        (
            "ARCHESTRA_GEMINI_BASE_URL",
            "ftp://x",
            "scheme \"ftp\" is neither http nor https; for example https://api.example.com/v1",
        ),
        (
            "ARCHESTRA_ANTHROPIC_BASE_URL",
            "https://u:secret-pw@h",
            "credentials in the URL are not supported; for example https://api.example.com/v1",
        ),
        ("ARCHESTRA_WORKERS", "many", "\"many\" is no whole number; for example 128"),
        ("ARCHESTRA_IDLE_TIMEOUT_MS", "-1", "\"-1\" is no whole number; for example 128"),
        (
            "ARCHESTRA_LOG",
            "proxy=loud",
            "\"proxy=loud\" cannot be read (error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5); for example proxy=debug",
        ),
        (
            "ARCHESTRA_MAX_BODIES_BYTES",
            "1000",
            "1000 is less than the largest single body, 73400320; for example 1073741824",
        ),
        ("ARCHESTRA_MAX_BODY_BYTES", "0", "must be a whole number from 1 up; for example 128"),
        ("ARCHESTRA_IDLE_TIMEOUT_MS", "0", "must be at least 1 millisecond; for example 10000"),
        ("ARCHESTRA_CONNECT_TIMEOUT_MS", "99999999999999", "is longer than a year; for example 10000"),
    ];
    for (name, value, problem) in cases {
        let (status, log) = proxy().env(name, value).start_failing(SOON);
        assert_eq!(status.code(), Some(1), "{log}");
        // What comes from a variable may come from the file too.
        let provider = name.strip_suffix("_BASE_URL").and_then(|name| name.strip_prefix("ARCHESTRA_"));
        let key = provider.map(|name| format!(" or providers.{}.base_url", name.to_lowercase()));
        assert_eq!(log, format!("Error: {name}{}: {problem}\n", key.unwrap_or_default()));
        assert!(!log.contains("secret-pw"));
    }
}

#[test]
fn a_bad_file_stops_the_start_and_is_named() {
    let cases = [
        ("lisen = \"x\"", "unknown field `lisen`"),
        ("listen = ", "line 1"),
        ("[[agents]]\nid = \"x\"\nslug = \"a\"", "agents.id: \"x\" is no UUID"),
        (
            "[[agents]]\nid = \"6f6c1e9e-6e5d-4a5c-9d5e-0a1b2c3d4e5f\"\nslug = \"models\"",
            "agents.slug: \"models\" is part of a provider's API",
        ),
        (
            "[[agents]]\nid = \"6f6c1e9e-6e5d-4a5c-9d5e-0a1b2c3d4e5f\"\nslug = \"default\"",
            "agents: \"default\" names two agents",
        ),
    ];
    for (file, problem) in cases {
        let (status, log) = proxy().config(file).start_failing(SOON);
        assert_eq!(status.code(), Some(1));
        assert!(log.starts_with("Error: ") && log.contains(problem) && !log.contains("listening"), "{log}");
    }
    let (status, log) = proxy().env("ARCHESTRA_CONFIG", "/no/such/file.toml").start_failing(SOON);
    assert!(status.code() == Some(1) && log.contains("/no/such/file.toml: No such file"), "{log}");
    let (status, log) = proxy().env("ARCHESTRA_RECORD_FILE", "/no/such/folder/record").start_failing(SOON);
    assert!(
        status.code() == Some(1) && log.contains("ARCHESTRA_RECORD_FILE") && !log.contains("listening"),
        "{log}"
    );
}

#[test]
fn a_port_in_use_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, log) = proxy().env("ARCHESTRA_LISTEN", &address).start_failing(SOON);
    assert_eq!(status.code(), Some(1));
    assert!(log.starts_with(&format!("Error: cannot listen on {address}: ")), "{log}");
    assert!(log.contains("in use"), "{log}");
}

#[test]
fn an_unknown_variable_is_answered_with_the_one_meant() {
    let proxy = proxy().env("ARCHESTRA_OPENAI_URL", "sk-secret-value").env("ARCHESTRA_MAX_BODY", "1").start();
    let log = proxy.log();
    for (name, nearest) in [
        ("ARCHESTRA_OPENAI_URL", "ARCHESTRA_OPENAI_BASE_URL"),
        ("ARCHESTRA_MAX_BODY", "ARCHESTRA_MAX_BODY_BYTES"),
    ] {
        let line = log.lines().find(|line| line.contains(&format!("name=\"{name}\""))).unwrap();
        assert!(line.contains("WARN") && line.contains("unknown environment variable"), "{line}");
        assert!(line.contains(&format!("nearest=\"{nearest}\"")), "{line}");
    }
    assert!(!log.contains("sk-secret-value"));
}
