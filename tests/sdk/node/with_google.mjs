// The official Google SDK on the Gemini API, in both versions of that API, and on Vertex AI.

import { ApiError, GoogleGenAI, Type } from "@google/genai";
import { OAuth2Client } from "google-auth-library";

import { AFTER_TOOL, QUESTION, TEXT, TIMEOUT_MS, WEATHER, collect, equal, raises, readable } from "./checks.mjs";

const MODEL = "gemini-2.5-flash";
const EMBEDDER = "gemini-embedding-001";
const CITED = "https://example.com/gr%C3%BC%C3%9Fe";
const TOKEN = "ya29.google-node";
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

/** As a client of AI Studio. */
export function conversations(baseUrl) {
  return ["v1beta", "v1"].flatMap((version) => checks(`google-${version}`, connect(baseUrl, version), false));
}

/** As a client of Vertex AI: with a token, and with a key in express mode. */
export function cloudConversations(baseUrl) {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: TOKEN });
  authClient.quotaProjectId = "theirs";
  const place = { project: "acme", location: "us-central1", googleAuthOptions: { authClient } };
  // The SDK writes into its options.
  const connect = (settings) =>
    new GoogleGenAI({ vertexai: true, httpOptions: { baseUrl, timeout: TIMEOUT_MS }, ...settings }).models;
  return [
    ...checks("google-vertex", connect(place), true),
    ...checks("google-vertex-express", connect({ apiKey: KEY }), true),
  ];
}

function checks(name, models, isCloud) {
  return [
    [`${name}/text`, () => text(models)],
    [`${name}/text-stream`, () => textStream(models)],
    [`${name}/tool`, () => tool(models)],
    [`${name}/tool-stream`, () => toolStream(models)],
    [`${name}/count-tokens`, () => countTokens(models)],
    [`${name}/embed-content`, () => embedContent(models)],
    [`${name}/embed-contents`, () => embedContents(models)],
    [`${name}/models-list`, () => modelsList(models, isCloud)],
    [`${name}/models-get`, () => modelsGet(models)],
    [`${name}/models-get-404`, () => modelsGet404(models)],
    [`${name}/error-429`, () => failure(models.generateContent, "error-429", 429)],
    [`${name}/error-429-stream`, () => failure(models.generateContentStream, "error-429", 429)],
    [`${name}/error-503`, () => failure(models.generateContent, "error-503", 503)],
    [`${name}/broken-stream`, () => brokenStream(models)],
  ];
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
  equal(citations(response), [CITED]);
}

async function textStream(models) {
  const chunks = await collect(await models.generateContentStream({ model: MODEL, contents: QUESTION }));
  equal(chunks.map((chunk) => chunk.text).join(""), TEXT);
  equal([chunks.at(-1).candidates[0].finishReason, chunks.at(-1).usageMetadata.candidatesTokenCount], ["STOP", 6]);
  equal(citations(chunks.at(-1)), [CITED]);
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

async function countTokens(models) {
  equal((await models.countTokens({ model: MODEL, contents: [USER] })).totalTokens, QUESTION.length);
}

async function embedContent(models) {
  const response = await models.embedContent({ model: EMBEDDER, contents: QUESTION });
  equal(response.embeddings.map((embedding) => embedding.values), [[QUESTION.length, -1e-3, -1e-3]]);
}

/** In their order, with an option. */
async function embedContents(models) {
  const config = { outputDimensionality: 2 };
  const response = await models.embedContent({ model: EMBEDDER, contents: ["one", "three", "東京"], config });
  equal(response.embeddings.map((embedding) => embedding.values), [[3, -1e-3], [5, -1e-3], [2, -1e-3]]);
}

/** In pages, which the SDK gets by itself. */
async function modelsList(models, isCloud) {
  const listed = await collect(await models.list({ config: { pageSize: 1 } }));
  equal(listed.map((model) => model.name.replace("publishers/google/", "")), [`models/${MODEL}`, `models/${EMBEDDER}`]);
  // Only AI Studio tells what they can do.
  if (!isCloud) equal(listed.map((model) => model.supportedActions[0]), ["generateContent", "embedContent"]);
}

async function modelsGet(models) {
  const model = await models.get({ model: MODEL });
  equal([model.name.replace("publishers/google/", ""), model.version], [`models/${MODEL}`, "001"]);
}

async function modelsGet404(models) {
  const error = await raises(ApiError, () => models.get({ model: "unknown" }));
  equal([error.status, JSON.parse(error.message).error.message], [404, "models/unknown is not found"]);
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

function citations(response) {
  return response.candidates[0].citationMetadata.citations.map((citation) => citation.uri);
}

function toolResult(calls) {
  equal(calls.length, 1);
  const call = calls[0];
  equal([call.name, call.args], ["get_weather", { city: "Paris" }]);
  const functionResponse = { id: call.id, name: call.name, response: { output: WEATHER } };
  return { role: "user", parts: [{ functionResponse }] };
}
