//! Providers as rows: those that are known and those of the configuration.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use testkit::{FakeUpstream, Script};
use upstream::rows::ROWS;

use crate::api::{ANTHROPIC, APIS, OPENAI, STREAMS};
use crate::stage::{SOON, Stage, answer_to, assert_fields, proxy};
use crate::tls;

/// Every provider that is known, at the fake one.
fn all_rows() -> Stage {
    let upstream = FakeUpstream::start(|request| match request.text().contains("\"stream\":true") {
        true => Script::sse([STREAMS[0].whole()]),
        false => Script::json(200, answer_to(request.target.trim_start_matches("/base"))),
    });
    let proxy = ROWS.iter().fold(proxy(), |proxy, row| {
        proxy.env(row.variable("BASE_URL"), format!("{}/base/v1", upstream.url()))
    });
    let proxy = proxy.start();
    Stage { upstream, proxy }
}

#[test]
fn every_row_is_served_and_its_chat_is_read() {
    let stage = all_rows();
    for (number, row) in ROWS.iter().enumerate() {
        let path = format!("/v1/{}/billing/chat/completions", row.name);
        let response = stage.post(&path, OPENAI.request);
        assert_eq!((response.status, response.text().as_str()), (200, OPENAI.answer), "{}", row.name);
        let received = stage.upstream.next_request(SOON);
        assert_eq!(
            (received.target.as_str(), received.text().as_str()),
            ("/base/v1/chat/completions", OPENAI.request)
        );
        assert_eq!(stage.post(&path, OPENAI.stream_request).text(), STREAMS[0].whole(), "{}", row.name);
        stage.upstream.next_request(SOON);
        assert_eq!(stage.post(&format!("/v1/{}/embeddings", row.name), "{").status, 200);
        stage.upstream.next_request(SOON);
        let records = stage.proxy.wait_records(3 * (number + 1), SOON);
        let chat = [
            ("provider", row.name.into()),
            ("route", "openai-chat".into()),
            ("output_tokens", 7.into()),
            ("outcome", "completed".into()),
        ];
        assert_fields(&records[3 * number], &chat);
        assert_fields(&records[3 * number + 1], &chat);
        assert_fields(&records[3 * number + 2], &[("route", "pass-through".into())]);
    }
}

#[test]
fn a_provider_without_a_base_url_is_not_served() {
    let stage = Stage::answering(&[]);
    assert_eq!(stage.post("/v1/vllm/chat/completions", OPENAI.request).status, 404);
    assert_eq!(stage.upstream.connections(), 0);
}

#[test]
fn one_more_provider_takes_a_row_and_nothing_else() {
    let upstream = FakeUpstream::start(|request| Script::json(200, answer_to(&request.target)));
    let row = format!(
        "[providers.house]\nbase_url = \"{}\"\ndialects = [\"openai-chat\", \"anthropic-messages\"]\n",
        upstream.url()
    );
    let proxy = proxy().config(&row).start();
    let stage = Stage { upstream, proxy };
    for api in [&OPENAI, &ANTHROPIC] {
        let response = stage.post(&format!("/v1/house/default{}{}", api.base, api.path), api.request);
        assert_eq!((response.status, response.text().as_str()), (200, api.answer));
        stage.upstream.next_request(SOON);
    }
    let records = stage.proxy.wait_records(2, SOON);
    assert_fields(&records[0], &[("provider", "house".into()), ("route", "openai-chat".into())]);
    assert_fields(&records[1], &[("provider", "house".into()), ("route", "anthropic-messages".into())]);
    // Errors have the shape of the dialect that was spoken, else that of its first one.
    let message = "The request's body cannot be read as JSON: unexpected end of JSON at byte 1.";
    OPENAI.assert_error(&stage.post("/v1/house/v1/chat/completions", "{"), 400, message);
    let refused = stage.post("/v1/house/v1/messages", "{");
    assert_eq!((refused.status, &refused.json()["type"]), (400, &"error".into()), "{}", refused.text());
}

#[test]
fn header_fields_are_set_where_the_client_sends_none() {
    let upstream = FakeUpstream::start(|_| Script::json(200, OPENAI.answer));
    let house = format!(
        "[providers.house]\nbase_url = \"{0}\"\ndialects = [\"openai-chat\"]\nauth = \"none\"\nheaders = {{ authorization = \"Bearer ours\", x-team = \"search\" }}\n",
        upstream.url()
    );
    let proxy = proxy()
        .config(&house)
        .env("ARCHESTRA_OPENROUTER_BASE_URL", upstream.url())
        .env("ARCHESTRA_OPENROUTER_REFERER", "https://example.com")
        .env("ARCHESTRA_OPENROUTER_TITLE", "Example")
        .start();
    let stage = Stage { upstream, proxy };
    let ask = |path: &str, headers: &[(&str, &str)]| {
        assert_eq!(stage.ask("POST", path, headers, OPENAI.request.as_bytes()).status, 200);
        let received = stage.upstream.next_request(SOON);
        move |name: &str| received.header(name).map(str::to_owned)
    };
    let seen = ask("/v1/openrouter/chat/completions", &[("x-title", "Mine"), ("authorization", "Bearer k")]);
    assert_eq!(seen("http-referer").as_deref(), Some("https://example.com"));
    assert_eq!(
        (seen("x-title").as_deref(), seen("authorization").as_deref()),
        (Some("Mine"), Some("Bearer k"))
    );
    // Where clients need no key, none of theirs goes on.
    let keys = [("authorization", "Bearer theirs"), ("x-api-key", "theirs"), ("x-team", "mine")];
    let seen = ask("/v1/house/chat/completions", &keys);
    assert_eq!((seen("authorization").as_deref(), seen("x-api-key")), (Some("Bearer ours"), None));
    assert_eq!(seen("x-team").as_deref(), Some("mine"));
    assert!(!stage.proxy.log().contains("ours"));
}

#[test]
fn waits_can_be_set_for_one_provider() {
    let upstream = FakeUpstream::start(|_| Script::new().await_client_close());
    let limits = "[providers.anthropic]\nfirst_byte_timeout_ms = 200\n";
    let stage = Stage { proxy: proxy().config(limits).upstream(&upstream).start(), upstream };
    let mut patient = stage.client();
    patient.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
    ANTHROPIC.assert_error(&stage.converse(&ANTHROPIC), 504, "The provider did not begin to answer in time.");
    assert_eq!(stage.record()["provider"], "anthropic", "the other one still waits");
}

#[test]
fn authorities_can_be_trusted_for_one_provider() {
    let provider = tls::Provider::start(&["http/1.1"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &provider.certificate).unwrap();
    let trusting = format!("[providers.openai]\nca_file = \"{}\"\n", file.display());
    let builder = proxy().config(&trusting).openai(&format!("{}/v1", provider.url)).anthropic(&provider.url);
    let proxy_child = builder.start();
    let stage_ask = |path: &str, body: &str| {
        let mut client = testkit::Client::connect(proxy_child.address());
        client.request("POST", path, &[], body.as_bytes());
        client.read_response(SOON).status
    };
    assert_eq!(stage_ask(&OPENAI.ours(""), OPENAI.request), 200);
    assert_eq!(stage_ask(&ANTHROPIC.ours(""), ANTHROPIC.request), 502, "trusted by openai's row only");
    // A file that cannot be used stops the start.
    for (content, problem) in [("nothing", "no certificate in it"), ("", "no certificate in it")] {
        std::fs::write(&file, content).unwrap();
        let (status, log) = proxy().config(&trusting).start_failing(SOON);
        assert!(status.code() == Some(1) && log.contains(problem), "{log}");
    }
}

/// An HTTP proxy that tunnels everything to one address, and tells the heads of the requests.
fn tunnel(to: String) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let (tell, to) = (tell.clone(), to.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut head).unwrap() == 0 {
                        return;
                    }
                }
                tell.send(head).unwrap();
                let mut server = TcpStream::connect(to).unwrap();
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                let mut back = server.try_clone().unwrap();
                thread::spawn(move || std::io::copy(&mut back, &mut client));
                let _ = std::io::copy(&mut reader, &mut server);
            });
        }
    });
    (address, told)
}

#[test]
fn providers_are_reached_through_a_proxy_unless_their_host_is_excepted() {
    let provider = tls::Provider::start(&["h2", "http/1.1"]);
    let address = provider.url.trim_start_matches("https://").to_owned();
    let (through, heads) = tunnel(address.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &provider.certificate).unwrap();
    let start = |except: &str, lines: &str| {
        let rows: String = APIS.iter().fold(String::new(), |rows, api| {
            let lines = if api.provider == "openai" { lines } else { "" };
            rows + &format!("[providers.{}]\nca_file = \"{}\"\n{lines}", api.provider, file.display())
        });
        let builder = proxy().config(&rows).openai(&format!("{}/v1", provider.url));
        let builder = builder.anthropic(&provider.url).gemini(&provider.url);
        builder.env("HTTPS_PROXY", format!("http://user:pass@{through}")).env("NO_PROXY", except).start()
    };
    let ask = |proxy: &testkit::Proxy| {
        let mut client = testkit::Client::connect(proxy.address());
        client.request("POST", &OPENAI.ours(""), &[], OPENAI.request.as_bytes());
        let response = client.read_response(SOON);
        assert_eq!((response.status, response.text().as_str()), (200, OPENAI.answer));
        assert!(!proxy.log().contains("pass"));
    };
    ask(&start("", ""));
    let head = heads.try_recv().unwrap();
    assert!(head.starts_with(&format!("CONNECT {address} HTTP/1.1\r\n")), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{head}");
    ask(&start("example.com,localhost", ""));
    ask(&start("", "proxy = \"none\"\n"));
    assert!(heads.try_recv().is_err(), "reached directly");
    // A proxy of its own serves for plain HTTP too.
    let upstream = FakeUpstream::start(|_| Script::json(200, OPENAI.answer));
    let (through, heads) = tunnel(upstream.address().to_string());
    let own = format!("[providers.openai]\nbase_url = \"http://provider.invalid\"\nproxy = \"{through}\"\n");
    ask(&proxy().config(&own).start());
    assert!(heads.try_recv().unwrap().starts_with("CONNECT provider.invalid:80 HTTP/1.1\r\n"));
}
