// Jobs of the server: begun, followed while they run, and cancelled.

import { get, post, ServerFault } from "./api.js";
import { answersAgain, isLost } from "./connection.js";

/** Begin a job; the answer is its document, whose `links.events` tell of it. */
export function begin(path, body, signal) {
  return post(path, body, signal);
}

/**
 * Follow a job to its end; `progress(job)` is called with each change, and its last state returned.
 *
 * Where the server is away it is looked for; `lost(true)` tells of that, and `lost(false)` of its
 * return. A server that was begun again has the job as it was left.
 */
export async function follow(job, progress, signal, lost = () => {}) {
  let now = job;
  while (!now.ended) {
    const last = await watch(now, progress, signal, lost);
    try {
      now = last ?? await get(`/api/jobs/${job.job}`, {}, signal);
      lost(false);
      if (!last && !now.ended) await answersAgain(signal); // Refused: it may watch for too many.
    } catch (fault) {
      if (!isLost(fault)) throw fault;
      lost(true);
      await answersAgain(signal);
    }
  }
  return now;
}

/** Watch a stream of events; returns the last state, or null where the stream was refused. */
function watch(job, progress, signal, lost) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const events = new EventSource(job.links.events);
    const over = new AbortController();
    const end = (how, value) => {
      events.close();
      over.abort();
      how(value);
    };
    signal?.addEventListener("abort", () => end(reject, signal.reason), { signal: over.signal });
    events.addEventListener("open", () => lost(false));
    events.addEventListener("progress", (event) => progress(JSON.parse(event.data)));
    events.addEventListener("end", (event) => end(resolve, JSON.parse(event.data)));
    // The browser connects again by itself, unless the server refuses.
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) end(resolve, null);
      else lost(true);
    });
  });
}

/** Ask that a job ends; what it has done stays. */
export async function cancel(job) {
  const answer = await fetch(`/api/jobs/${job.job}`, { method: "DELETE" });
  if (answer.ok) return;
  const { error = {} } = await answer.json().catch(() => ({}));
  throw new ServerFault(answer.status, error.message ?? `HTTP ${answer.status}`, error.code);
}
