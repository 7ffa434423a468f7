// The official OpenAI SDK on Chat Completions.

import OpenAI from "openai";

import { AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, TIMEOUT_MS, WEATHER, collect, equal, raises, readable } from "./checks.mjs";

export const MODEL = "gpt-4.1";
const KEY = "sk-openai-node";
const USER = { role: "user", content: QUESTION };
const TOOL = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Current weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

export function conversations(baseURL) {
  const client = connect(baseURL);
  return [
    ["openai/text", () => text(client)],
    ["openai/text-stream", () => textStream(client)],
    ["openai/tool", () => tool(client)],
    ["openai/tool-stream", () => toolStream(client)],
    ["openai/error-429", () => rateLimit(client, false)],
    ["openai/error-429-stream", () => rateLimit(client, true)],
    ["openai/error-500", () => serverError(client)],
    ["openai/broken-stream", () => brokenStream(client)],
  ];
}

export function refusals(baseURL) {
  const client = connect(baseURL);
  return [
    ["openai/unknown-agent", () => unknownAgent(client, false)],
    ["openai/unknown-agent-stream", () => unknownAgent(client, true)],
  ];
}

export function connect(baseURL) {
  return new OpenAI({ baseURL, apiKey: KEY, maxRetries: 0, timeout: TIMEOUT_MS });
}

async function text(client) {
  const completion = await client.chat.completions.create({ model: MODEL, messages: [USER] });
  equal(completion.choices[0].message.content, TEXT);
  equal(completion.choices[0].finish_reason, "stop");
  equal(completion.usage.total_tokens, 32);
  equal(completion._request_id, REQUEST_ID);
}

async function textStream(client) {
  const options = { stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await client.chat.completions.create({ model: MODEL, messages: [USER], ...options }));
  equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), TEXT);
  equal(chunks.at(-2).choices[0].finish_reason, "stop");
  equal(chunks.at(-1).usage.total_tokens, 32);
}

async function tool(client) {
  const ask = (messages) => client.chat.completions.create({ model: MODEL, tools: [TOOL], messages });
  const first = await ask([USER]);
  equal(first.choices[0].finish_reason, "tool_calls");
  const message = first.choices[0].message;
  const second = await ask([USER, message, toolResult(message)]);
  equal(second.choices[0].message.content, AFTER_TOOL);
}

/** With the SDK's own accumulator, which is strict about indexes and ids. */
async function toolStream(client) {
  const ask = (messages) => client.chat.completions.stream({ model: MODEL, tools: [TOOL], messages });
  const first = await ask([USER]).finalChatCompletion();
  equal(first.choices[0].finish_reason, "tool_calls");
  const message = first.choices[0].message;
  const second = await ask([USER, message, toolResult(message)]).finalContent();
  equal(second, AFTER_TOOL);
}

async function rateLimit(client, stream) {
  const ask = () => client.chat.completions.create({ model: "error-429", messages: [USER], stream });
  const error = await raises(OpenAI.RateLimitError, ask);
  equal([error.status, error.code, error.requestID], [429, "rate_limit_exceeded", REQUEST_ID]);
  equal(error.error.message, "simulated error 429");
}

async function serverError(client) {
  const ask = () => client.chat.completions.create({ model: "error-500", messages: [USER] });
  const error = await raises(OpenAI.InternalServerError, ask);
  equal([error.status, error.type], [500, "server_error"]);
}

async function brokenStream(client) {
  const seen = [];
  const error = await raises(OpenAI.APIError, async () => {
    const stream = await client.chat.completions.create({ model: "broken-stream", messages: [USER], stream: true });
    for await (const chunk of stream) seen.push(chunk.choices[0].delta.content);
  });
  equal(seen, ["", "Half of"]);
  equal(error.type, "server_error");
}

async function unknownAgent(client, stream) {
  const ask = () => client.chat.completions.create({ model: MODEL, messages: [USER], stream });
  const error = await raises(OpenAI.NotFoundError, ask);
  equal(error.status, 404);
  readable(error.error.message);
}

function toolResult(message) {
  equal(message.tool_calls.length, 1);
  const call = message.tool_calls[0];
  equal([call.function.name, JSON.parse(call.function.arguments)], ["get_weather", { city: "Paris" }]);
  return { role: "tool", tool_call_id: call.id, content: WEATHER };
}
