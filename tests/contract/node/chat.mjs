// Models, plain answers and streams of every vendor.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "anything", maxRetries: 0 });
const messages = [{ role: "user", content: "hello there" }];
const models = [];
for await (const model of client.models.list()) models.push(model.id);

const answers = {};
for (const model of ["gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro"]) {
  const plain = await client.chat.completions.create({ model, messages });
  const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
  const whole = await stream.finalChatCompletion();
  answers[model] = {
    plain: plain.choices[0].message.content,
    streamed: whole.choices[0].message.content,
    finish: whole.choices[0].finish_reason,
    tokens: whole.usage.completion_tokens,
  };
}
console.log(JSON.stringify({ models, answers }));
