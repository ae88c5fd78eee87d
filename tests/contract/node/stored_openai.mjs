// OpenAI's SDK with what is kept: chains, references, lists, conversations, a count, and what is lost.
import OpenAI, { BadRequestError, NotFoundError } from "openai";

const [url, ...models] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "anything", maxRetries: 0 });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tools = [{ type: "function", name: "weather", parameters, strict: true }];
const ask = '[[think]] [[call weather {"city":"Oslo"}]]';

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

async function refused(kind, promise) {
  try {
    await promise;
    return "not refused";
  } catch (error) {
    return error instanceof kind ? `${error.code} ${error.param}` : String(error);
  }
}

const resultOf = (call) => ({ type: "function_call_output", call_id: call.call_id, output: "rain in Oslo" });

async function judge(model) {
  const first = await client.responses.create({ model, input: ask, tools, metadata: { topic: "x" } });
  const call = first.output.find((item) => item.type === "function_call");
  const second = await client.responses.create({ model, input: [resultOf(call)], tools, previous_response_id: first.id });
  const references = first.output.map((item) => ({ type: "item_reference", id: item.id }));
  const input = [{ role: "user", content: ask }, ...references, resultOf(call)];
  const referring = await client.responses.create({ model, input, tools });
  const retrieved = await client.responses.retrieve(first.id);
  const listed = await all(client.responses.inputItems.list(second.id, { order: "asc", limit: 1 }));
  const counted = await client.responses.inputTokens.count({ model, input: "and?", previous_response_id: second.id });
  await client.responses.delete(first.id);

  const conversation = await client.conversations.create({ items: [{ role: "user", content: "zero", type: "message" }] });
  const said = await client.responses.stream({ model, input: "one", conversation: conversation.id }).finalResponse();
  const items = await all(client.conversations.items.list(conversation.id, { order: "asc", limit: 1 }));
  return {
    second: second.output_text,
    referring: referring.output_text,
    metadata: retrieved.metadata,
    same: JSON.stringify(retrieved.output) === JSON.stringify(first.output),
    made: first.output.map((item) => item.type),
    listed: listed.map((item) => item.type),
    counted: counted.input_tokens,
    conversation: said.conversation.id === conversation.id,
    texts: items.filter((item) => item.type === "message").map((item) => item.content[0].text),
    said: said.output_text,
    deleted: (await client.conversations.delete(conversation.id)).deleted,
    lost: await refused(NotFoundError, client.responses.retrieve(first.id)),
    unfollowed: await refused(BadRequestError, client.responses.create({ model, input: "x", previous_response_id: second.id })),
  };
}

const answers = {};
for (const model of models) answers[model] = await judge(model);
console.log(JSON.stringify({ answers }));
