// The official OpenAI SDK on Responses.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { AFTER_TOOL, QUESTION, REQUEST_ID, TEXT, WEATHER, collect, equal, raises, readable } from "./checks.mjs";
import { MODEL, connect } from "./with_openai.mjs";

const USER = { role: "user", content: QUESTION };
const TOOL = {
  type: "function",
  name: "get_weather",
  description: "Current weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const PIECES = ["Grüße", " aus", " 東京", " —", " it works.", " 🙂"];
const FORMAT = zodTextFormat(z.object({ city: z.string(), celsius: z.number() }), "Weather");
const PARSED = { city: "Paris", celsius: 18 };

export function conversations(baseURL) {
  const { responses } = connect(baseURL);
  return [
    ["responses/text", () => text(responses)],
    ["responses/text-stream", () => textStream(responses)],
    ["responses/text-stream-helper", () => textStreamHelper(responses)],
    ["responses/tool", () => tool(responses)],
    ["responses/tool-by-id", () => toolById(responses)],
    ["responses/tool-stream", () => toolStream(responses)],
    ["responses/parse", () => parse(responses)],
    ["responses/parse-stream", () => parseStream(responses)],
    ["responses/background", () => background(responses)],
    ["responses/background-cancel", () => backgroundCancel(responses)],
    ["responses/background-stream", () => backgroundStream(responses)],
    ["responses/input-items", () => inputItems(responses)],
    ["responses/error-429", () => rateLimit(responses, false)],
    ["responses/error-429-stream", () => rateLimit(responses, true)],
    ["responses/error-500", () => serverError(responses)],
    ["responses/broken-stream", () => brokenStream(responses)],
  ];
}

export function refusals(baseURL) {
  const { responses } = connect(baseURL);
  return [
    ["responses/unknown-agent", () => unknownAgent(() => responses.create({ model: MODEL, input: QUESTION }))],
    [
      "responses/unknown-agent-stream",
      () => unknownAgent(() => responses.create({ model: MODEL, input: QUESTION, stream: true })),
    ],
    ["responses/unknown-agent-retrieve", () => unknownAgent(() => responses.retrieve("resp_1"))],
  ];
}

async function text(responses) {
  const response = await responses.create({ model: MODEL, input: QUESTION });
  equal([response.output_text, response.status, response.usage.total_tokens], [TEXT, "completed", 32]);
  equal(response._request_id, REQUEST_ID);
}

async function textStream(responses) {
  const events = await collect(await responses.create({ model: MODEL, input: QUESTION, stream: true }));
  equal(deltas(events), PIECES);
  equal(events.map((event) => event.sequence_number), [...events.keys()]);
  equal([events[0].type, events.at(-1).type], ["response.created", "response.completed"]);
  equal(events.at(-1).response.usage.total_tokens, 32);
}

async function textStreamHelper(responses) {
  const stream = responses.stream({ model: MODEL, input: QUESTION });
  // What the SDK has put together itself.
  let snapshot;
  stream.on("response.output_text.delta", (event) => (snapshot = event.snapshot));
  equal(deltas(await collect(stream)), PIECES);
  const response = await stream.finalResponse();
  equal([snapshot, response.output_text, response.status], [TEXT, TEXT, "completed"]);
}

async function tool(responses) {
  const ask = (input) => responses.create({ model: MODEL, tools: [TOOL], input });
  const first = await ask([USER]);
  const second = await ask([USER, ...first.output, toolResult(first)]);
  equal(second.output_text, AFTER_TOOL);
}

/** The conversation is the provider's; only what is new is sent. */
async function toolById(responses) {
  const ask = (settings) => responses.create({ model: MODEL, tools: [TOOL], ...settings });
  const first = await ask({ input: [USER] });
  const second = await ask({ previous_response_id: first.id, input: [toolResult(first)] });
  equal(second.output_text, AFTER_TOOL);
}

/** With the SDK's own accumulator, which is strict about indexes and the order of events. */
async function toolStream(responses) {
  const ask = (input) => responses.stream({ model: MODEL, tools: [TOOL], input });
  const stream = ask([USER]);
  const pieces = [];
  stream.on("response.function_call_arguments.delta", (event) => pieces.push(event.snapshot));
  const first = await stream.finalResponse();
  equal([pieces.length, pieces.at(-1)], [5, '{"city":"Paris"}']);
  // The SDK adds fields of its own to what it has parsed.
  const output = first.output.map(({ parsed_arguments, ...item }) => item);
  equal((await ask([USER, ...output, toolResult(first)]).finalResponse()).output_text, AFTER_TOOL);
}

async function parse(responses) {
  const response = await responses.parse({ model: MODEL, input: QUESTION, text: { format: FORMAT } });
  equal(response.output_parsed, PARSED);
}

async function parseStream(responses) {
  const stream = responses.stream({ model: MODEL, input: QUESTION, text: { format: FORMAT } });
  equal(deltas(await collect(stream)).join(""), JSON.stringify(PARSED));
  equal((await stream.finalResponse()).output_parsed, PARSED);
}

async function background(responses) {
  let response = await begin(responses);
  const seen = [response.status];
  while (["queued", "in_progress"].includes(seen.at(-1)) && seen.length < 10) {
    response = await responses.retrieve(response.id, { include: ["message.output_text.logprobs"] });
    seen.push(response.status);
  }
  equal(seen, ["queued", "in_progress", "completed"]);
  equal(response.output_text, TEXT);
  await responses.delete(response.id);
  const error = await raises(OpenAI.NotFoundError, () => responses.retrieve(response.id));
  equal(error.error.message, `Response with id '${response.id}' not found.`);
}

async function backgroundCancel(responses) {
  const { id } = await begin(responses);
  equal((await responses.cancel(id)).status, "cancelled");
  equal((await responses.retrieve(id)).status, "cancelled");
}

/** Left in the middle and taken up again, by both of the SDK's ways. */
async function backgroundStream(responses) {
  const first = [];
  for await (const event of await responses.create({ ...ASK_LATER, stream: true })) {
    first.push(event);
    if (deltas(first).length === 2) break;
  }
  const [id, starting_after] = [first[0].response.id, first.at(-1).sequence_number];
  const rest = await collect(await responses.retrieve(id, { stream: true, starting_after }));
  equal(deltas(rest), PIECES.slice(2));
  equal([rest[0].sequence_number, rest.at(-1).response.id], [starting_after + 1, id]);
  const stream = responses.stream({ response_id: id, starting_after });
  equal(deltas(await collect(stream)), PIECES.slice(2));
  equal((await stream.finalResponse()).output_text, TEXT);
}

/** In pages, which the SDK gets by itself. */
async function inputItems(responses) {
  const given = ["one", "zwei", "三"];
  const input = given.map((content) => ({ role: "user", content }));
  const { id } = await responses.create({ model: MODEL, input, background: true });
  const items = await collect(responses.inputItems.list(id, { limit: 1, order: "asc" }));
  equal(items.map((item) => item.content), given);
}

async function rateLimit(responses, stream) {
  const ask = () => responses.create({ model: "error-429", input: QUESTION, stream });
  const error = await raises(OpenAI.RateLimitError, ask);
  equal([error.status, error.code, error.requestID], [429, "rate_limit_exceeded", REQUEST_ID]);
  equal(error.error.message, "simulated error 429");
}

async function serverError(responses) {
  const ask = () => responses.create({ model: "error-500", input: QUESTION });
  const error = await raises(OpenAI.InternalServerError, ask);
  equal([error.status, error.type], [500, "server_error"]);
}

async function brokenStream(responses) {
  const seen = [];
  const error = await raises(OpenAI.APIError, async () => {
    const stream = await responses.create({ model: "broken-stream", input: QUESTION, stream: true });
    for await (const event of stream) seen.push(event);
  });
  equal(deltas(seen), ["Half of"]);
  equal([error.type, error.code], ["server_error", "server_error"]);
}

async function unknownAgent(ask) {
  const error = await raises(OpenAI.NotFoundError, ask);
  equal(error.status, 404);
  readable(error.error.message);
}

const ASK_LATER = { model: MODEL, input: [USER], background: true };

const begin = (responses) => responses.create(ASK_LATER);

function deltas(events) {
  return events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
}

function toolResult(response) {
  equal(response.output.map((item) => item.type), ["reasoning", "function_call"]);
  const call = response.output[1];
  equal([call.name, JSON.parse(call.arguments)], ["get_weather", { city: "Paris" }]);
  return { type: "function_call_output", call_id: call.call_id, output: WEATHER };
}
