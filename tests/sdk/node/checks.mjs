// What the checks of all SDKs share: their report, and what the simulated providers answer.

// As in crates/testkit/src/providers.rs.
export const TEXT = "Grüße aus 東京 — it works. 🙂";
export const AFTER_TOOL = "It is 18 °C and sunny in Paris.";
export const REQUEST_ID = "req_test_0001";

export const QUESTION = "What is the weather in Paris?";
export const WEATHER = "18 °C, sunny";
export const UNKNOWN_AGENT = "0198f2a4-7c1e-7b7a-9a55-3f2f6f0d9e11";
export const TIMEOUT_MS = 20_000;

let failed = 0;

export const anyFailed = () => failed > 0;

/** Runs one check and prints one line about it, as sdk.rs reads it. */
export async function check(name, body) {
  try {
    await withinBound(body());
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    const where = error.stack?.match(/with_\w+\.mjs:\d+/)?.[0];
    console.log(`FAIL ${name} ${error?.constructor?.name}: ${error?.message} (${where})`.replace(/\s+/g, " "));
  }
}

export function equal(actual, wanted) {
  const [a, w] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== w) throw new Error(`${a}, not ${w}`);
}

/** The error of exactly this class that `body` raises: an SDK's base class would tell a developer nothing. */
export async function raises(kind, body) {
  let result;
  try {
    result = await body();
  } catch (error) {
    if (error?.constructor === kind) return error;
    throw new Error(`${error?.constructor?.name}, not ${kind.name}: ${error?.message}`, { cause: error });
  }
  throw new Error(`no ${kind.name} but ${JSON.stringify(result)}`);
}

/** An error of the proxy itself names what was wrong. */
export function readable(message) {
  if (!/agent/i.test(message) || !message.includes(UNKNOWN_AGENT))
    throw new Error(`the message does not name the unknown agent: ${message}`);
}

export async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

function withinBound(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
