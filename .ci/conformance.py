#!/usr/bin/env python3
"""The built proxy between recorded clients and recorded providers: every byte, event, header and record.

    python3 .ci/conformance.py            # needs target/release/archestra
    python3 .ci/conformance.py --direct   # no proxy: measures and proves the tools themselves

Wants the replay tools and the recordings beside the repository (../shared). Builds nothing. Prints one line a
run, what failed in full, and at last `conformance: N passed, N failed`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import stack
import vertex

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TOOLS = SHARED / "tools" / "replay"
CORPUS = SHARED / "corpus"
AGENT = "default"
CONCURRENCY = "16"
RUN_SECONDS = 300
# Past this many bytes of a stream single bytes teach nothing new, they only take time.
BYTEWISE_CAP = "16384"
SDK_PACKAGES = ("openai", "@anthropic-ai/sdk", "@google/genai", "ai", "@ai-sdk/openai", "@ai-sdk/anthropic", "@ai-sdk/google")


# Judges everything and refuses nothing: every byte must be as without it.
ALLOWING = """
version: 1
mode: enforce
tools: [{ tool: "*", calls: [{ then: allow }], results: [{ then: trusted }] }]
"""
# Would refuse and withhold everything, and may only say so.
OBSERVING = """
version: 1
mode: observe
tools: [{ tool: "*", calls: [{ then: block }], results: [{ then: block }] }]
"""
# Routes that nobody judges are served all the same.
OPEN_AGENT = """
[[agents]]
id = "00000000-0000-4000-8000-000000000001"
slug = "default"
unjudged_routes = ["*"]
"""


@dataclass(frozen=True)
class Run:
    """One pass of the recordings."""

    name: str
    upstream: dict = field(default_factory=dict)
    client: tuple[str, ...] = ()
    inflate: bool = False
    names_agent: bool = True
    is_incremental: bool = False
    policy: str = ""


RUNS = (
    Run("whole", {"chunking": "whole"}, ("--strict-headers",)),
    Run("event", {"chunking": "event"}, ("--strict-headers",)),
    Run("random:7", {"chunking": "random:7"}, ("--strict-headers",)),
    Run("bytewise", {"chunking": "bytewise", "delay_ms": 0.2}, ("--tag", "streaming")),
    Run("gzip", {"chunking": "random:7", "encoding": "gzip-all"}, ("--accept-encoding", "gzip")),
    Run("incremental", {"chunking": "event", "delay_ms": 4}, ("--tag", "streaming"), is_incremental=True),
    Run("no agent in the path", {"chunking": "event"}, names_agent=False),
    Run("allowing policy, event", {"chunking": "event"}, ("--strict-headers",), policy=ALLOWING),
    Run("allowing policy, random:7", {"chunking": "random:7"}, ("--strict-headers",), policy=ALLOWING),
    Run("observing policy", {"chunking": "random:7"}, ("--strict-headers",), policy=OBSERVING),
    Run("media in full size", {"chunking": "random:7"}, ("--inflate",), inflate=True),
)


class Checks:
    """What held and what did not; one printed line each."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def add(self, name: str, problems: list[str], told: str, seconds: float, output: str = "") -> None:
        ok = not problems
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        print("%-4s  %-22s %6.1f s  %s" % ("ok" if ok else "FAIL", name, seconds, told), flush=True)
        for problem in problems:
            print("        " + problem)
        if not ok and output:
            print("\n".join("        | " + line for line in output.splitlines()[-60:]), flush=True)


class Place:
    """An upstream and what stands in front of it."""

    def __init__(self, children: list, a: argparse.Namespace, folder: Path, *upstream: str, policy: str = ""):
        self.upstream = stack.Upstream(children, a.python, TOOLS, CORPUS, folder, "--bytewise-cap", BYTEWISE_CAP, *upstream)
        self.others = sorted(recorded_providers() - set(stack.ROWS) - {"openai", "anthropic", "gemini"})
        config, more = self.rows(), {}
        if policy:
            file = folder / "policy.yaml"
            file.write_text(policy, "utf-8")
            config, more = config + OPEN_AGENT, {"ARCHESTRA_POLICY_FILE": str(file)}
        self.proxy = None if a.direct else stack.Proxy(children, a.binary, self.upstream.base, folder, config, more)
        self.sent = 0

    def rows(self) -> str:
        """Providers that no row knows take a row of the configuration each."""
        row = '[providers.%s]\nbase_url = "%s"\ndialects = ["openai-chat", "openai-responses", "anthropic-messages"]\n'
        return "".join(row % (name, self.upstream.base) for name in self.others)

    def count(self) -> int:
        """Adds the upstream's requests since the last call to those that must be recorded."""
        new = self.upstream.requests()
        self.upstream.reset()
        self.sent += new
        return new

    def routes(self, names_agent: bool) -> list[str]:
        if self.proxy is None:
            return ["--base", self.upstream.base]
        agent = "/{agent}" if names_agent else ""
        tails = {"openai": "{tail}", "anthropic": "{path}", "gemini": "{path}"}
        names = {p: (p, t) for p, t in tails.items()}
        names |= {recorded: (ours, "{path}") for recorded, ours in stack.ROWS.items()}
        names |= {name: (name, "{path}") for name in self.others}
        return [x for p, (n, t) in names.items() for x in ("--route", "%s=%s/v1/%s%s%s" % (p, self.proxy.base, n, agent, t))]

    def sdk_urls(self) -> dict[str, str]:
        """What an application sets as its base URL, by provider."""
        if self.proxy is None:
            return {"openai": self.upstream.base + "/v1", "anthropic": self.upstream.base, "gemini": self.upstream.base}
        return {p: "%s/v1/%s/%s" % (self.proxy.base, p, AGENT) for p in ("openai", "anthropic", "gemini")}


def tool(argv: list[str], cwd: Path | None = None) -> tuple[int, str, float]:
    """Runs a tool to its end; exit status, output, seconds."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=RUN_SECONDS, check=False,
        )
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        status, output = 124, (e.stdout or b"") + b"\nnot finished in %d s" % RUN_SECONDS
    return status, output.decode("utf-8", "replace"), time.monotonic() - began


def recorded_providers() -> set[str]:
    """Every provider that has recordings in the files of a run."""
    sys.path.insert(0, str(TOOLS))
    import corpuslib

    return {r["provider"] for r in corpuslib.load([str(CORPUS)], False, list(stack.FILES))}


def late_heavy() -> set[str]:
    """Streams with more than half of their bytes in the last event: half of them cannot arrive before it is written."""
    sys.path.insert(0, str(TOOLS))
    import corpuslib

    streams = (r for r in corpuslib.load([str(CORPUS)], False, list(stack.FILES)) if r["streaming"] and r.resp_bytes)
    return {r["id"] for r in streams if 2 * len(list(corpuslib.split_events(r.resp_bytes))[-1]) > len(r.resp_bytes)}


def held_back(results: list[dict]) -> list[str]:
    """Streams that arrived only when the upstream had ended, though they could have come earlier."""
    late = [x["id"] for x in results if "buffered" in x["notes"]]
    return sorted(set(late) - late_heavy()) if late else []


def replay(run: Run, place: Place, checks: Checks, a: argparse.Namespace, folder: Path) -> None:
    """One pass with conformance.py, which compares every answer and every request that arrived."""
    out = folder / "results.jsonl"
    out.unlink(missing_ok=True)
    place.upstream.configure(**run.upstream)
    argv = [str(a.python), str(TOOLS / "conformance.py"), "--corpus", str(CORPUS), "--upstream", place.upstream.base]
    argv += ["--agent-id", AGENT, "--concurrency", CONCURRENCY, "--json-out", str(out), *run.client]
    argv += [x for name in stack.FILES for x in ("--only", name)] + place.routes(run.names_agent)
    status, output, seconds = tool(argv)
    results = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
    failed = sum(1 for x in results if x["fails"])
    notes = {n: sum(1 for x in results if n in x["notes"]) for n in ("bytes", "events", "incremental", "up-bytes")}
    arrived = place.count()
    problems = []
    if failed or not results:
        problems.append("%d of %d recordings failed" % (failed, len(results)))
    elif status:
        problems.append("conformance.py ended with %d" % status)
    if arrived != len(results):
        problems.append("%d requests sent, %d arrived upstream" % (len(results), arrived))
    told = "%4d requests, %d failed, same bytes %d, same events %d, request bytes %d" % (
        len(results), failed, notes["bytes"], notes["events"], notes["up-bytes"])
    if run.is_incremental:
        late = held_back(results)
        told += ", incr %d/%d" % (notes["incremental"], notes["incremental"] + len(late))
        if late or not notes["incremental"]:
            problems.append("%d streams were held back: %s" % (len(late), " ".join(late[:8])))
    checks.add(run.name, problems, told, seconds, output)


def sdk_replay(place: Place, yardstick: stack.Upstream, checks: Checks, a: argparse.Namespace) -> None:
    """Recorded requests as SDK calls, direct against proxy: what the SDK hands out must be the same."""
    place.upstream.configure("random:7")
    yardstick.configure("random:7")
    urls = [x for p, url in place.sdk_urls().items() for x in ("--" + p, url)]
    argv = [str(a.python), str(TOOLS / "sdk_replay.py"), "--corpus", str(CORPUS), "--direct", yardstick.base, *urls]
    status, output, seconds = tool(argv)
    place.count()
    # api, total, stream, tool-call, sdk ok, sdk error, unexpected, same, different
    rows = [line.split() for line in output.splitlines() if re.match(r"[a-z-]+(\s+\d+){8}$", line)]
    total, same, different = (sum(int(row[i]) for row in rows) for i in (1, 7, 8))
    problems = []
    if not total or same != total or different:
        problems.append("%d of %d calls were not the same" % (total - same, total))
    elif status:
        problems.append("sdk_replay.py ended with %d" % status)
    checks.add("SDK calls compared", problems, "%4d calls, same %d, different %d" % (total, same, different), seconds, output)


def smoke(name: str, argv: list[str], place: Place, checks: Checks, cwd: Path | None = None) -> None:
    """A smoke script: its last line is `N ok, N failed`."""
    place.upstream.configure("event")
    status, output, seconds = tool(argv, cwd)
    place.count()
    last = re.search(r"^(\d+) ok, (\d+) failed$", output, re.M)
    ok, failed = (int(last.group(1)), int(last.group(2))) if last else (0, 0)
    problems = []
    if status or failed or not ok:
        problems.append("%d calls failed, exit status %d" % (failed, status))
    checks.add(name, problems, "%4d calls ok, %d failed" % (ok, failed), seconds, output)


def smokes(place: Place, checks: Checks, a: argparse.Namespace) -> None:
    """Plain, streamed and tool calls with the official SDKs."""
    urls = place.sdk_urls()
    argv = [str(a.python), str(TOOLS / "sdk_smoke.py"), "--corpus", str(CORPUS)]
    argv += [x for p, url in urls.items() for x in ("--" + p, url)]
    argv += [x for part in ("openai", "anthropic", "genai") for x in ("--only", part)]
    smoke("Python SDKs", argv, place, checks)
    missing = [p for p in SDK_PACKAGES if not (a.sdk_node / "node_modules" / p).is_dir()]
    if missing:
        problem = "no %s in %s: tests/sdk/setup.sh installs them" % (", ".join(missing), a.sdk_node)
        checks.add("JavaScript SDKs", [problem], "not run", 0)
        return
    # Imports are resolved from where the script lies.
    script = a.sdk_node / "sdk_smoke.mjs"
    shutil.copyfile(TOOLS / "sdk_smoke.mjs", script)
    argv = ["node", script.name, urls["openai"], urls["anthropic"], urls["gemini"], str(CORPUS)]
    smoke("JavaScript SDKs", argv, place, checks, a.sdk_node)


def check_records(place: Place, name: str, checks: Checks) -> None:
    """Every request that reached the upstream left exactly one record; the proxy refused none of its own."""
    if place.proxy is None:
        return
    began = time.monotonic()
    lines = place.proxy.records(place.sent)
    problems = [] if lines == place.sent else ["%d requests but %d records" % (place.sent, lines)]
    checks.add(name, problems, "%4d requests, %d records" % (place.sent, lines), time.monotonic() - began, place.proxy.child.tail())


def run_all(a: argparse.Namespace, checks: Checks, folder: Path) -> None:
    wanted = [run for run in RUNS if not a.run or run.name in a.run]
    for inflate, policy in ((False, ""), (False, ALLOWING), (False, OBSERVING), (True, "")):
        runs = [run for run in wanted if run.inflate == inflate and run.policy == policy]
        with_sdks = not inflate and not policy and (not a.run or "sdk" in a.run)
        if not runs and not with_sdks:
            continue
        with stack.ended() as children:
            place = Place(children, a, folder, *(["--inflate"] if inflate else []), policy=policy)
            for run in runs:
                replay(run, place, checks, a, folder)
            if with_sdks:
                yardstick = stack.Upstream(children, a.python, TOOLS, CORPUS, folder)
                sdk_replay(place, yardstick, checks, a)
                smokes(place, checks, a)
            kind = "records, full media" if inflate else "records, %s" % runs[0].name if policy else "records"
            check_records(place, kind, checks)
    if not a.direct and (not a.run or "vertex" in a.run):
        with stack.ended() as children:
            vertex.native(children, a, TOOLS, CORPUS, folder, tool, checks)
        with stack.ended() as children:
            vertex.studio(children, a, TOOLS, CORPUS, folder, checks)


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--direct", action="store_true", help="no proxy: talk to the replay upstream itself")
    ap.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "archestra")
    ap.add_argument("--python", type=Path, default=ROOT / ".cache" / "tools-venv" / "bin" / "python")
    ap.add_argument("--sdk-node", type=Path, default=ROOT / ".cache" / "sdk-node", help="folder with the SDKs' node_modules")
    ap.add_argument("--run", action="append", help="only this run, by name; sdk and vertex for those checks (repeatable)")
    a = ap.parse_args()
    # The tools lie outside the repository: nothing is left beside them.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    checks = Checks()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            run_all(a, checks, Path(folder))
    except (stack.Broken, OSError) as e:
        checks.add("start", [str(e)], "", time.monotonic() - began)
    print("conformance: %d passed, %d failed in %.0f s" % (checks.passed, checks.failed, time.monotonic() - began))
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
