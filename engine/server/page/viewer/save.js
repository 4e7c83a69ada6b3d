// Saving what the server makes: asked for here, so that its refusals can be told.

import { ServerFault } from "../requests/api.js";
import { make } from "../elements/elements.js";

/** Save what an address sends, under the name that the server gives it; returns that name. */
export async function save(address, signal) {
  const answer = await fetch(address, { signal });
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({ error: null }));
    throw new ServerFault(answer.status, error?.message ?? `HTTP ${answer.status}`, error?.code);
  }
  const content = await answer.blob();
  const name = nameOf(answer.headers.get("content-disposition") ?? "");
  const url = URL.createObjectURL(content);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // A browser may ask where to before it reads.
  return { name, size: content.size };
}

function nameOf(disposition) {
  const [, coded] = /filename\*=utf-8''([^;]+)/i.exec(disposition) ?? [];
  const [, plain] = /filename="([^"]*)"/i.exec(disposition) ?? [];
  try {
    return coded ? decodeURIComponent(coded) : plain ?? "part";
  } catch {
    return "part";
  }
}
