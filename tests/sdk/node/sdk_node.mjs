// Holds the official Node SDKs and the Vercel AI SDK against base URLs: `sdk_node.mjs OPENAI ANTHROPIC GEMINI AGENT...`
//
// Each URL has the agent's place written as `{agent}`; each AGENT (`""`, `/default`, ...) is put there in turn. Without
// `{agent}` the URLs are a provider's own, and what only the proxy does is left out. Run by crates/app/tests/sdk.rs.

import { UNKNOWN_AGENT, anyFailed, check } from "./checks.mjs";
import * as anthropic from "./with_anthropic.mjs";
import * as google from "./with_google.mjs";
import * as openai from "./with_openai.mjs";
import * as responses from "./with_responses.mjs";
import * as vercel from "./with_vercel.mjs";

const [openaiUrl, anthropicUrl, geminiUrl, ...agents] = process.argv.slice(2);

const sdks = [
  [openai, openaiUrl],
  [responses, openaiUrl],
  [anthropic, anthropicUrl],
  [google, geminiUrl],
  [vercel.openai, openaiUrl],
  [vercel.responses, openaiUrl],
  [vercel.anthropic, anthropicUrl],
  [vercel.google, geminiUrl],
];

for (const [sdk, url] of sdks) {
  for (const agent of agents) {
    for (const [name, body] of sdk.conversations(url.replace("{agent}", agent))) {
      await check(`${name} agent=${agent}`, body);
    }
  }
  if (url.includes("{agent}")) {
    for (const [name, body] of sdk.refusals(url.replace("{agent}", `/${UNKNOWN_AGENT}`))) {
      await check(name, body);
    }
  }
}

// Without waiting for connections that the SDKs keep open.
process.exit(anyFailed() ? 1 : 0);
