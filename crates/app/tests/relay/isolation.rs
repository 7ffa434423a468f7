//! One client's bytes never reach another.

use std::thread;

use testkit::{Client, Deadline, FakeUpstream, Script};

use crate::api::{APIS, Api};
use crate::stage::{SOON, Stage};

const CLIENTS: usize = 32;
const ROUNDS: usize = 12;

/// Answers with what it was asked, whole or as a stream, sometimes broken off.
fn echo(request: &testkit::Received) -> Script {
    let text = request.text();
    let marker = text.split("marker-").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let event = format!("data: {{\"marker\":\"marker-{marker}\",\"padding\":\"{}\"}}\n\n", "p".repeat(3000));
    match text.len() % 3 {
        0 => Script::json(200, event.trim_start_matches("data: ").trim()),
        1 => Script::sse([&event, &event, &event]),
        _ => Script::sse_head().chunk(&event).chunk(&event[..50]).close(),
    }
}

/// A client that goes on over one connection, with others that break off between.
fn talk(address: std::net::SocketAddr, number: usize, api: &Api) {
    let mut client = Client::connect(address);
    for round in 0..ROUNDS {
        let marker = format!("marker-{number}-{round}-{}", "z".repeat((number + round) % 3));
        let body = format!("{{\"user\":\"{marker}\",\"messages\":[],\"contents\":[]}}");
        if round % 4 == 3 {
            let mut leaving = Client::connect(address);
            leaving.request("POST", &api.ours(""), &[], body.replace("marker-", "marker-gone-").as_bytes());
            if round % 8 == 3 {
                leaving.reset();
            }
        }
        client.request("POST", &api.ours(""), &[], body.as_bytes());
        let response = client.read_response(SOON);
        assert_eq!(response.status, 200, "{}", response.text());
        let text = response.text();
        let mut markers = text.split("marker-").skip(1).map(|rest| rest.split('"').next().unwrap());
        assert!(markers.clone().count() > 0, "{text}");
        assert!(markers.all(|seen| format!("marker-{seen}") == marker), "{marker}: {text}");
        if response.header("connection") == Some("close") {
            client = Client::connect(address);
        }
    }
}

#[test]
fn each_of_many_clients_sees_its_own_answers_only() {
    let stage = Stage::new(FakeUpstream::start(echo));
    let address = stage.proxy.address();
    let talks: Vec<_> =
        (0..CLIENTS).map(|number| thread::spawn(move || talk(address, number, APIS[number % 3]))).collect();
    for talk in talks {
        talk.join().unwrap();
    }
    let served = CLIENTS * ROUNDS;
    // Those that left may have no record: some were gone before their request was read.
    let kept = || stage.proxy.records().iter().filter(|record| record["outcome"] != "abandoned").count();
    assert!(
        Deadline::after(SOON).poll(|| (kept() >= served).then_some(())).is_some(),
        "{} of {served}",
        kept()
    );
}
