//! The simulated providers on a port of their own, to point an SDK at by hand: `cargo run -p testkit
//! --example providers`. Ends when its standard input does.

use std::io::{self, Write};

use testkit::{FakeUpstream, providers};

fn main() -> io::Result<()> {
    let answer = providers::simulated();
    let upstream = FakeUpstream::start(move |request| {
        eprintln!("{} {} {}", request.method, request.target, request.text());
        answer(request)
    });
    writeln!(io::stdout(), "{}", upstream.url())?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
