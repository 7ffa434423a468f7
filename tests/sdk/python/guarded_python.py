"""Holds the official Python SDKs against a proxy that refuses calls: `guarded_python.py CASES OPENAI ANTHROPIC GEMINI`

CASES is tests/sdk/guarded.json, which crates/app/tests/sdk.rs explains; each is asked for whole and streamed. In the URLs
`{agent}` stands where the case's agent is put.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path

import anthropic
import openai
from google import genai
from google.genai import errors, types

from checks import QUESTION, TIMEOUT_SECONDS, Report, equal

MODEL = "m"
TOOLS = ["danger", "safe", "read", "secret", "hidden"]
SCHEMA = {"type": "object", "properties": {}}
HIDDEN = "HIDDEN"
REFUSAL = re.compile(r"The call of `(\w+)` was refused by the security policy: .*? Decision [0-9a-f-]{36}\.", re.DOTALL)


@cache
def connect(kind, url):
    return kind(base_url=url, api_key="k", max_retries=0, timeout=TIMEOUT_SECONDS)


@cache
def connect_google(url):
    return genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url, timeout=TIMEOUT_SECONDS * 1000))


def ask_openai(url, case, stream):
    client = connect(openai.OpenAI, url)
    messages = [{"role": "user", "content": QUESTION}]
    if tool := case.get("result"):
        call = {"id": "call_0", "type": "function", "function": {"name": tool, "arguments": "{}"}}
        messages += [{"role": "assistant", "tool_calls": [call]}]
        messages += [{"role": "tool", "tool_call_id": "call_0", "content": HIDDEN}]
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in TOOLS]
    settings = {"model": MODEL, "messages": messages, "tools": tools, "extra_headers": headers(case)}
    settings["n"] = len(case["expect"])
    done, is_streamed = [], stream
    if stream:
        try:
            with client.chat.completions.stream(**settings) as stream:
                for event in stream:
                    if event.type == "tool_calls.function.arguments.done":
                        done.append(event.name)
                completion = stream.get_final_completion()
        except openai.LengthFinishReasonError as error:
            # What the SDK makes of every answer that was cut off.
            completion = error.completion
    else:
        completion = client.chat.completions.create(**settings)
    called = [call.function.name for choice in completion.choices for call in choice.message.tool_calls or []]
    equal(sorted(done), sorted(called) if is_streamed else [])
    outcomes = []
    for index, choice in enumerate(completion.choices):
        calls = choice.message.tool_calls or []
        equal((choice.index, choice.message.role, bool(choice.message.content or calls)), (index, "assistant", True))
        equal([call.index for call in calls if hasattr(call, "index")], list(range(len(calls))) if is_streamed else [])
        outcomes.append(
            {
                "calls": [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls],
                "text": choice.message.content or "",
                "stop": {"tool_calls": "calls", "stop": "plain", "length": "cut"}[choice.finish_reason],
            }
        )
    return outcomes, (completion.usage.prompt_tokens, completion.usage.completion_tokens)


def ask_responses(url, case, stream):
    client = connect(openai.OpenAI, url)
    items = [{"role": "user", "content": QUESTION}]
    if tool := case.get("result"):
        items += [{"type": "function_call", "call_id": "call_0", "name": tool, "arguments": "{}"}]
        items += [{"type": "function_call_output", "call_id": "call_0", "output": HIDDEN}]
    tools = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in TOOLS]
    settings = {"model": MODEL, "input": items, "tools": tools, "extra_headers": headers(case)}
    if thinks(case):
        settings |= {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"}}
    if stream:
        with client.responses.stream(**settings) as stream:
            events = list(stream)
            response = events[-1].response
            if events[-1].type == "response.completed":
                response = stream.get_final_response()
        equal([event.sequence_number for event in events], list(range(len(events))))
        done = [event for event in events if event.type == "response.output_item.done"]
        equal([event.output_index for event in done], list(range(len(response.output))))
        equal([event.item.id for event in done], [item.id for item in response.output])
        done = [event for event in events if event.type == "response.function_call_arguments.done"]
        called = [item for item in response.output if item.type == "function_call"]
        equal([event.arguments for event in done], [item.arguments for item in called])
    else:
        response = client.responses.create(**settings)
    equal(len({item.id for item in response.output}), len(response.output))
    calls = [item for item in response.output if item.type == "function_call"]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    texts = [part.text for item in response.output if item.type == "message" for part in item.content]
    equal("" in texts, False)
    outcome = {
        "calls": [(item.call_id, item.name, json.loads(item.arguments)) for item in calls],
        "text": response.output_text,
        "stop": "cut" if response.incomplete_details else "calls" if calls else "plain",
        "thoughts": [["".join(part.text for part in item.summary), item.encrypted_content] for item in thoughts],
    }
    equal(response.status, "incomplete" if outcome["stop"] == "cut" else "completed")
    return [outcome], (response.usage.input_tokens, response.usage.output_tokens)


def ask_anthropic(url, case, stream):
    client = connect(anthropic.Anthropic, url)
    messages = [{"role": "user", "content": QUESTION}]
    if tool := case.get("result"):
        call = {"type": "tool_use", "id": "call_0", "name": tool, "input": {}}
        messages += [{"role": "assistant", "content": [call]}]
        result = {"type": "tool_result", "tool_use_id": "call_0", "content": HIDDEN}
        messages += [{"role": "user", "content": [result]}]
    tools = [{"name": name, "input_schema": SCHEMA} for name in TOOLS]
    settings = {"model": MODEL, "max_tokens": 4096, "messages": messages, "tools": tools, "extra_headers": headers(case)}
    if thinks(case):
        settings["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if stream:
        with client.messages.stream(**settings) as stream:
            events = list(stream)
            message = stream.get_final_message()
        begun = [event.index for event in events if event.type == "content_block_start"]
        ended = [event.index for event in events if event.type == "content_block_stop"]
        equal((begun, ended), (list(range(len(message.content))),) * 2)
        kinds = [event.type for event in events]
        equal([kinds.count(kind) for kind in ("message_start", "message_delta", "message_stop")], [1, 1, 1])
    else:
        message = client.messages.create(**settings)
    calls = [block for block in message.content if block.type == "tool_use"]
    # The API would not take them back.
    equal((len(message.content) > 0, [block for block in message.content if getattr(block, "text", None) == ""]), (True, []))
    outcome = {
        "calls": [(block.id, block.name, block.input) for block in calls],
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "stop": {"tool_use": "calls", "end_turn": "plain", "max_tokens": "cut"}[message.stop_reason],
        "thoughts": [[block.thinking, block.signature] for block in message.content if block.type == "thinking"],
    }
    return [outcome], (message.usage.input_tokens, message.usage.output_tokens)


def ask_google(url, case, stream):
    declarations = [types.FunctionDeclaration(name=name, parameters_json_schema=SCHEMA) for name in TOOLS]
    thinking = types.ThinkingConfig(include_thoughts=True) if thinks(case) else None
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=declarations)],
        thinking_config=thinking,
        http_options=types.HttpOptions(headers=headers(case)),
    )
    history, message = [], QUESTION
    if tool := case.get("result"):
        call = types.Part.from_function_call(name=tool, args={})
        history = [types.Content(role="user", parts=[types.Part(text=QUESTION)])]
        history += [types.Content(role="model", parts=[call])]
        message = types.Part.from_function_response(name=tool, response={"output": HIDDEN})
    chat = connect_google(url).chats.create(model=MODEL, config=config, history=history)
    if stream:
        answers = list(chat.send_message_stream(message))
    else:
        answers = [chat.send_message(message)]
    equal(chat.get_history(curated=True), chat.get_history())
    contents = chat.get_history()[len(history) + 1 :]
    equal({content.role for content in contents}, {"model"})
    parts = [part for content in contents for part in content.parts]
    calls = [part.function_call for part in parts if part.function_call]
    equal([call for answer in answers for call in answer.function_calls or []], calls)
    (reason,) = [answer.candidates[0].finish_reason for answer in answers if answer.candidates[0].finish_reason]
    outcome = {
        "calls": [(call.id, call.name, call.args) for call in calls],
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "stop": {"STOP": "calls" if calls else "plain", "MAX_TOKENS": "cut"}[reason.value],
        "thoughts": [[part.text, signature(part.thought_signature)] for part in parts if part.thought],
    }
    equal([part.thought_signature for part in parts if part.function_call], [b"call"] * len(calls))
    usage = answers[-1].usage_metadata
    return [outcome], (usage.prompt_token_count, usage.candidates_token_count)


SDKS = {"openai": ask_openai, "responses": ask_responses, "anthropic": ask_anthropic, "google": ask_google}
FAILURES = {
    "anthropic": (anthropic.APIStatusError, lambda error: error.status_code),
    "google": (errors.ServerError, lambda error: error.code),
}


def check(sdk, url, case, stream):
    if f"{sdk}/{'stream' if stream else 'whole'}" in case.get("fails", []):
        return fails(sdk, url, case, stream)
    outcomes, usage = SDKS[sdk](url, case, stream)
    equal(len(outcomes), len(case["expect"]))
    for outcome, wanted in zip(outcomes, case["expect"]):
        if "SECRET" in json.dumps(outcome):
            raise AssertionError(f"something of a refused call is left: {outcome}")
        equal([[name, arguments] for _, name, arguments in outcome["calls"]], wanted["calls"])
        equal([id for id, _, _ in outcome["calls"]], [f"call_{name}" for name, _ in wanted["calls"]])
        equal(REFUSAL.findall(outcome["text"]), wanted["refused"])
        equal("".join(REFUSAL.sub("", outcome["text"]).split()), "".join(wanted["says"].split()))
        equal(outcome["stop"], wanted["stop"])
        equal(outcome.get("thoughts", wanted["thoughts"]), wanted["thoughts"])
    asked = len(case["answers"])
    equal(usage, (3 * asked, 4 * asked))


def fails(sdk, url, case, stream):
    """No answer at all: what the provider sent is no JSON."""
    kind, status = FAILURES[sdk]
    try:
        outcome = SDKS[sdk](url, case, stream)
    except kind as error:
        equal(status(error), 502)
        if "SECRET" in str(error):
            raise AssertionError(f"something of a refused call is left: {error}")
    else:
        raise AssertionError(f"no error but {outcome}")


def headers(case):
    return {"x-answers": json.dumps(case["answers"])}


def thinks(case):
    return any(wanted["thoughts"] for wanted in case["expect"])


def signature(value):
    """As the provider wrote it."""
    return value and types.Part(thought_signature=value).model_dump(mode="json")["thought_signature"]


def main(cases, openai_url, anthropic_url, google_url, *names):
    report = Report()
    urls = {"openai": openai_url, "responses": openai_url, "anthropic": anthropic_url, "google": google_url}
    cases = json.loads(Path(cases).read_text())
    for sdk, url in urls.items():
        for case in cases:
            if sdk not in case.get("only", [sdk]) or names and case["name"] not in names:
                continue
            agent = url.replace("{agent}", "/" + case["agent"])
            for stream in (False, True):
                how = "stream" if stream else "whole"
                report.check(f"{sdk}/{case['name']}/{how}", lambda: check(sdk, agent, case, stream))
    return 1 if report.failed else 0


sys.exit(main(*sys.argv[1:]))
