// A job as a person follows it: what it does, how far it is, how fast, and what came of it.

import { button, make } from "../elements/elements.js";
import { count, list, moment, percent, span } from "../elements/figures.js";
import { taskWords, toldText } from "../texts/server_words.js";
import { text } from "../texts/texts.js";

const WINDOW = 20000; // Milliseconds of which the rate is that of now.
const TOLD = 5; // Parts of the whole of which each end is announced.

/** What a job is about, in a line: its kind, and the folders that were named. */
export function titleOf(job) {
  const { paths = [], reason = null } = job.request;
  const kind = text(`job-${job.kind}`) === `job-${job.kind}` ? job.kind : text(`job-${job.kind}`);
  if (reason) return `${kind}: ${reason}`;
  if (!paths.length) return kind;
  return paths.length === 1 ? `${kind}: ${paths[0]}` : `${kind}: ${text("folders", { count: count(paths.length) })}`;
}

/** Counts of files by what became of them, as a sentence. */
export function outcomesOf(job) {
  return list(job.files, (name, number) => {
    const known = text(`files-${name}`, { count: count(number) });
    return known === `files-${name}` ? `${count(number)} ${name}` : known;
  });
}

/** The card of a job that waits or runs; `update(job)` shows how far it is. */
export class JobCard {
  #samples = [];
  #task = "";
  #told = "";
  #parts = {};

  constructor(job, { cancel }) {
    const bar = make("progress", { max: 1, "aria-label": text("progress") });
    this.#parts = {
      bar, title: make("h4", { dir: "auto" }, titleOf(job)), figures: make("p.figures-line"),
      outcomes: make("span"), message: make("span", { dir: "auto" }), state: make("p.visually-hidden", { role: "status" }),
      stop: cancel ? button(text("cancel"), () => cancel(this.job), { className: "do" }) : "",
    };
    const { title, figures, outcomes, message, state, stop } = this.#parts;
    this.element = make("article.job", {}, make("header", {}, title, stop), bar, figures, make("p.quiet.parts", {}, outcomes, message), state);
    this.update(job);
  }

  update(job) {
    this.job = job;
    const { bar, figures, outcomes, message } = this.#parts;
    if (job.task !== this.#task) [this.#task, this.#samples] = [job.task, []];
    const part = job.total ? Math.min(1, job.done / job.total) : null;
    if (part === null) bar.removeAttribute("value");
    else bar.value = part;
    figures.textContent = this.#figures(job, part);
    outcomes.textContent = outcomesOf(job);
    message.textContent = job.message;
    this.#tell(job, part);
  }

  /** The server is away, or there again. */
  lost(away) {
    this.element.classList.toggle("away", away);
    if (away) this.#parts.message.textContent = text("job-away");
    else this.#parts.message.textContent = this.job.message;
  }

  stopping() {
    this.#parts.stop.replaceWith(make("span.quiet", { role: "status" }, text("stopping")));
  }

  #figures(job, part) {
    if (job.state === "queued") return text("job-waits");
    const unit = text(`unit-${job.unit}`) === `unit-${job.unit}` ? job.unit : text(`unit-${job.unit}`);
    const done = job.total === null ? text("job-done-some", { done: count(job.done), unit }) : text("job-done-of", { done: count(job.done), total: count(job.total), unit });
    const shown = [taskWords(job.task), done];
    if (job.moments) shown.push(text("job-moments", { count: count(job.moments) }));
    const rate = this.#rate(job);
    if (rate) shown.push(text("job-rate", { rate: count(rate < 10 ? Math.round(10 * rate) / 10 : Math.round(rate)), unit }));
    if (rate && part !== null && job.done < job.total) shown.push(text("job-left", { time: span((job.total - job.done) / rate) }));
    return shown.filter(Boolean).join(" · ");
  }

  /** Items a second, of late; zero where it is too early to say. */
  #rate(job) {
    const now = performance.now();
    this.#samples.push([now, job.done]);
    while (this.#samples.length > 2 && now - this.#samples[0][0] > WINDOW) this.#samples.shift();
    const [since, before] = this.#samples[0];
    return now - since < 1000 ? 0 : (1000 * (job.done - before)) / (now - since);
  }

  /** Announce the begin of a task and each fifth of it: more would be noise. */
  #tell(job, part) {
    const fifth = part === null ? "" : percent(Math.floor(part * TOLD) / TOLD);
    const told = job.state === "queued" ? text("job-waits") : `${taskWords(job.task)} ${fifth}`;
    if (told !== this.#told) this.#parts.state.textContent = this.#told = told;
  }
}

/** What came of a job that has no files counted: only of indexing is that nothing new. */
function resultOf({ state, kind, result }) {
  if (state !== "done") return "";
  if (["index", "retry"].includes(kind)) return text("job-nothing-new");
  // The line of the server says more, and says it in English.
  if (result?.line && document.documentElement.lang === "en") return result.line;
  const files = result?.findings ?? result?.files ?? result?.done;
  return files === undefined ? "" : text(files === 1 ? "one-file" : "count-files", { count: count(files) });
}

/** The row of a job that has ended, with what can be done about it. */
export function endedJob(job, { resume, vanished, locked }) {
  const acts = [];
  if (!locked && job.state !== "done") acts.push(button(text(job.state === "failed" ? "try-again" : "go-on"), () => resume(job), { className: "do" }));
  if (!locked && job.error?.code === "files_vanished") {
    for (const how of ["keep", "forget"]) acts.push(button(text(`vanished-${how}`), () => vanished(job, how), { className: "do" }));
  }
  const what = job.error ? toldText(job.error.code, job.error.message) : outcomesOf(job) || resultOf(job);
  return make(`li.ended.${job.state}`, { "data-job": job.job },
    make("div", {}, make("b", { dir: "auto" }, titleOf(job)), " ", make("span.state", {}, text(`state-${job.state}`)), " ",
      make("time.quiet", { dateTime: job.ended ?? job.created }, moment(job.ended ?? job.created))),
    what ? make("p", { dir: "auto" }, what) : null,
    job.state === "interrupted" ? make("p.quiet", {}, text("job-interrupted")) : null,
    job.error?.code === "files_vanished" ? make("p.quiet", {}, text("vanished-hint")) : null,
    acts.length ? make("div.acts-row", {}, ...acts) : null);
}
