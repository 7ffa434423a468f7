"""Holds Google's Python SDK against a Gemini that Vertex AI serves: `vertex_python.py STUDIO VERTEX AGENT...`

STUDIO is for clients of AI Studio, VERTEX for clients of Vertex AI; both are written and used as in sdk_python.py.
"""

import sys

import with_google
from checks import Report


def main(studio, vertex, *agents):
    report = Report()
    for conversations, url in ((with_google.conversations, studio), (with_google.cloud_conversations, vertex)):
        for agent in agents:
            for name, body in conversations(url.replace("{agent}", agent)):
                report.check(f"{name} agent={agent}", body)
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
