// The SDK's own tool loop: two parallel calls, their results, and the answer to those.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "anything", maxRetries: 0 });
const content = '[[call weather {"city":"Oslo"}]] [[call weather {"city":"Rome"}]]';
const found = {};
for (const model of ["gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro"]) {
  const cities = [];
  const runner = client.chat.completions.runTools({
    model,
    stream: true,
    messages: [{ role: "user", content }],
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          parse: JSON.parse,
          function: ({ city }) => {
            cities.push(city);
            return `rain in ${city}`;
          },
          parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
      },
    ],
  });
  found[model] = { final: await runner.finalContent(), cities };
}
console.log(JSON.stringify(found));
