"""The official Google SDK on the Gemini API, in both versions of that API, and on Vertex AI."""

import asyncio
from functools import partial

from google import genai
from google.genai import errors, types
from google.oauth2 import credentials

from checks import AFTER_TOOL, QUESTION, TEXT, TIMEOUT_SECONDS, WEATHER, equal, raises, readable

MODEL = "gemini-2.5-flash"
EMBEDDER = "gemini-embedding-001"
CITED = "https://example.com/gr%C3%BC%C3%9Fe"
TOKEN = "ya29.google-python"
KEY = "AIza-google-python"
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="Current weather in a city",
            parameters=types.Schema(
                type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
            ),
        )
    ]
)
CONFIG = types.GenerateContentConfig(tools=[TOOL])


def conversations(base_url):
    """As a client of AI Studio."""
    for version in ("v1beta", "v1"):
        yield from checks(f"google-{version}", connect(base_url, version))


def cloud_conversations(base_url):
    """As a client of Vertex AI: with a token, and with a key in express mode."""
    options = types.HttpOptions(base_url=base_url, timeout=TIMEOUT_SECONDS * 1000)
    token = credentials.Credentials(TOKEN, quota_project_id="theirs")
    token = genai.Client(
        vertexai=True, project="acme", location="us-central1", credentials=token, http_options=options
    )
    yield from checks("google-vertex", token)
    yield from checks("google-vertex-express", genai.Client(vertexai=True, api_key=KEY, http_options=options))


def checks(name, client):
    yield f"{name}/text", partial(text, client)
    yield f"{name}/text-stream", partial(text_stream, client)
    yield f"{name}/text-stream-async", partial(text_stream_async, client)
    yield f"{name}/tool", partial(tool, client)
    yield f"{name}/tool-stream", partial(tool_stream, client)
    yield f"{name}/count-tokens", partial(count_tokens, client)
    yield f"{name}/embed-content", partial(embed_content, client)
    yield f"{name}/embed-contents", partial(embed_contents, client)
    yield f"{name}/models-list", partial(models_list, client)
    yield f"{name}/models-get", partial(models_get, client)
    yield f"{name}/models-get-404", partial(models_get_404, client)
    yield f"{name}/error-429", partial(quota, client, False)
    yield f"{name}/error-429-stream", partial(quota, client, True)
    yield f"{name}/error-503", partial(unavailable, client)
    yield f"{name}/broken-stream", partial(broken_stream, client)


def refusals(base_url):
    for version in ("v1beta", "v1"):
        client = connect(base_url, version)
        yield f"google-{version}/unknown-agent", partial(unknown_agent, client, False)
        yield f"google-{version}/unknown-agent-stream", partial(unknown_agent, client, True)


def connect(base_url, version):
    options = types.HttpOptions(base_url=base_url, api_version=version, timeout=TIMEOUT_SECONDS * 1000)
    return genai.Client(api_key=KEY, http_options=options)


def text(client):
    response = client.models.generate_content(model=MODEL, contents=QUESTION)
    equal(response.text, TEXT)
    equal(response.candidates[0].finish_reason, types.FinishReason.STOP)
    equal(response.usage_metadata.total_token_count, 17)
    equal(citations(response), [CITED])


def text_stream(client):
    chunks = list(client.models.generate_content_stream(model=MODEL, contents=QUESTION))
    equal("".join(chunk.text for chunk in chunks), TEXT)
    equal(chunks[-1].candidates[0].finish_reason, types.FinishReason.STOP)
    equal(chunks[-1].usage_metadata.candidates_token_count, 6)
    equal(citations(chunks[-1]), [CITED])


def text_stream_async(client):
    async def run():
        stream = await client.aio.models.generate_content_stream(model=MODEL, contents=QUESTION)
        chunks = [chunk.text async for chunk in stream]
        await client.aio.aclose()
        return chunks

    equal("".join(asyncio.run(run())), TEXT)


def tool(client):
    ask = partial(client.models.generate_content, model=MODEL, config=CONFIG)
    first = ask(contents=[user()])
    second = ask(contents=[user(), first.candidates[0].content, tool_result(first.function_calls)])
    equal(second.text, AFTER_TOOL)


def tool_stream(client):
    ask = partial(client.models.generate_content_stream, model=MODEL, config=CONFIG)
    first = list(ask(contents=[user()]))
    parts = [part for chunk in first for part in chunk.candidates[0].content.parts]
    calls = [part.function_call for part in parts if part.function_call]
    equal(parts[0].text, "I will look up the weather.")
    second = ask(contents=[user(), types.Content(role="model", parts=parts), tool_result(calls)])
    equal("".join(chunk.text for chunk in second), AFTER_TOOL)


def count_tokens(client):
    equal(client.models.count_tokens(model=MODEL, contents=[user()]).total_tokens, len(QUESTION))


def embed_content(client):
    response = client.models.embed_content(model=EMBEDDER, contents=QUESTION)
    equal([embedding.values for embedding in response.embeddings], [[len(QUESTION), -1e-3, -1e-3]])


def embed_contents(client):
    """In their order, with an option."""
    config = types.EmbedContentConfig(output_dimensionality=2)
    response = client.models.embed_content(model=EMBEDDER, contents=["one", "three", "東京"], config=config)
    equal([embedding.values for embedding in response.embeddings], [[3, -1e-3], [5, -1e-3], [2, -1e-3]])


def models_list(client):
    """In pages, which the SDK gets by itself."""
    models = list(client.models.list(config={"page_size": 1}))
    equal([model.name.removeprefix("publishers/google/") for model in models], [f"models/{MODEL}", f"models/{EMBEDDER}"])
    # Only AI Studio tells what they can do.
    if not client.vertexai:
        equal([model.supported_actions[0] for model in models], ["generateContent", "embedContent"])


def models_get(client):
    model = client.models.get(model=MODEL)
    equal((model.name.removeprefix("publishers/google/"), model.version), (f"models/{MODEL}", "001"))


def models_get_404(client):
    error = raises(errors.ClientError, partial(client.models.get, model="unknown"))
    equal((error.code, error.status, error.message), (404, "NOT_FOUND", "models/unknown is not found"))


def quota(client, stream):
    error = raises(errors.ClientError, partial(ask_for, client, "error-429", stream))
    equal((error.code, error.status, error.message), (429, "RESOURCE_EXHAUSTED", "simulated error 429"))


def unavailable(client):
    error = raises(errors.ServerError, partial(ask_for, client, "error-503", False))
    equal((error.code, error.status), (503, "UNAVAILABLE"))


def broken_stream(client):
    def ask():
        seen.extend(chunk.text for chunk in client.models.generate_content_stream(model="broken-stream", contents="?"))

    seen = []
    error = raises(errors.ServerError, ask)
    equal((error.code, error.status), (503, "UNAVAILABLE"))


def unknown_agent(client, stream):
    error = raises(errors.ClientError, partial(ask_for, client, MODEL, stream))
    equal((error.code, error.status), (404, "NOT_FOUND"))
    readable(error.message)


def citations(response):
    return [citation.uri for citation in response.candidates[0].citation_metadata.citations]


def ask_for(client, model, stream):
    if stream:
        return list(client.models.generate_content_stream(model=model, contents=QUESTION))
    return client.models.generate_content(model=model, contents=QUESTION)


def user():
    return types.Content(role="user", parts=[types.Part(text=QUESTION)])


def tool_result(calls):
    (call,) = calls
    equal((call.name, call.args), ("get_weather", {"city": "Paris"}))
    answer = types.FunctionResponse(id=call.id, name=call.name, response={"output": WEATHER})
    return types.Content(role="user", parts=[types.Part(function_response=answer)])
