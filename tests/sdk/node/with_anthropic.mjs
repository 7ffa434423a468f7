// The official Anthropic SDK on Messages.

import Anthropic from "@anthropic-ai/sdk";

import { AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, TIMEOUT_MS, WEATHER, equal, raises, readable } from "./checks.mjs";

const MODEL = "claude-sonnet-4-6";
const KEY = "sk-ant-node";
const TOKEN = "sk-ant-oat-node";
const HEADER_KEY = "sk-ant-header-node";
const USER = { role: "user", content: QUESTION };
const TOOL = {
  name: "get_weather",
  description: "Current weather in a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const ASK = { model: MODEL, max_tokens: 64, messages: [USER] };

export function conversations(baseURL) {
  const client = connect(baseURL, { apiKey: KEY });
  const bearer = connect(baseURL, { apiKey: null, authToken: TOKEN });
  // From version 1 on the SDK sends an API key as a bearer token; before, and still when told so, in this header.
  const header = connect(baseURL, { apiKey: null, authToken: null, defaultHeaders: { "X-Api-Key": HEADER_KEY } });
  return [
    ["anthropic/text", () => text(client)],
    ["anthropic/text-bearer", () => text(bearer)],
    ["anthropic/text-x-api-key", () => text(header)],
    ["anthropic/text-stream", () => textStream(client)],
    ["anthropic/text-stream-bearer", () => textStream(bearer)],
    ["anthropic/text-stream-x-api-key", () => textStream(header)],
    ["anthropic/tool", () => tool(client)],
    ["anthropic/tool-stream", () => toolStream(client)],
    ["anthropic/error-429", () => rateLimit(client)],
    ["anthropic/error-529", () => overloaded(client, false)],
    ["anthropic/error-529-stream", () => overloaded(client, true)],
    ["anthropic/broken-stream", () => brokenStream(client)],
  ];
}

export function refusals(baseURL) {
  const client = connect(baseURL, { apiKey: KEY });
  return [
    ["anthropic/unknown-agent", () => unknownAgent(client, false)],
    ["anthropic/unknown-agent-stream", () => unknownAgent(client, true)],
  ];
}

function connect(baseURL, options) {
  return new Anthropic({ baseURL, maxRetries: 0, timeout: TIMEOUT_MS, ...options });
}

async function text(client) {
  const message = await client.messages.create(ASK);
  equal(message.content.map((block) => block.text), [TEXT]);
  equal([message.stop_reason, message.usage.output_tokens], ["end_turn", 13]);
  equal(message._request_id, REQUEST_ID);
}

async function textStream(client) {
  const pieces = [];
  const stream = client.messages.stream(ASK).on("text", (piece) => pieces.push(piece));
  const message = await stream.finalMessage();
  equal(pieces.join(""), TEXT);
  equal([message.stop_reason, message.usage.output_tokens], ["end_turn", 13]);
}

async function tool(client) {
  const ask = (messages) => client.messages.create({ ...ASK, tools: [TOOL], messages });
  const first = await ask([USER]);
  const second = await ask([USER, { role: "assistant", content: first.content }, toolResult(first)]);
  equal(second.content[0].text, AFTER_TOOL);
}

/** With the SDK's own accumulator, which is strict about indexes and the order of events. */
async function toolStream(client) {
  const ask = (messages) => client.messages.stream({ ...ASK, tools: [TOOL], messages });
  const first = await ask([USER]).finalMessage();
  const second = await ask([USER, { role: "assistant", content: first.content }, toolResult(first)]).finalText();
  equal(second, AFTER_TOOL);
}

async function rateLimit(client) {
  const error = await raises(Anthropic.RateLimitError, () => client.messages.create({ ...ASK, model: "error-429" }));
  equal([error.status, error.requestID], [429, REQUEST_ID]);
  equal(error.error.error, { type: "rate_limit_error", message: "simulated error 429" });
}

async function overloaded(client, stream) {
  const ask = () => client.messages.create({ ...ASK, model: "error-529", stream });
  const error = await raises(Anthropic.OverloadedError, ask);
  equal(error.status, 529);
  equal(error.error.error, { type: "overloaded_error", message: "simulated error 529" });
}

async function brokenStream(client) {
  const pieces = [];
  const ask = () =>
    client.messages
      .stream({ ...ASK, model: "broken-stream" })
      .on("text", (piece) => pieces.push(piece))
      .finalMessage();
  const error = await raises(Anthropic.APIError, ask);
  equal(pieces, ["Half of"]);
  equal(error.error.error.type, "overloaded_error");
}

async function unknownAgent(client, stream) {
  const error = await raises(Anthropic.NotFoundError, () => client.messages.create({ ...ASK, stream }));
  equal([error.status, error.error.error.type], [404, "not_found_error"]);
  readable(error.error.error.message);
}

function toolResult(message) {
  equal(message.stop_reason, "tool_use");
  equal(message.content.map((block) => block.type), ["text", "tool_use"]);
  const call = message.content[1];
  equal([call.name, call.input], ["get_weather", { city: "Paris" }]);
  return { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: WEATHER }] };
}
