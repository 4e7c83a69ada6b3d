// Jobs of the server: begun, followed while they run, and cancelled.

import { post, ServerFault } from "./api.js";

/** Begin a job; the answer is its document, whose `links.events` tell of it. */
export function begin(path, body, signal) {
  return post(path, body, signal);
}

/** Follow a job to its end; `progress(job)` is called with each change, and its last state returned. */
export function follow(job, progress, signal) {
  if (job.ended) return Promise.resolve(job);
  return new Promise((resolve, reject) => {
    const events = new EventSource(job.links.events);
    const stop = () => events.close();
    signal?.addEventListener("abort", () => { stop(); reject(signal.reason); });
    events.addEventListener("progress", (event) => progress(JSON.parse(event.data)));
    events.addEventListener("end", (event) => {
      stop();
      resolve(JSON.parse(event.data));
    });
    // The browser connects again by itself, unless the server refuses.
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) reject(new ServerFault(0, "", "away"));
    });
  });
}

/** Ask that a job ends; what it has done stays. */
export async function cancel(job) {
  const answer = await fetch(`/api/jobs/${job.job}`, { method: "DELETE" });
  if (!answer.ok && answer.status !== 409) throw new ServerFault(answer.status, `HTTP ${answer.status}`);
}
