// The official Google SDK on the Gemini API, in both versions of that API.

import { ApiError, GoogleGenAI, Type } from "@google/genai";

import { AFTER_TOOL, QUESTION, TEXT, TIMEOUT_MS, WEATHER, collect, equal, raises, readable } from "./checks.mjs";

const MODEL = "gemini-2.5-flash";
const KEY = "AIza-google-node";
const USER = { role: "user", parts: [{ text: QUESTION }] };
const TOOL = {
  functionDeclarations: [
    {
      name: "get_weather",
      description: "Current weather in a city",
      parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ["city"] },
    },
  ],
};

export function conversations(baseUrl) {
  return ["v1beta", "v1"].flatMap((version) => {
    const models = connect(baseUrl, version);
    return [
      [`google-${version}/text`, () => text(models)],
      [`google-${version}/text-stream`, () => textStream(models)],
      [`google-${version}/tool`, () => tool(models)],
      [`google-${version}/tool-stream`, () => toolStream(models)],
      [`google-${version}/error-429`, () => failure(models.generateContent, "error-429", 429)],
      [`google-${version}/error-429-stream`, () => failure(models.generateContentStream, "error-429", 429)],
      [`google-${version}/error-503`, () => failure(models.generateContent, "error-503", 503)],
      [`google-${version}/broken-stream`, () => brokenStream(models)],
    ];
  });
}

export function refusals(baseUrl) {
  return ["v1beta", "v1"].flatMap((version) => {
    const models = connect(baseUrl, version);
    return [
      [`google-${version}/unknown-agent`, () => unknownAgent(models.generateContent)],
      [`google-${version}/unknown-agent-stream`, () => unknownAgent(models.generateContentStream)],
    ];
  });
}

function connect(baseUrl, apiVersion) {
  return new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl, apiVersion, timeout: TIMEOUT_MS } }).models;
}

async function text(models) {
  const response = await models.generateContent({ model: MODEL, contents: QUESTION });
  equal([response.text, response.candidates[0].finishReason], [TEXT, "STOP"]);
  equal(response.usageMetadata.totalTokenCount, 17);
}

async function textStream(models) {
  const chunks = await collect(await models.generateContentStream({ model: MODEL, contents: QUESTION }));
  equal(chunks.map((chunk) => chunk.text).join(""), TEXT);
  equal([chunks.at(-1).candidates[0].finishReason, chunks.at(-1).usageMetadata.candidatesTokenCount], ["STOP", 6]);
}

async function tool(models) {
  const ask = (contents) => models.generateContent({ model: MODEL, config: { tools: [TOOL] }, contents });
  const first = await ask([USER]);
  const second = await ask([USER, first.candidates[0].content, toolResult(first.functionCalls)]);
  equal(second.text, AFTER_TOOL);
}

async function toolStream(models) {
  const ask = async (contents) =>
    collect(await models.generateContentStream({ model: MODEL, config: { tools: [TOOL] }, contents }));
  const parts = (await ask([USER])).flatMap((chunk) => chunk.candidates[0].content.parts);
  equal(parts[0].text, "I will look up the weather.");
  const calls = parts.flatMap((part) => part.functionCall ?? []);
  const second = await ask([USER, { role: "model", parts }, toolResult(calls)]);
  equal(second.map((chunk) => chunk.text).join(""), AFTER_TOOL);
}

/** The SDK's one error class has the status and, as its message, the error object as JSON. */
async function failure(ask, model, status) {
  const error = await raises(ApiError, () => ask({ model, contents: QUESTION }));
  equal(error.status, status);
  equal(JSON.parse(error.message).error.message, `simulated error ${status}`);
}

async function brokenStream(models) {
  const error = await raises(ApiError, async () =>
    collect(await models.generateContentStream({ model: "broken-stream", contents: QUESTION })),
  );
  equal(error.status, 503);
}

async function unknownAgent(ask) {
  const error = await raises(ApiError, () => ask({ model: MODEL, contents: QUESTION }));
  const body = JSON.parse(error.message).error;
  equal([error.status, body.code, body.status], [404, 404, "NOT_FOUND"]);
  readable(body.message);
}

function toolResult(calls) {
  equal(calls.length, 1);
  const call = calls[0];
  equal([call.name, call.args], ["get_weather", { city: "Paris" }]);
  const functionResponse = { id: call.id, name: call.name, response: { output: WEATHER } };
  return { role: "user", parts: [{ functionResponse }] };
}
