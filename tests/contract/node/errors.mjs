// Errors as the SDK's own classes: the first request meets a limit, the second a stream that is cut.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "anything", maxRetries: 0 });
const ask = (fields) => client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "a b c d e f" }], ...fields });

async function failure(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was raised");
}

const limited = await failure(() => ask({}));
const broken = await failure(async () => {
  for await (const _ of await ask({ stream: true }));
});
const unknown = await failure(() => ask({ model: "no-such-model" }));
console.log(
  JSON.stringify({
    limited: { kind: limited.constructor.name, status: limited.status, retryAfter: limited.headers.get("retry-after") },
    broken: { kind: broken.constructor.name },
    unknown: { kind: unknown.constructor.name, status: unknown.status, code: unknown.code },
  }),
);
