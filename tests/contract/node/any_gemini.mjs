// Google's SDK: whole and streamed, two rounds with parallel tools, counts, embeddings and models.
import { GoogleGenAI, Type } from "@google/genai";

const [url, ...models] = process.argv.slice(2);
const client = new GoogleGenAI({ apiKey: "anything", httpOptions: { baseUrl: url } });
const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ["city"] };
const tools = [{ functionDeclarations: [{ name: "weather", parameters }] }];

async function collect(stream) {
  const parts = [];
  let usage;
  for await (const chunk of stream) {
    parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
    usage = chunk.usageMetadata ?? usage;
  }
  return { parts, usage };
}

async function contents(model) {
  const plain = await client.models.generateContent({ model, contents: "hello there" });
  const streamed = await collect(await client.models.generateContentStream({ model, contents: "hello there" }));
  const history = [{ role: "user", parts: [{ text: '[[think]] [[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]' }] }];
  const config = { tools, thinkingConfig: { includeThoughts: true } };
  const first = await collect(await client.models.generateContentStream({ model, contents: history, config }));
  const calls = first.parts.filter((part) => part.functionCall).map((part) => part.functionCall);
  history.push({ role: "model", parts: first.parts });
  history.push({ role: "user", parts: calls.map((call) => ({ functionResponse: { name: call.name, response: { output: "rain" } } })) });
  const second = await client.models.generateContent({ model, contents: history, config });
  const counted = await client.models.countTokens({ model, contents: "hello there" });
  return {
    plain: plain.text,
    streamed: streamed.parts.map((part) => part.text ?? "").join(""),
    tokens: streamed.usage.candidatesTokenCount,
    thought: first.parts.some((part) => part.thought),
    cities: calls.map((call) => call.args.city),
    second: second.text,
    counted: counted.totalTokens,
  };
}

const listed = [];
for await (const model of await client.models.list()) listed.push(model.name);
const embedded = await client.models.embedContent({ model: "text-embedding-3-small", contents: ["a", "b"], config: { outputDimensionality: 3 } });
const answers = {};
for (const model of models) answers[model] = await contents(model);
console.log(JSON.stringify({ listed, embedded: embedded.embeddings.map((one) => one.values.length), answers }));
