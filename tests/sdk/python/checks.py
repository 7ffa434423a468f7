"""What the checks of all SDKs share: their report, and what the simulated providers answer."""

import traceback

# As in crates/testkit/src/providers.rs.
TEXT = "Grüße aus 東京 — it works. 🙂"
AFTER_TOOL = "It is 18 °C and sunny in Paris."
REQUEST_ID = "req_test_0001"

QUESTION = "What is the weather in Paris?"
WEATHER = "18 °C, sunny"
UNKNOWN_AGENT = "0198f2a4-7c1e-7b7a-9a55-3f2f6f0d9e11"
TIMEOUT_SECONDS = 20


class Report:
    """One line for each check, as sdk.rs reads it."""

    def __init__(self):
        self.failed = 0

    def check(self, name, body):
        try:
            body()
        except Exception as error:
            self.failed += 1
            where = traceback.extract_tb(error.__traceback__)[1]
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL {name} {why} ({where.filename}:{where.lineno})", flush=True)
        else:
            print(f"ok {name}", flush=True)


def equal(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"{actual!r}, not {wanted!r}")


def raises(kind, body):
    """The error of exactly this class that `body` raises: an SDK's base class would tell a developer nothing."""
    try:
        body()
    except kind as error:
        equal(type(error), kind)
        return error
    raise AssertionError(f"no {kind.__name__}")


def readable(message):
    """An error of the proxy itself names what was wrong."""
    if "agent" not in message.lower() or UNKNOWN_AGENT not in message:
        raise AssertionError(f"the message does not name the unknown agent: {message!r}")
