"""The official Anthropic SDK on Messages."""

import asyncio
from functools import partial

import anthropic

from checks import AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, TIMEOUT_SECONDS, WEATHER, equal, raises, readable

MODEL = "claude-sonnet-4-6"
KEY = "sk-ant-python"
TOKEN = "sk-ant-oat-python"
HEADER_KEY = "sk-ant-header-python"
TOOL = {
    "name": "get_weather",
    "description": "Current weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def conversations(base_url):
    client = connect(base_url, api_key=KEY)
    bearer = connect(base_url, auth_token=TOKEN)
    # From version 2 on the SDK sends an API key as a bearer token; before, and still when told so, in this header.
    header = connect(base_url, default_headers={"X-Api-Key": HEADER_KEY})
    yield "anthropic/text", partial(text, client)
    yield "anthropic/text-bearer", partial(text, bearer)
    yield "anthropic/text-x-api-key", partial(text, header)
    yield "anthropic/text-stream", partial(text_stream, client)
    yield "anthropic/text-stream-bearer", partial(text_stream, bearer)
    yield "anthropic/text-stream-x-api-key", partial(text_stream, header)
    yield "anthropic/text-stream-async", partial(text_stream_async, base_url)
    yield "anthropic/tool", partial(tool, client)
    yield "anthropic/tool-stream", partial(tool_stream, client)
    yield "anthropic/error-429", partial(rate_limit, client)
    yield "anthropic/error-529", partial(overloaded, client, False)
    yield "anthropic/error-529-stream", partial(overloaded, client, True)
    yield "anthropic/broken-stream", partial(broken_stream, client)


def refusals(base_url):
    client = connect(base_url, api_key=KEY)
    yield "anthropic/unknown-agent", partial(unknown_agent, client, False)
    yield "anthropic/unknown-agent-stream", partial(unknown_agent, client, True)


def connect(base_url, kind=anthropic.Anthropic, **options):
    return kind(base_url=base_url, max_retries=0, timeout=TIMEOUT_SECONDS, **options)


def text(client):
    message = client.messages.create(model=MODEL, max_tokens=64, messages=[user()])
    equal([block.text for block in message.content], [TEXT])
    equal(message.stop_reason, "end_turn")
    equal(message.usage.output_tokens, 13)
    equal(message._request_id, REQUEST_ID)


def text_stream(client):
    with client.messages.stream(model=MODEL, max_tokens=64, messages=[user()]) as stream:
        equal("".join(stream.text_stream), TEXT)
        message = stream.get_final_message()
    equal(message.stop_reason, "end_turn")
    equal(message.usage.output_tokens, 13)


def text_stream_async(base_url):
    async def run():
        async with connect(base_url, anthropic.AsyncAnthropic, api_key=KEY) as client:
            async with client.messages.stream(model=MODEL, max_tokens=64, messages=[user()]) as stream:
                return await stream.get_final_text()

    equal(asyncio.run(run()), TEXT)


def tool(client):
    ask = partial(client.messages.create, model=MODEL, max_tokens=64, tools=[TOOL])
    first = ask(messages=[user()])
    second = ask(messages=[user(), {"role": "assistant", "content": first.content}, tool_result(first)])
    equal(second.content[0].text, AFTER_TOOL)


def tool_stream(client):
    """With the SDK's own accumulator, which is strict about indexes and the order of events."""

    def ask(messages):
        with client.messages.stream(model=MODEL, max_tokens=64, tools=[TOOL], messages=messages) as stream:
            kinds.extend(event.type for event in stream)
            return stream.get_final_message()

    kinds = []
    first = ask([user()])
    equal(kinds.count("input_json"), 4)
    equal(kinds[-1], "message_stop")
    content = [block.model_dump(include={"type", "text", "id", "name", "input"}) for block in first.content]
    second = ask([user(), {"role": "assistant", "content": content}, tool_result(first)])
    equal(second.content[0].text, AFTER_TOOL)


def rate_limit(client):
    ask = partial(client.messages.create, model="error-429", max_tokens=64, messages=[user()])
    error = raises(anthropic.RateLimitError, ask)
    equal(error.status_code, 429)
    equal(error.request_id, REQUEST_ID)
    equal(error.body["error"], {"type": "rate_limit_error", "message": "simulated error 429"})


def overloaded(client, stream):
    ask = partial(client.messages.create, model="error-529", max_tokens=64, messages=[user()], stream=stream)
    error = raises(anthropic.OverloadedError, ask)
    equal(error.status_code, 529)
    equal(error.body["error"], {"type": "overloaded_error", "message": "simulated error 529"})


def broken_stream(client):
    def ask():
        with client.messages.stream(model="broken-stream", max_tokens=64, messages=[user()]) as stream:
            seen.extend(stream.text_stream)

    seen = []
    error = raises(anthropic.APIStatusError, ask)
    equal(seen, ["Half of"])
    equal(error.body["error"]["type"], "overloaded_error")


def unknown_agent(client, stream):
    ask = partial(client.messages.create, model=MODEL, max_tokens=64, messages=[user()], stream=stream)
    error = raises(anthropic.NotFoundError, ask)
    equal(error.status_code, 404)
    equal(error.body["error"]["type"], "not_found_error")
    readable(error.body["error"]["message"])


def user():
    return {"role": "user", "content": QUESTION}


def tool_result(message):
    equal(message.stop_reason, "tool_use")
    equal([block.type for block in message.content], ["text", "tool_use"])
    call = message.content[1]
    equal((call.name, call.input), ("get_weather", {"city": "Paris"}))
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": WEATHER}]}
