// Questions, whose answers come a sentence at a time.

import { answerOf, ServerFault } from "./api.js";

/**
 * Ask a question; `sentence(told)` is called with each sentence and the moments that it is the first to
 * cite. Returns all of the answer.
 */
export async function askLibraries(body, signal, sentence) {
  const response = await fetch("/api/ask", {
    method: "POST", signal, body: JSON.stringify({ ...body, stream: true }),
    headers: { "Content-Type": "application/json" },
  });
  if (!response.ok) return answerOf(response);
  for await (const { name, data } of eventsOf(response.body)) {
    if (name === "sentence") sentence(data);
    else if (name === "fault") throw new ServerFault(response.status, data.message, data.code);
    else if (name === "end") return data;
  }
  throw new ServerFault(response.status, "", "cut_off");
}

/** The server-sent events of a body, as they come. */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        const field = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
        if (field("data")) yield { name: field("event"), data: JSON.parse(field("data")) };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
