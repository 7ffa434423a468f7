// The Vercel AI SDK with each of its providers, which bring clients of their own.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { AFTER_TOOL, QUESTION, TEXT, TIMEOUT_MS, WEATHER, equal, raises, readable } from "./checks.mjs";

export const openai = provider({
  name: "vercel-openai",
  model: "gpt-4.1",
  error: 429,
  totalTokens: 32,
  connect: (baseURL) => createOpenAI({ baseURL, apiKey: "sk-openai-vercel" }).chat,
});

/** Its default. */
export const responses = provider({
  name: "vercel-responses",
  model: "gpt-4.1",
  error: 429,
  totalTokens: 32,
  connect: (baseURL) => createOpenAI({ baseURL, apiKey: "sk-openai-vercel" }),
});

export const anthropic = provider({
  name: "vercel-anthropic",
  model: "claude-sonnet-4-6",
  error: 529,
  totalTokens: 38,
  connect: (baseURL) => createAnthropic({ baseURL: `${baseURL}/v1`, apiKey: "sk-ant-vercel" }),
});

export const google = provider({
  name: "vercel-google",
  model: "gemini-2.5-flash",
  error: 503,
  totalTokens: 17,
  connect: (baseURL) => createGoogleGenerativeAI({ baseURL: `${baseURL}/v1beta`, apiKey: "AIza-google-vercel" }),
});

function provider({ name, model, error, totalTokens, connect }) {
  const conversations = (baseURL) => {
    const models = connect(baseURL);
    return [
      [`${name}/text`, () => text(models(model), totalTokens)],
      [`${name}/text-stream`, () => textStream(models(model))],
      [`${name}/tool`, () => toolLoop(models(model))],
      [`${name}/tool-stream`, () => toolLoopStream(models(model))],
      [`${name}/error-${error}`, () => failure(generate, models(`error-${error}`), error)],
      [`${name}/error-${error}-stream`, () => failure(stream, models(`error-${error}`), error)],
      [`${name}/broken-stream`, () => brokenStream(models("broken-stream"))],
    ];
  };
  const refusals = (baseURL) => {
    const models = connect(baseURL);
    return [
      [`${name}/unknown-agent`, () => unknownAgent(generate, models(model))],
      [`${name}/unknown-agent-stream`, () => unknownAgent(stream, models(model))],
    ];
  };
  return { conversations, refusals };
}

async function text(model, totalTokens) {
  const result = await generate({ model });
  equal([result.text, result.finishReason, result.usage.totalTokens], [TEXT, "stop", totalTokens]);
}

async function textStream(model) {
  const { text, finishReason } = await stream({ model });
  equal([text, finishReason], [TEXT, "stop"]);
}

async function toolLoop(model) {
  const seen = [];
  const result = await generate({ model, ...withTool(seen) });
  equal(seen, [{ city: "Paris" }]);
  equal([result.steps.length, result.text], [2, AFTER_TOOL]);
}

async function toolLoopStream(model) {
  const seen = [];
  const { text } = await stream({ model, ...withTool(seen) });
  equal(seen, [{ city: "Paris" }]);
  if (!text.endsWith(AFTER_TOOL)) equal(text, AFTER_TOOL);
}

async function failure(ask, model, status) {
  const error = await raises(APICallError, () => ask({ model }));
  equal(error.statusCode, status);
  equal(JSON.parse(error.responseBody).error.message, `simulated error ${status}`);
  equal(error.message, `simulated error ${status}`);
}

/** What the provider's error event becomes differs between providers; that it is not swallowed does not. */
async function brokenStream(model) {
  let error;
  const seen = [];
  try {
    await stream({ model }, seen);
  } catch (raised) {
    error = raised;
  }
  equal(seen, ["Half of"]);
  if (!error) throw new Error("the error in the stream was swallowed");
}

async function unknownAgent(ask, model) {
  const error = await raises(APICallError, () => ask({ model }));
  equal(error.statusCode, 404);
  readable(error.message);
}

function generate(settings) {
  return generateText({ ...common(), ...settings });
}

/** Streams to the end; `pieces` gets the text as it comes. */
async function stream(settings, pieces = []) {
  const result = streamText({ ...common(), ...settings, onError: () => {} });
  let finishReason;
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta" && part.text !== "") pieces.push(part.text);
    if (part.type === "finish") finishReason = part.finishReason;
  }
  return { text: pieces.join(""), finishReason };
}

function common() {
  return { prompt: QUESTION, maxOutputTokens: 64, maxRetries: 0, abortSignal: AbortSignal.timeout(TIMEOUT_MS) };
}

/** A tool that the SDK runs itself and whose result it sends by itself. */
function withTool(seen) {
  const get_weather = tool({
    description: "Current weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async (input) => {
      seen.push(input);
      return WEATHER;
    },
  });
  return { tools: { get_weather }, stopWhen: stepCountIs(3) };
}
