// Ollama's SDK: a text that is streamed, from each of some models.
import { Ollama } from "ollama";

const [url, content, ...models] = process.argv.slice(2);
const client = new Ollama({ host: url });
const texts = {};
for (const model of models) {
  texts[model] = "";
  const messages = [{ role: "user", content }];
  for await (const chunk of await client.chat({ model, messages, stream: true })) texts[model] += chunk.message.content;
}
console.log(JSON.stringify(texts));
