// OpenAI's SDK: both APIs, whole and streamed, two rounds with parallel tools, embeddings and models.
import OpenAI from "openai";

const [url, ...models] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "anything", maxRetries: 0 });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const ask = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]';

async function chat(model) {
  const messages = [{ role: "user", content: "hello there" }];
  const plain = await client.chat.completions.create({ model, messages });
  const streamed = await client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } }).finalChatCompletion();
  const tools = [{ type: "function", function: { name: "weather", parameters } }];
  const history = [{ role: "user", content: ask }];
  const first = await client.chat.completions.stream({ model, messages: history, tools }).finalChatCompletion();
  const calls = first.choices[0].message.tool_calls;
  history.push(first.choices[0].message, ...calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: "rain" })));
  const second = await client.chat.completions.create({ model, messages: history, tools });
  return {
    plain: plain.choices[0].message.content,
    streamed: streamed.choices[0].message.content,
    tokens: streamed.usage.completion_tokens,
    cities: calls.map((call) => JSON.parse(call.function.arguments).city),
    second: second.choices[0].message.content,
  };
}

async function responses(model) {
  const plain = await client.responses.create({ model, input: "hello there" });
  const streamed = await client.responses.stream({ model, input: "hello there" }).finalResponse();
  const tools = [{ type: "function", name: "weather", parameters, strict: true }];
  const input = [{ role: "user", content: ask }];
  // Not `stream`: that adds fields of its own to the items, which OpenAI's API refuses on the next round, too.
  let first;
  for await (const event of await client.responses.create({ model, input, tools, stream: true })) first = event.response ?? first;
  const calls = first.output.filter((item) => item.type === "function_call");
  input.push(...first.output, ...calls.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "rain" })));
  const second = await client.responses.create({ model, input, tools });
  return {
    plain: plain.output_text,
    streamed: streamed.output_text,
    tokens: streamed.usage.output_tokens,
    cities: calls.map((call) => JSON.parse(call.arguments).city),
    second: second.output_text,
  };
}

const listed = [];
for await (const model of client.models.list()) listed.push(model.id);
const embedded = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"], dimensions: 3 });
const legacy = await client.completions.create({ model: models[0], prompt: "hello there", max_tokens: 100 });
const answers = {};
for (const model of models) answers[model] = { chat: await chat(model), responses: await responses(model) };
console.log(JSON.stringify({ listed, embedded: embedded.data.map((one) => one.embedding.length), legacy: legacy.choices[0].text, answers }));
