//! `archestra policy` as people meet it: the binary, files, what it prints and how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod presets;
mod replay;
mod test;

use std::process::Command;

/// What a command printed, and how it ended.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `archestra policy` with these arguments in the folder with the data.
fn policy(arguments: &[&str]) -> Done {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/policy/data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_archestra"));
    let output = command.current_dir(folder).arg("policy").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
