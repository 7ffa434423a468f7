"""Vertex AI mode: recordings of Vertex AI through it, and recordings of AI Studio translated by it.

The credentials are those of a user whose token endpoint is a server of ours on loopback. What arrives for Vertex AI must
carry its token and none of the client's keys, and pass `vertex_strict`, which rejects what Vertex AI rejects.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import http.server
import json
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import stack
import vertex_strict

PROJECT = "test-project"
FILES = ("vertex-generate", "vertex-stream", "vertex-other", "vertex-anthropic")
STUDIO = ("gemini-generate", "gemini-stream")
CHUNKINGS = ("whole", "event", "random:7", "bytewise")
KEYS = ("x-goog-api-key", "x-api-key")
OTHER_ID = "0198f2a4-0000-7000-8000-0000000000ac"
MODELS = "/v1beta1/projects/%s/locations/us-central1/publishers/google/models/" % PROJECT
REFUSED = "This agent uses Vertex AI: "


class Server:
    """A server on a free port of loopback that answers as `answer` says: status, content-type, body."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, content_type, out = answer(self, body)
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self) -> None:
        """As a child of the stack is ended."""
        self.server.shutdown()
        self.server.server_close()


class Tokens(Server):
    """A token endpoint."""

    TOKEN = "ya29.conformance"

    def __init__(self):
        token = json.dumps({"access_token": self.TOKEN, "expires_in": 3600, "token_type": "Bearer"}).encode()
        super().__init__(lambda *_: (200, "application/json", token))

    def credentials(self, folder: Path) -> Path:
        """What `gcloud auth application-default login` writes, for this endpoint."""
        file = folder / "credentials.json"
        user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
        file.write_text(json.dumps(user | {"token_uri": self.base + "/token"}), "utf-8")
        return file


def proxy(children: list, a, folder: Path, upstream: str, other_project: str) -> stack.Proxy:
    """The proxy in Vertex AI mode; the agent `other` has another project."""
    tokens = Tokens()
    children.append(tokens)
    config = '[[agents]]\nid = "%s"\nslug = "other"\nvertex_ai = { project = "%s" }\n' % (OTHER_ID, other_project)
    mode = {
        "ENABLED": "true", "PROJECT": PROJECT, "LOCATION": "us-central1", "BASE_URL": upstream,
        "CREDENTIALS_FILE": str(tokens.credentials(folder)),
    }
    more = {"ARCHESTRA_GEMINI_VERTEX_AI_" + name: value for name, value in mode.items()}
    return stack.Proxy(children, a.binary, upstream, folder, config, more)


def load(tools: Path, corpus: Path, files) -> list:
    sys.path.insert(0, str(tools))
    import corpuslib

    return corpuslib.load([str(corpus)], False, list(files))


def project_of(path: str) -> str:
    """The project that a path names."""
    parts = urllib.parse.unquote(path).split("/")
    return parts[parts.index("projects") + 1] if "projects" in parts else PROJECT


def native(children: list, a, tools: Path, corpus: Path, folder: Path, tool, checks) -> None:
    """Recordings of Vertex AI: every byte, in every chunking. Each is sent by the agent of its project."""
    records = load(tools, corpus, FILES)
    projects = sorted({project_of(r["path"]) for r in records} - {PROJECT})
    other = projects[0] if projects else PROJECT
    upstream = stack.Upstream(children, a.python, tools, corpus, folder, files=FILES)
    place = proxy(children, a, folder, upstream.base, other)
    for chunking in CHUNKINGS:
        upstream.configure(chunking, 0.2 if chunking == "bytewise" else 0)
        failed, total, took, outputs = 0, 0, 0.0, []
        for agent, project in (("default", PROJECT), ("other", other)):
            ids = [x for r in records if project_of(r["path"]) == project for x in ("--id", r["id"])]
            out = folder / ("vertex-%s.jsonl" % agent)
            out.unlink(missing_ok=True)
            route = "vertex=%s/v1/gemini/{agent}{path}" % place.base
            argv = [str(a.python), str(tools / "conformance.py"), "--corpus", str(corpus), "--upstream", upstream.base]
            argv += ["--agent-id", agent, "--route", route, "--strict-headers", "--json-out", str(out), *ids]
            status, output, seconds = tool(argv + [x for f in FILES for x in ("--only", f)])
            results = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
            bad = sum(1 for r in results if r["fails"])
            failed, total, took = failed + bad + (1 if status and not bad else 0), total + len(results), took + seconds
            outputs.append(output)
        problems = [] if total == len(records) and not failed else ["%d of %d failed, %d sent" % (failed, len(records), total)]
        checks.add("Vertex AI, " + chunking, problems, "%4d requests, %d failed" % (total, failed), took, "\n".join(outputs))


class Vertex(Server):
    """Takes what Vertex AI takes, and answers as the recording with the request's id."""

    def __init__(self, records: list):
        self.records = {r["id"]: r for r in records}
        super().__init__(self.answer)

    def answer(self, request, body: bytes) -> tuple[int, str, bytes]:
        problems = ["the client's %s arrived" % name for name in KEYS if name in request.headers]
        if request.headers.get("authorization") != "Bearer " + Tokens.TOKEN:
            problems.append("another token than ours arrived")
        if "key=" in request.path:
            problems.append("the client's key arrived")
        path = request.path.split("?")[0]
        if not path.startswith(MODELS):
            problems.append("another path: " + path)
        problems += vertex_strict.problems(path, body)
        if problems:
            return 418, "text/plain", "\n".join(problems).encode()
        r = self.records[request.headers["x-replay-id"]]
        return r["status"], r["response_headers"].get("content-type") or "application/json", r.resp_bytes


def studio(children: list, a, tools: Path, corpus: Path, folder: Path, checks) -> None:
    """Requests of AI Studio, sent to an agent that uses Vertex AI: accepted there, or refused by name for what Vertex AI
    would not take as it stands; the answers are what AI Studio answered."""
    began = time.monotonic()
    records = load(tools, corpus, STUDIO)
    upstream = Vertex(records)
    children.append(upstream)
    place = proxy(children, a, folder, upstream.base, PROJECT)
    host = place.base.removeprefix("http://")

    def ask(r) -> str:
        connection = http.client.HTTPConnection(host, timeout=30)
        query = "?" + r["query"] if r["query"] else ""
        headers = r["request_headers"] | {"x-replay-id": r["id"], "x-goog-api-key": "theirs", "content-type": "application/json"}
        connection.request("POST", "/v1/gemini/default" + urllib.parse.quote(r["path"], "/:%@") + query, r.req_bytes, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status == 418:
            return "Vertex AI rejects it: " + body.decode("utf-8", "replace")
        if answer.status == r["status"] and body == r.resp_bytes:
            return ""
        said = body.decode("utf-8", "replace")
        if REFUSED in said:
            # Left as it was, but for what is always translated, it would not have been taken either.
            path = MODELS + r["path"].rsplit("/", 1)[1]
            problems = [x for x in vertex_strict.problems(path, r.req_bytes) if "role" not in x]
            return "refused" if problems else "refused, though Vertex AI takes it: " + said
        return "%d in place of %d: %s" % (answer.status, r["status"], said[:300])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        told = dict(zip((r["id"] for r in records), pool.map(ask, records)))
    refused = sum(1 for x in told.values() if x == "refused")
    wrong = ["%s: %s" % (i, x) for i, x in told.items() if x not in ("", "refused")]
    taken = len(records) - refused - len(wrong)
    if not taken or refused > len(records) // 10:
        wrong.append("only %d of %d were taken" % (taken, len(records)))
    text = "%4d requests, %d taken, %d refused by name, %d wrong" % (len(records), taken, refused, len(wrong))
    checks.add("AI Studio on Vertex AI", wrong[:20], text, time.monotonic() - began)
