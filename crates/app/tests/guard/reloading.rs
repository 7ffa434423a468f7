//! The policy's file changes while the proxy serves.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::{Deadline, FakeUpstream, Proxy, Script};

use crate::stage::{POLICY, SOON, Stage, chat_answer, chat_call, user};

#[test]
fn a_new_policy_is_in_force_and_a_bad_one_leaves_the_last() {
    let stage = Stage::new(POLICY, |_| chat_answer(None, &[chat_call("c", "safe", r#"{"x":1}"#)]));
    let refused = || stage.chat(json!([user("hi")])).text().contains("was refused");
    assert!(!refused());
    std::fs::write(
        stage.file(),
        POLICY.replace(
            "then: allow }, { then: block }] }\n  - { tool: read",
            "then: block }, { then: block }] }\n  - { tool: read",
        ),
    )
    .unwrap();
    assert!(Deadline::after(SOON).poll(|| refused().then_some(())).is_some(), "{}", stage.proxy.log());
    std::fs::write(stage.file(), "version: 1\ntoools: []\n").unwrap();
    let log = stage.proxy.wait_log("the last one stays in force", SOON);
    assert!(log.contains(":2:1") && log.contains("toools"), "{log}");
    assert!(refused());
    std::fs::write(stage.file(), POLICY).unwrap();
    assert!(Deadline::after(SOON).poll(|| (!refused()).then_some(())).is_some(), "{}", stage.proxy.log());
    let revisions: BTreeSet<String> =
        stage.proxy.records().iter().map(|record| record["policy"]["revision"].to_string()).collect();
    assert_eq!(revisions.len(), 2, "the same text is the same revision");
}

#[test]
fn c18_a_start_with_a_policy_that_is_not_understood_fails() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = FakeUpstream::start(|_| Script::json(200, "{}"));
    for (text, wanted) in
        [("version: 2\n", "version 2 is not understood"), ("version: 1\nmode: maybe\n", ":2:7")]
    {
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, text).unwrap();
        let builder = Proxy::builder(env!("CARGO_BIN_EXE_archestra"))
            .upstream(&upstream)
            .env("ARCHESTRA_POLICY_FILE", &file);
        let (status, said) = builder.start_failing(SOON);
        assert!(
            !status.success() && said.contains("ARCHESTRA_POLICY_FILE") && said.contains(wanted),
            "{said}"
        );
    }
}
