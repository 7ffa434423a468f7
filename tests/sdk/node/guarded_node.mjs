// Holds the official Node SDKs and the Vercel AI SDK against a proxy that refuses calls:
// `guarded_node.mjs CASES OPENAI ANTHROPIC GEMINI`
//
// CASES is tests/sdk/guarded.json, which crates/app/tests/sdk.rs explains; each is asked for whole and streamed. In the
// URLs `{agent}` stands where the case's agent is put.

import { readFileSync } from "node:fs";

import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import { APICallError } from "ai";
import OpenAI from "openai";

import { QUESTION, TIMEOUT_MS, anyFailed, check, collect, equal } from "./checks.mjs";
import { askVercel } from "./guarded_vercel.mjs";

const MODEL = "m";
const TOOLS = ["danger", "safe", "read", "secret", "hidden"];
const SCHEMA = { type: "object", properties: {} };
const HIDDEN = "HIDDEN";
const REFUSAL = /The call of `(\w+)` was refused by the security policy: .*? Decision [0-9a-f-]{36}\./gs;

const ascii = (text) => text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const headers = ({ answers }) => ({ "x-answers": ascii(JSON.stringify(answers)) });
const thinks = ({ expect }) => expect.some(({ thoughts }) => thoughts.length > 0);
const numbers = (list) => [...list.keys()];
const connect = (kind, baseURL) => new kind({ baseURL, apiKey: "k", maxRetries: 0, timeout: TIMEOUT_MS });

async function askOpenai(url, asked, isStreamed) {
  const { completions } = connect(OpenAI, url).chat;
  const messages = [{ role: "user", content: QUESTION }];
  if (asked.result) {
    const call = { id: "call_0", type: "function", function: { name: asked.result, arguments: "{}" } };
    messages.push({ role: "assistant", tool_calls: [call] });
    messages.push({ role: "tool", tool_call_id: "call_0", content: HIDDEN });
  }
  const tools = TOOLS.map((name) => ({ type: "function", function: { name, parameters: SCHEMA } }));
  const settings = { model: MODEL, messages, tools, n: asked.expect.length };
  const options = { headers: headers(asked) };
  const done = [];
  let completion;
  if (!isStreamed) completion = await completions.create(settings, options);
  else {
    const stream = completions.stream({ ...settings, stream_options: { include_usage: true } }, options);
    stream.on("tool_calls.function.arguments.done", ({ name }) => done.push(name));
    // It throws at every answer that was cut off.
    const isCut = asked.expect[0].stop === "cut";
    completion = isCut ? await lastSnapshot(stream) : await stream.finalChatCompletion();
  }
  const called = completion.choices.flatMap(({ message }) => message.tool_calls ?? []);
  if (isStreamed) equal(done.sort(), called.map((call) => call.function.name).sort());
  const outcomes = completion.choices.map(({ index, message, finish_reason }, at) => {
    equal([index, message.role, Boolean(message.content || message.tool_calls?.length)], [at, "assistant", true]);
    return {
      calls: (message.tool_calls ?? []).map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]),
      text: message.content ?? "",
      stop: { tool_calls: "calls", stop: "plain", length: "cut" }[finish_reason],
    };
  });
  return [outcomes, [completion.usage.prompt_tokens, completion.usage.completion_tokens]];
}

async function lastSnapshot(stream) {
  let last;
  stream.on("chunk", (_, snapshot) => (last = snapshot));
  const error = await stream.done().then(
    () => undefined,
    (error) => error,
  );
  if (error && error.constructor.name !== "LengthFinishReasonError") throw error;
  return structuredClone(last);
}

async function askResponses(url, asked, isStreamed) {
  const { responses } = connect(OpenAI, url);
  const input = [{ role: "user", content: QUESTION }];
  if (asked.result) {
    input.push({ type: "function_call", call_id: "call_0", name: asked.result, arguments: "{}" });
    input.push({ type: "function_call_output", call_id: "call_0", output: HIDDEN });
  }
  const tools = TOOLS.map((name) => ({ type: "function", name, parameters: SCHEMA, strict: false }));
  const thinking = { store: false, include: ["reasoning.encrypted_content"], reasoning: { effort: "low" } };
  const settings = { model: MODEL, input, tools, ...(thinks(asked) ? thinking : {}) };
  const options = { headers: headers(asked) };
  let response;
  if (!isStreamed) response = await responses.create(settings, options);
  else {
    const stream = responses.stream(settings, options);
    const events = await collect(stream);
    response = await stream.finalResponse();
    equal(events.map((event) => event.sequence_number), numbers(events));
    const done = events.filter((event) => event.type === "response.output_item.done");
    equal(done.map((event) => event.output_index), numbers(response.output));
    equal(done.map((event) => event.item.id), response.output.map((item) => item.id));
  }
  equal(new Set(response.output.map((item) => item.id)).size, response.output.length);
  const calls = response.output.filter((item) => item.type === "function_call");
  const thoughts = response.output.filter((item) => item.type === "reasoning");
  const texts = response.output.filter((item) => item.type === "message").flatMap((item) => item.content);
  equal(texts.filter((part) => part.text === ""), []);
  const outcome = {
    calls: calls.map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]),
    text: texts.map((part) => part.text).join(""),
    stop: response.incomplete_details ? "cut" : calls.length > 0 ? "calls" : "plain",
    thoughts: thoughts.map((item) => [item.summary.map((part) => part.text).join(""), item.encrypted_content]),
  };
  equal(response.status, outcome.stop === "cut" ? "incomplete" : "completed");
  return [[outcome], [response.usage.input_tokens, response.usage.output_tokens]];
}

async function askAnthropic(url, asked, isStreamed) {
  const client = connect(Anthropic, url);
  const messages = [{ role: "user", content: QUESTION }];
  if (asked.result) {
    const call = { type: "tool_use", id: "call_0", name: asked.result, input: {} };
    const result = { type: "tool_result", tool_use_id: "call_0", content: HIDDEN };
    messages.push({ role: "assistant", content: [call] }, { role: "user", content: [result] });
  }
  const tools = TOOLS.map((name) => ({ name, input_schema: SCHEMA }));
  const thinking = { thinking: { type: "enabled", budget_tokens: 1024 } };
  const settings = { model: MODEL, max_tokens: 4096, messages, tools, ...(thinks(asked) ? thinking : {}) };
  const options = { headers: headers(asked) };
  let message;
  if (!isStreamed) message = await client.messages.create(settings, options);
  else {
    const events = [];
    const stream = client.messages.stream(settings, options).on("streamEvent", (event) => events.push(event));
    message = await stream.finalMessage();
    const indexes = (kind) => events.filter((event) => event.type === kind).map((event) => event.index);
    equal(indexes("content_block_start"), numbers(message.content));
    equal(indexes("content_block_stop"), numbers(message.content));
    equal(["message_start", "message_delta", "message_stop"].map((kind) => indexes(kind).length), [1, 1, 1]);
  }
  const of = (kind) => message.content.filter((block) => block.type === kind);
  // The API would not take them back.
  equal([message.content.length > 0, of("text").filter((block) => block.text === "")], [true, []]);
  const outcome = {
    calls: of("tool_use").map((block) => [block.id, block.name, block.input]),
    text: of("text").map((block) => block.text).join(""),
    stop: { tool_use: "calls", end_turn: "plain", max_tokens: "cut" }[message.stop_reason],
    thoughts: of("thinking").map((block) => [block.thinking, block.signature]),
  };
  return [[outcome], [message.usage.input_tokens, message.usage.output_tokens]];
}

async function askGoogle(baseUrl, asked, isStreamed) {
  const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl, timeout: TIMEOUT_MS, headers: headers(asked) } });
  const functionDeclarations = TOOLS.map((name) => ({ name, parametersJsonSchema: SCHEMA }));
  const thinking = { thinkingConfig: { includeThoughts: true } };
  const config = { tools: [{ functionDeclarations }], ...(thinks(asked) ? thinking : {}) };
  const [history, name] = [[], asked.result];
  if (name) {
    history.push({ role: "user", parts: [{ text: QUESTION }] });
    history.push({ role: "model", parts: [{ functionCall: { name, args: {} } }] });
  }
  const before = history.length;
  const message = name ? [{ functionResponse: { name, response: { output: HIDDEN } } }] : QUESTION;
  const chat = client.chats.create({ model: MODEL, config, history });
  const answers = isStreamed
    ? await collect(await chat.sendMessageStream({ message }))
    : [await chat.sendMessage({ message })];
  equal(chat.getHistory(true), chat.getHistory());
  const contents = chat.getHistory().slice(before + 1);
  equal([...new Set(contents.map((content) => content.role))], ["model"]);
  const parts = contents.flatMap((content) => content.parts);
  const calls = parts.filter((part) => part.functionCall);
  equal(answers.flatMap((answer) => answer.functionCalls ?? []), calls.map((part) => part.functionCall));
  equal(calls.map((part) => part.thoughtSignature), calls.map(() => "Y2FsbA=="));
  const reasons = answers.flatMap((answer) => answer.candidates[0].finishReason ?? []);
  equal(reasons.length, 1);
  const outcome = {
    calls: calls.map(({ functionCall }) => [functionCall.id, functionCall.name, functionCall.args]),
    text: parts.map((part) => (part.thought ? "" : (part.text ?? ""))).join(""),
    stop: { STOP: calls.length > 0 ? "calls" : "plain", MAX_TOKENS: "cut" }[reasons[0]],
    thoughts: parts.filter((part) => part.thought).map((part) => [part.text, part.thoughtSignature]),
  };
  const usage = answers.at(-1).usageMetadata;
  return [[outcome], [usage.promptTokenCount, usage.candidatesTokenCount]];
}

/** What the Vercel AI SDK makes of one of the APIs. */
function vercel(api) {
  const ask = (url, asked, isStreamed) => {
    const shared = { names: TOOLS, schema: SCHEMA, hidden: HIDDEN, headers: headers(asked), thinks: thinks(asked) };
    return askVercel(api, url, asked, isStreamed, shared);
  };
  // It makes one of Gemini's thoughts that follow each other.
  ask.merges = api === "google";
  return ask;
}

async function isWell(ask, url, asked, isStreamed) {
  const [outcomes, usage] = await ask(url, asked, isStreamed);
  equal(outcomes.length, asked.expect.length);
  outcomes.forEach(({ calls, text, stop, thoughts }, at) => {
    const wanted = asked.expect[at];
    if (JSON.stringify(outcomes[at]).includes("SECRET")) throw new Error(`left of a refused call: ${JSON.stringify(outcomes)}`);
    equal(calls.map(([, name, args]) => [name, args]), wanted.calls);
    equal(calls.map(([id]) => id), wanted.calls.map(([name]) => `call_${name}`));
    equal([...text.matchAll(REFUSAL)].map(([, name]) => name), wanted.refused);
    equal(text.replace(REFUSAL, "").replace(/\s/g, ""), wanted.says.replace(/\s/g, ""));
    equal(stop, wanted.stop);
    const seen = ask.merges && isStreamed ? merged : (thoughts) => thoughts;
    if (thoughts) equal(seen(thoughts), seen(wanted.thoughts));
  });
  equal(usage, [3 * asked.answers.length, 4 * asked.answers.length]);
}

/** Their texts, and the last signature. */
function merged(thoughts) {
  return thoughts.length > 0 ? [[thoughts.map(([text]) => text).join(""), thoughts.at(-1)[1]]] : [];
}

/** No answer at all: what the provider sent is no JSON. */
async function fails(ask, url, asked, isStreamed) {
  const error = await ask(url, asked, isStreamed).then(
    (outcome) => {
      throw new Error(`no error but ${JSON.stringify(outcome)}`);
    },
    (error) => error,
  );
  const isFailure = [Anthropic.APIError, ApiError, APICallError].some((kind) => error instanceof kind);
  if (!isFailure || error.message.includes("SECRET")) throw error;
}

const [file, openaiUrl, anthropicUrl, googleUrl, ...names] = process.argv.slice(2);

const sdks = [
  ["openai", askOpenai, openaiUrl],
  ["responses", askResponses, openaiUrl],
  ["anthropic", askAnthropic, anthropicUrl],
  ["google", askGoogle, googleUrl],
  ["vercel-openai", vercel("openai"), openaiUrl],
  ["vercel-responses", vercel("responses"), openaiUrl],
  ["vercel-anthropic", vercel("anthropic"), anthropicUrl],
  ["vercel-google", vercel("google"), googleUrl],
];

for (const [sdk, ask, url] of sdks) {
  for (const asked of JSON.parse(readFileSync(file, "utf8"))) {
    const { agent, name, only = [sdk] } = asked;
    if (!only.includes(sdk) || (names.length > 0 && !names.includes(name))) continue;
    for (const how of ["whole", "stream"]) {
      const body = asked.fails?.includes(`${sdk.replace("vercel-", "")}/${how}`) ? fails : isWell;
      await check(`${sdk}/${name}/${how}`, () => body(ask, url.replace("{agent}", `/${agent}`), asked, how === "stream"));
    }
  }
}

// Without waiting for connections that the SDKs keep open.
process.exit(anyFailed() ? 1 : 0);
