// The Vercel AI SDK's tool loop, whole and streamed: its own tool reads the note, and both texts must say what it said.
const { readFileSync } = require("node:fs");
const { generateText, stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");

const { DIALECT, MODEL, URL: url, KEY: apiKey, PROMPT: prompt, STORE, RETRIES } = process.env;
const models = {
  chat: () =>
    require("@ai-sdk/openai-compatible").createOpenAICompatible({ name: "passenger", baseURL: `${url}/v1`, apiKey })(MODEL),
  responses: () => require("@ai-sdk/openai").createOpenAI({ baseURL: `${url}/v1`, apiKey })(MODEL),
  messages: () => require("@ai-sdk/anthropic").createAnthropic({ baseURL: `${url}/v1`, apiKey })(MODEL),
  gemini: () => require("@ai-sdk/google").createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey })(MODEL),
};
const note = readFileSync("note.txt", "utf8").trim();
const read_note = tool({ description: "Read the note.", inputSchema: z.object({}), execute: async () => note });
const asked = () => ({
  model: models[DIALECT](),
  tools: { read_note },
  stopWhen: stepCountIs(5),
  maxRetries: Number(RETRIES),
  prompt,
  ...(STORE && { providerOptions: { openai: { store: STORE === "true" } } }),
});

async function main() {
  const whole = await generateText(asked());
  let streamed = "";
  const stream = streamText({ ...asked(), onError: ({ error }) => Promise.reject(error) });
  for await (const part of stream.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") streamed += part.text;
  }
  console.log(`${whole.text}\n${streamed}`);
  if (!whole.text.includes(note) || !streamed.includes(note)) throw new Error("a text does not say what the tool said");
}

main().catch((error) => {
  console.error(String(error?.message ?? error));
  process.exitCode = 1;
});
