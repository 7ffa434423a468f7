// What the Vercel AI SDK makes of answers from which calls were taken, with each of its providers.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, streamText, tool } from "ai";

import { QUESTION, TIMEOUT_MS, equal } from "./checks.mjs";

const MODEL = "m";

/** Settings of a provider that makes a model think; and where it leaves the signature of a thought. */
const THINKING = {
  openai: [{}, () => undefined],
  responses: [
    { openai: { forceReasoning: true, store: false, include: ["reasoning.encrypted_content"] } },
    (metadata) => metadata?.openai?.reasoningEncryptedContent,
  ],
  anthropic: [
    { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } },
    (metadata) => metadata?.anthropic?.signature,
  ],
  google: [
    { google: { thinkingConfig: { includeThoughts: true } } },
    (metadata) => metadata?.google?.thoughtSignature,
  ],
};

const MODELS = {
  openai: (baseURL) => createOpenAI({ baseURL, apiKey: "k" }).chat(MODEL),
  responses: (baseURL) => createOpenAI({ baseURL, apiKey: "k" }).responses(MODEL),
  anthropic: (baseURL) => createAnthropic({ baseURL: `${baseURL}/v1`, apiKey: "k" })(MODEL),
  google: (baseURL) => createGoogleGenerativeAI({ baseURL: `${baseURL}/v1beta`, apiKey: "k" })(MODEL),
};

export async function askVercel(api, url, asked, isStreamed, { names, schema, hidden, headers, thinks }) {
  const [thinking, signature] = THINKING[api];
  const settings = {
    model: MODELS[api](url),
    messages: messages(asked.result, hidden),
    tools: Object.fromEntries(names.map((name) => [name, tool({ inputSchema: jsonSchema(schema) })])),
    headers,
    maxOutputTokens: 4096,
    maxRetries: 0,
    abortSignal: AbortSignal.timeout(TIMEOUT_MS),
    providerOptions: thinks ? thinking : {},
  };
  let result;
  if (!isStreamed) result = await generateText(settings);
  else {
    result = streamText({ ...settings, onError: () => {} });
    const open = [];
    for await (const part of result.fullStream) {
      if (part.type === "error") throw part.error;
      const [, kind, edge] = part.type.match(/^(text|reasoning|tool-input)-(start|end)$/) ?? [];
      if (edge === "start") open.push(`${kind} ${part.id}`);
      if (edge === "end") equal(open.splice(open.indexOf(`${kind} ${part.id}`), 1), [`${kind} ${part.id}`]);
    }
    equal(open, []);
  }
  const [calls, text, reason, reasoning, usage] = await Promise.all([
    result.toolCalls,
    result.text,
    result.finishReason,
    result.reasoning,
    result.usage,
  ]);
  equal(calls.map((call) => call.invalid ?? false), calls.map(() => false));
  const outcome = {
    // This provider makes ids of its own.
    calls: calls.map((call) => [api === "google" ? `call_${call.toolName}` : call.toolCallId, call.toolName, call.input]),
    text,
    stop: { "tool-calls": "calls", stop: "plain", length: "cut" }[reason],
  };
  if (api !== "openai") outcome.thoughts = reasoning.map((part) => [part.text, signature(part.providerMetadata)]);
  return [[outcome], [usage.inputTokens, usage.outputTokens]];
}

function messages(toolName, hidden) {
  const user = { role: "user", content: QUESTION };
  if (!toolName) return [user];
  const call = { toolCallId: "call_0", toolName };
  return [
    user,
    { role: "assistant", content: [{ type: "tool-call", ...call, input: {} }] },
    { role: "tool", content: [{ type: "tool-result", ...call, output: { type: "text", value: hidden } }] },
  ];
}
