"""The processes of a conformance run: replay upstreams and the proxy in front of one, on free ports.

Whatever happens, every process that was started here is ended: each runs in a group of its own, which is
killed on leaving the stack, and a SIGTERM leaves the stack like an error does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 30
FLUSH_SECONDS = 5
# A request that is recorded twice shows only after the line that was waited for.
SETTLE_SECONDS = 0.3
FILES = (
    "openai-chat", "openai-responses", "openai-other", "anthropic-messages", "anthropic-other",
    "gemini-generate", "gemini-stream", "gemini-other", "gemini-openai-compat",
    "azure-chat", "azure-other", "azure-responses", "compat-*",
)
# Recorded providers that are compatible with OpenAI and have a row: their name there, and ours.
ROWS = {
    "cerebras": "cerebras", "deepseek": "deepseek", "groq": "groq", "huggingface": "huggingface", "mistral": "mistral",
    "moonshot": "kimi", "openrouter": "openrouter", "perplexity": "perplexity", "together": "together", "xai": "xai",
    "zai": "zhipuai", "local": "ollama",
}


class Broken(Exception):
    """Something that makes every further result worthless."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(url: str, body: dict | None = None) -> bytes:
    """One control request; GET without a body, POST with one."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
        return answer.read()


class Child:
    """A process in a group of its own, its output in a file."""

    def __init__(self, name: str, argv: list[str], log: Path, env: dict[str, str] | None = None, cwd: Path | None = None):
        self.name, self.log = name, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=env, cwd=cwd, start_new_session=True,
            )

    def wait_for(self, url: str) -> None:
        """Until `url` answers with success; the child's last words when it does not in time."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Broken("%s ended with %s:\n%s" % (self.name, self.process.returncode, self.tail()))
            with contextlib.suppress(OSError):
                ask(url)
                return
            time.sleep(0.05)
        raise Broken("%s did not answer at %s in %d s:\n%s" % (self.name, url, START_SECONDS, self.tail()))

    def tail(self, lines: int = 15) -> str:
        return "\n".join("    " + x for x in self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def end(self) -> None:
        """SIGTERM, then SIGKILL, to the whole group."""
        for sign, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self.process.poll()


class Upstream:
    """A replay upstream that answers for the provider files."""

    def __init__(self, children: list[Child], python: Path, tools: Path, corpus: Path, folder: Path, *more: str, files=FILES):
        port = free_port()
        self.base = "http://127.0.0.1:%d" % port
        argv = [str(python), str(tools / "replay_upstream.py"), "--corpus", str(corpus), "--port", str(port), *more]
        for name in files:
            argv += ["--only", name]
        child = Child("replay upstream", argv, folder / ("upstream-%d.log" % port))
        children.append(child)
        child.wait_for(self.base + "/__replay/stats")

    def configure(self, chunking: str = "whole", delay_ms: float = 0, encoding: str = "identity") -> None:
        ask(self.base + "/__replay/config", {"chunking": chunking, "delay_ms": delay_ms, "encoding": encoding, "cut": 0})

    def requests(self) -> int:
        """How many requests it has had since the last reset."""
        return json.loads(ask(self.base + "/__replay/stats")).get("requests", 0)

    def reset(self) -> None:
        ask(self.base + "/__replay/reset", {})


class Proxy:
    """The built binary in front of an upstream, recording into a file."""

    def __init__(self, children: list[Child], binary: Path, upstream: str, folder: Path, config: str = "", more: dict = {}):
        port = free_port()
        self.base = "http://127.0.0.1:%d" % port
        self.record = folder / ("record-%d.jsonl" % port)
        data = folder / ("data-%d" % port)
        data.mkdir()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("ARCHESTRA_") and not k.lower().endswith("_proxy")}
        (data / "archestra.toml").write_text(config, "utf-8")
        rows = {"ARCHESTRA_%s_BASE_URL" % name.upper(): upstream for name in ROWS.values()}
        env = inherited | rows | more | {
            "ARCHESTRA_CONFIG": str(data / "archestra.toml"),
            "ARCHESTRA_ANTHROPIC_BASE_URL": upstream,
            "ARCHESTRA_DATA_DIR": str(data),
            "ARCHESTRA_GEMINI_BASE_URL": upstream,
            "ARCHESTRA_LISTEN": "127.0.0.1:%d" % port,
            "ARCHESTRA_METRICS_LISTEN": "127.0.0.1:%d" % free_port(),
            "ARCHESTRA_OPENAI_BASE_URL": upstream + "/v1",
            "ARCHESTRA_RECORD_FILE": str(self.record),
        }
        self.child = Child("proxy", [str(binary), "serve"], folder / ("proxy-%d.log" % port), env, data)
        children.append(self.child)
        self.child.wait_for(self.base + "/health")

    def records(self, expected: int) -> int:
        """Lines in the record file once there are `expected` of them and no more follow, or when time is up."""
        until = time.monotonic() + FLUSH_SECONDS
        while self.lines() < expected and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(SETTLE_SECONDS)
        return self.lines()

    def lines(self) -> int:
        return self.record.read_bytes().count(b"\n") if self.record.exists() else 0


@contextlib.contextmanager
def ended():
    """A list whose children are ended on leaving."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    children: list[Child] = []
    try:
        yield children
    finally:
        for child in reversed(children):
            child.end()
