// Anthropic's SDK: whole and streamed, two rounds with parallel tools, thoughts that travel, counts and models.
import Anthropic from "@anthropic-ai/sdk";

const [url, ...models] = process.argv.slice(2);
const client = new Anthropic({ baseURL: url, apiKey: "anything", maxRetries: 0 });
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ name: "weather", input_schema }];
const text = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");

async function messages(model) {
  const hello = { model, max_tokens: 1000, messages: [{ role: "user", content: "hello there" }] };
  const plain = await client.messages.create(hello);
  const streamed = await client.messages.stream(hello).finalMessage();
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const history = [{ role: "user", content: '[[think]] [[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]' }];
  const asking = { model, max_tokens: 4000, tools, thinking };
  const first = await client.messages.stream({ ...asking, messages: history }).finalMessage();
  const calls = first.content.filter((block) => block.type === "tool_use");
  history.push({ role: "assistant", content: first.content });
  history.push({ role: "user", content: calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "rain" })) });
  const second = await client.messages.create({ ...asking, messages: history });
  const counted = await client.messages.countTokens({ model, messages: hello.messages });
  return {
    plain: text(plain),
    streamed: text(streamed),
    tokens: streamed.usage.output_tokens,
    thought: first.content.some((block) => block.type === "thinking" || block.type === "redacted_thinking"),
    cities: calls.map((call) => call.input.city),
    second: text(second),
    counted: counted.input_tokens,
  };
}

const listed = [];
for await (const model of client.models.list()) listed.push(model.id);
const answers = {};
for (const model of models) answers[model] = await messages(model);
console.log(JSON.stringify({ listed, answers }));
