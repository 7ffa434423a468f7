"""Holds the official Python SDKs against base URLs: `sdk_python.py OPENAI ANTHROPIC GEMINI AGENT...`

Each URL has the agent's place written as `{agent}`; each AGENT (`""`, `/default`, ...) is put there in turn. Without
`{agent}` the URLs are a provider's own, and what only the proxy does is left out. Run by crates/app/tests/sdk.rs.
"""

import sys

import with_anthropic
import with_google
import with_openai
import with_responses
from checks import UNKNOWN_AGENT, Report


def main(openai, anthropic, gemini, *agents):
    report = Report()
    sdks = (with_openai, openai), (with_responses, openai), (with_anthropic, anthropic), (with_google, gemini)
    for sdk, url in sdks:
        for agent in agents:
            for name, body in sdk.conversations(url.replace("{agent}", agent)):
                report.check(f"{name} agent={agent}", body)
        if "{agent}" in url:
            for name, body in sdk.refusals(url.replace("{agent}", f"/{UNKNOWN_AGENT}")):
                report.check(name, body)
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
