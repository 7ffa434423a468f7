"""The official OpenAI SDK on Responses."""

import asyncio
import json
from functools import partial

import openai
from pydantic import BaseModel

from checks import AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, WEATHER, equal, raises, readable
from with_openai import MODEL, connect

TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Current weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PIECES = ["Grüße", " aus", " 東京", " —", " it works.", " 🙂"]


class Weather(BaseModel):
    city: str
    celsius: int


def conversations(base_url):
    client = connect(base_url)
    yield "responses/text", partial(text, client)
    yield "responses/text-stream", partial(text_stream, client)
    yield "responses/text-stream-helper", partial(text_stream_helper, client)
    yield "responses/text-stream-async", partial(text_stream_async, base_url)
    yield "responses/tool", partial(tool, client)
    yield "responses/tool-by-id", partial(tool_by_id, client)
    yield "responses/tool-stream", partial(tool_stream, client)
    yield "responses/parse", partial(parse, client)
    yield "responses/parse-stream", partial(parse_stream, client)
    yield "responses/background", partial(background, client)
    yield "responses/background-cancel", partial(background_cancel, client)
    yield "responses/background-stream", partial(background_stream, client)
    yield "responses/input-items", partial(input_items, client)
    yield "responses/error-429", partial(rate_limit, client, False)
    yield "responses/error-429-stream", partial(rate_limit, client, True)
    yield "responses/error-500", partial(server_error, client)
    yield "responses/broken-stream", partial(broken_stream, client)


def refusals(base_url):
    client = connect(base_url)
    yield "responses/unknown-agent", partial(unknown_agent, client, False)
    yield "responses/unknown-agent-stream", partial(unknown_agent, client, True)
    yield "responses/unknown-agent-retrieve", partial(unknown_agent_retrieve, client)


def text(client):
    response = client.responses.create(model=MODEL, input=QUESTION)
    equal((response.output_text, response.status), (TEXT, "completed"))
    equal(response.usage.total_tokens, 32)
    equal(response._request_id, REQUEST_ID)


def text_stream(client):
    events = list(client.responses.create(model=MODEL, input=QUESTION, stream=True))
    equal(deltas(events), PIECES)
    equal([event.sequence_number for event in events], list(range(len(events))))
    equal((events[0].type, events[-1].type), ("response.created", "response.completed"))
    equal((events[-1].response.output_text, events[-1].response.usage.total_tokens), (TEXT, 32))


def text_stream_helper(client):
    with client.responses.stream(model=MODEL, input=QUESTION) as stream:
        events = list(stream)
        response = stream.get_final_response()
    equal(deltas(events), PIECES)
    # What the SDK has put together itself.
    equal([event.snapshot for event in events if event.type == "response.output_text.delta"][-1], TEXT)
    equal((response.output_text, response.status), (TEXT, "completed"))


def text_stream_async(base_url):
    async def run():
        async with connect(base_url, openai.AsyncOpenAI) as client:
            stream = await client.responses.create(model=MODEL, input=QUESTION, stream=True)
            return [event async for event in stream]

    equal(deltas(asyncio.run(run())), PIECES)


def tool(client):
    ask = partial(client.responses.create, model=MODEL, tools=[TOOL])
    first = ask(input=[user()])
    second = ask(input=[user(), *first.output, tool_result(first)])
    equal(second.output_text, AFTER_TOOL)


def tool_by_id(client):
    """The conversation is the provider's; only what is new is sent."""
    ask = partial(client.responses.create, model=MODEL, tools=[TOOL])
    first = ask(input=[user()])
    equal(ask(previous_response_id=first.id, input=[tool_result(first)]).output_text, AFTER_TOOL)


def tool_stream(client):
    """With the SDK's own accumulator, which is strict about indexes and the order of events."""

    def ask(messages):
        with client.responses.stream(model=MODEL, tools=[TOOL], input=messages) as stream:
            events.extend(stream)
            return stream.get_final_response()

    events = []
    first = ask([user()])
    pieces = [event for event in events if event.type == "response.function_call_arguments.delta"]
    equal((len(pieces), pieces[-1].snapshot), (5, '{"city":"Paris"}'))
    # The SDK adds fields of its own to what it has parsed.
    output = [item.model_dump(exclude={"parsed_arguments"}, exclude_none=True) for item in first.output]
    equal(ask([user(), *output, tool_result(first)]).output_text, AFTER_TOOL)


def parse(client):
    response = client.responses.parse(model=MODEL, input=QUESTION, text_format=Weather)
    equal(response.output_parsed, Weather(city="Paris", celsius=18))


def parse_stream(client):
    with client.responses.stream(model=MODEL, input=QUESTION, text_format=Weather) as stream:
        equal("".join(deltas(stream)), '{"city":"Paris","celsius":18}')
        equal(stream.get_final_response().output_parsed, Weather(city="Paris", celsius=18))


def background(client):
    response = begin(client)
    seen = [response.status]
    while seen[-1] in ("queued", "in_progress") and len(seen) < 10:
        response = client.responses.retrieve(response.id, include=["message.output_text.logprobs"])
        seen.append(response.status)
    equal(seen, ["queued", "in_progress", "completed"])
    equal(response.output_text, TEXT)
    equal(client.responses.delete(response.id), None)
    error = raises(openai.NotFoundError, partial(client.responses.retrieve, response.id))
    equal(error.body["message"], f"Response with id '{response.id}' not found.")


def background_cancel(client):
    response = begin(client)
    equal(client.responses.cancel(response.id).status, "cancelled")
    equal(client.responses.retrieve(response.id).status, "cancelled")


def background_stream(client):
    """Left in the middle and taken up again, by both of the SDK's ways."""
    first = []
    with client.responses.create(model=MODEL, input=QUESTION, background=True, stream=True) as stream:
        for event in stream:
            first.append(event)
            if deltas(first) == PIECES[:2]:
                break
    id, after = first[0].response.id, first[-1].sequence_number
    rest = list(client.responses.retrieve(id, stream=True, starting_after=after))
    equal(deltas(rest), PIECES[2:])
    equal((rest[0].sequence_number, rest[-1].response.id), (after + 1, id))
    with client.responses.stream(response_id=id, starting_after=after) as stream:
        equal(deltas(stream), PIECES[2:])
        equal(stream.get_final_response().output_text, TEXT)


def input_items(client):
    """In pages, which the SDK gets by itself."""
    given = [{"role": "user", "content": content} for content in ("one", "zwei", "三")]
    response = client.responses.create(model=MODEL, input=given, background=True)
    items = list(client.responses.input_items.list(response.id, limit=1, order="asc"))
    equal([item.content for item in items], ["one", "zwei", "三"])


def rate_limit(client, stream):
    ask = partial(client.responses.create, model="error-429", input=QUESTION, stream=stream)
    error = raises(openai.RateLimitError, ask)
    equal((error.status_code, error.request_id, error.code), (429, REQUEST_ID, "rate_limit_exceeded"))
    equal(error.body["message"], "simulated error 429")


def server_error(client):
    error = raises(openai.InternalServerError, partial(client.responses.create, model="error-500", input=QUESTION))
    equal((error.status_code, error.type), (500, "server_error"))


def broken_stream(client):
    def ask():
        for event in client.responses.create(model="broken-stream", input=QUESTION, stream=True):
            seen.append(event)

    seen = []
    error = raises(openai.APIError, ask)
    equal(deltas(seen), ["Half of"])
    equal((error.type, error.code), ("server_error", "server_error"))


def unknown_agent(client, stream):
    ask = partial(client.responses.create, model=MODEL, input=QUESTION, stream=stream)
    error = raises(openai.NotFoundError, ask)
    equal(error.status_code, 404)
    readable(error.body["message"])


def unknown_agent_retrieve(client):
    error = raises(openai.NotFoundError, partial(client.responses.retrieve, "resp_1"))
    readable(error.body["message"])


def begin(client):
    return client.responses.create(model=MODEL, input=[user()], background=True)


def deltas(events):
    return [event.delta for event in events if event.type == "response.output_text.delta"]


def user():
    return {"role": "user", "content": QUESTION}


def tool_result(response):
    equal([item.type for item in response.output], ["reasoning", "function_call"])
    call = response.output[1]
    equal((call.name, json.loads(call.arguments)), ("get_weather", {"city": "Paris"}))
    return {"type": "function_call_output", "call_id": call.call_id, "output": WEATHER}
