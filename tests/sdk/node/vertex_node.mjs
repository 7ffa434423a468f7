// Holds Google's Node SDK against a Gemini that Vertex AI serves: `vertex_node.mjs STUDIO VERTEX AGENT...`
//
// STUDIO is for clients of AI Studio, VERTEX for clients of Vertex AI; both are written and used as in sdk_node.mjs.

import { anyFailed, check } from "./checks.mjs";
import * as google from "./with_google.mjs";

const [studio, vertex, ...agents] = process.argv.slice(2);

for (const [conversations, url] of [
  [google.conversations, studio],
  [google.cloudConversations, vertex],
]) {
  for (const agent of agents) {
    for (const [name, body] of conversations(url.replace("{agent}", agent))) {
      await check(`${name} agent=${agent}`, body);
    }
  }
}

// Without waiting for connections that the SDKs keep open.
process.exit(anyFailed() ? 1 : 0);
