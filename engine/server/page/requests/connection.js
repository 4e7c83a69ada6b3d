// The connection to the server: where it is lost, it is looked for until it is there again.

import { toldText } from "../texts/server_words.js";
import { text } from "../texts/texts.js";

const WAITS = [400, 800, 1500, 3000, 6000];  // Milliseconds; the last one again and again.

/** Resolve as soon as the server answers again; at once where the browser says that it is online. */
export async function answersAgain(signal) {
  for (let tries = 0; ; tries += 1) {
    await pause(WAITS[Math.min(tries, WAITS.length - 1)], signal);
    try {
      if ((await fetch("/healthz", { signal, cache: "no-store" })).ok) return;
    } catch (fault) {
      if (signal?.aborted) throw fault;
    }
  }
}

/** Wait so long, or until something says that it may be worth a try. */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const end = (how) => (value) => {
      over.abort();
      clearTimeout(timer);
      how(value);
    };
    const timer = setTimeout(end(resolve), milliseconds);
    if (signal?.aborted) end(reject)(signal.reason);
    signal?.addEventListener("abort", () => end(reject)(signal.reason), { signal: over.signal });
    for (const event of ["online", "focus"]) addEventListener(event, end(resolve), { signal: over.signal });
  });
}

/** Was it the network that failed, and not the server that answered? */
export function isLost(fault) {
  return fault instanceof TypeError && /fetch|network|load failed/i.test(fault.message);
}

/** What a fault says to a person: the server's own words, or that it is away. */
export function wordsOf(fault) {
  return isLost(fault) || !fault.message ? text("away") : toldText(fault.code, fault.message);
}
