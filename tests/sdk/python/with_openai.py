"""The official OpenAI SDK on Chat Completions."""

import asyncio
import json
from functools import partial

import openai

from checks import AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, TIMEOUT_SECONDS, WEATHER, equal, raises, readable

MODEL = "gpt-4.1"
KEY = "sk-openai-python"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def conversations(base_url):
    client = connect(base_url)
    yield "openai/text", partial(text, client)
    yield "openai/text-stream", partial(text_stream, client)
    yield "openai/text-stream-async", partial(text_stream_async, base_url)
    yield "openai/tool", partial(tool, client)
    yield "openai/tool-stream", partial(tool_stream, client)
    yield "openai/error-429", partial(rate_limit, client, False)
    yield "openai/error-429-stream", partial(rate_limit, client, True)
    yield "openai/error-500", partial(server_error, client)
    yield "openai/broken-stream", partial(broken_stream, client)


def refusals(base_url):
    client = connect(base_url)
    yield "openai/unknown-agent", partial(unknown_agent, client, False)
    yield "openai/unknown-agent-stream", partial(unknown_agent, client, True)


def connect(base_url, kind=openai.OpenAI):
    return kind(base_url=base_url, api_key=KEY, max_retries=0, timeout=TIMEOUT_SECONDS)


def text(client):
    completion = client.chat.completions.create(model=MODEL, messages=[user()])
    equal(completion.choices[0].message.content, TEXT)
    equal(completion.choices[0].finish_reason, "stop")
    equal(completion.usage.total_tokens, 32)
    equal(completion._request_id, REQUEST_ID)


def text_stream(client):
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=[user()], stream=True, stream_options={"include_usage": True}
        )
    )
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), TEXT)
    equal(chunks[-2].choices[0].finish_reason, "stop")
    equal(chunks[-1].usage.total_tokens, 32)


def text_stream_async(base_url):
    async def run():
        async with connect(base_url, openai.AsyncOpenAI) as client:
            stream = await client.chat.completions.create(model=MODEL, messages=[user()], stream=True)
            return [chunk async for chunk in stream]

    chunks = asyncio.run(run())
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks), TEXT)


def tool(client):
    ask = partial(client.chat.completions.create, model=MODEL, tools=[TOOL])
    first = ask(messages=[user()])
    equal(first.choices[0].finish_reason, "tool_calls")
    second = ask(messages=[user(), first.choices[0].message, tool_result(first.choices[0].message)])
    equal(second.choices[0].message.content, AFTER_TOOL)


def tool_stream(client):
    """With the SDK's own accumulator, which is strict about indexes and ids."""

    def ask(messages):
        with client.chat.completions.stream(model=MODEL, tools=[TOOL], messages=messages) as stream:
            for event in stream:
                kinds.append(event.type)
            return stream.get_final_completion()

    kinds = []
    first = ask([user()])
    equal(first.choices[0].finish_reason, "tool_calls")
    equal(kinds.count("tool_calls.function.arguments.done"), 1)
    message = first.choices[0].message
    second = ask([user(), message.model_dump(exclude_none=True), tool_result(message)])
    equal(second.choices[0].message.content, AFTER_TOOL)


def rate_limit(client, stream):
    ask = partial(client.chat.completions.create, model="error-429", messages=[user()], stream=stream)
    error = raises(openai.RateLimitError, ask)
    equal(error.status_code, 429)
    equal(error.request_id, REQUEST_ID)
    equal(error.code, "rate_limit_exceeded")
    equal(error.body["message"], "simulated error 429")


def server_error(client):
    error = raises(
        openai.InternalServerError, partial(client.chat.completions.create, model="error-500", messages=[user()])
    )
    equal(error.body["type"], "server_error")


def broken_stream(client):
    def ask():
        for chunk in client.chat.completions.create(model="broken-stream", messages=[user()], stream=True):
            seen.append(chunk.choices[0].delta.content)

    seen = []
    error = raises(openai.APIError, ask)
    equal(seen, ["", "Half of"])
    equal(error.type, "server_error")


def unknown_agent(client, stream):
    ask = partial(client.chat.completions.create, model=MODEL, messages=[user()], stream=stream)
    error = raises(openai.NotFoundError, ask)
    equal(error.status_code, 404)
    readable(error.body["message"])


def user():
    return {"role": "user", "content": QUESTION}


def tool_result(message):
    (call,) = message.tool_calls
    equal(call.function.name, "get_weather")
    equal(json.loads(call.function.arguments), {"city": "Paris"})
    return {"role": "tool", "tool_call_id": call.id, "content": WEATHER}
