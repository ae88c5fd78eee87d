// Ollama's SDK: whole and streamed, two rounds with parallel tools, a single prompt, embeddings and models.
import { Ollama } from "ollama";

const [url, ...models] = process.argv.slice(2);
const client = new Ollama({ host: url });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "weather", description: "It", parameters } }];

async function chat(model) {
  const messages = [{ role: "user", content: "hello there" }];
  const plain = await client.chat({ model, messages });
  let streamed = "", tokens = 0;
  for await (const chunk of await client.chat({ model: `${model}:latest`, messages, stream: true })) {
    streamed += chunk.message.content;
    tokens = chunk.eval_count ?? tokens;
  }
  const history = [{ role: "user", content: '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]' }];
  const first = await client.chat({ model, messages: history, tools });
  const calls = first.message.tool_calls;
  history.push(first.message, ...calls.map(() => ({ role: "tool", tool_name: "weather", content: "rain" })));
  const second = await client.chat({ model, messages: history, tools });
  const generated = await client.generate({ model, prompt: "hello there" });
  return {
    plain: plain.message.content,
    streamed,
    tokens,
    cities: calls.map((call) => call.function.arguments.city),
    second: second.message.content,
    generated: generated.response,
  };
}

const listed = (await client.list()).models.map((model) => model.name);
const embedded = (await client.embed({ model: "text-embedding-3-small", input: ["a", "b"], dimensions: 3 })).embeddings;
const shown = await client.show({ model: models[0] });
const version = await client.version();
const answers = {};
for (const model of models) answers[model] = await chat(model);
console.log(JSON.stringify({ listed, embedded: embedded.map((one) => one.length), capabilities: shown.capabilities, version, answers }));
