// What views share that start jobs and change tags: progress, what was done with its undo, choices.

import { get, post, ServerFault } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { begin, cancel, follow } from "../requests/jobs.js";
import { tagFilter } from "../selection/tagging.js";
import { taskWords } from "../texts/server_words.js";
import { text } from "../texts/texts.js";
import { failed, toast } from "../elements/toast.js";
import { offerUndo } from "../elements/undo.js";

/** The words of that name for a count: those of `NAME-one` for one. */
export function counted(name, count, values = {}) {
  const shown = count.toLocaleString(document.documentElement.lang);
  return text(count === 1 ? `${name}-one` : name, { count: shown, ...values });
}

export function percentOf(share) {
  return `${Math.floor(100 * share + 1e-9)} %`;
}

/** Show a job in `place` while it runs; its last state is returned, and one that failed is thrown. */
export async function runJob(place, path, body, signal) {
  const line = make("span", { role: "status" }, text("wrk-waits"));
  const bar = make("progress", { "aria-label": text("wrk-progress") });
  const stop = make("button.act-line", { type: "button" }, text("wrk-cancel"));
  const away = make("span", { role: "status" });
  const panel = make("div.job-now", {}, bar, line, stop, away);
  place.replaceChildren(panel);
  try {
    const begun = await begin(path, body, signal);
    stop.addEventListener("click", () => cancel(begun).catch(() => {}));
    const show = (job) => {
      if (job.total) [bar.max, bar.value] = [job.total, Math.min(job.done, job.total)];
      else bar.removeAttribute("value");
      line.textContent = job.task ? text("wrk-done-of", { task: taskWords(job.task), done: job.done, total: job.total ?? "?" }) : text("wrk-waits");
    };
    const job = await follow(begun, show, signal, (lost) => { away.textContent = lost ? text("job-away") : ""; });
    if (job.state === "done") return job;
    throw Object.assign(new Error(job.error?.message ?? text("wrk-ended")), { name: "JobFault", state: job.state, code: job.error?.code });
  } finally {
    panel.remove();
  }
}

/** Tell what the server refused where one looks; that it is away, or wants a token, is told by the page. */
export function tellRefused(fault, context) {
  if (fault instanceof ServerFault && fault.status && fault.status !== 401) failed(fault);
  else context.fail(fault);
}

/** Tell a fault of a job in `place`. */
export function tellFault(place, fault, context) {
  if (fault.name !== "JobFault") return tellRefused(fault, context);
  place.replaceChildren(make("p.fault", { role: "alert", dir: "auto" }, wordsOf(fault)));
}

/** All pages of a list: `rows(page)` are the rows of one, `take` is called with them as they come. */
export async function everyPage(path, parameters, rows, signal, take = () => {}) {
  const found = [];
  for (let skip = 0; skip !== null;) {
    const page = await get(path, { ...parameters, skip }, signal);
    const more = rows(page);
    found.push(...more);
    take(found, page);
    skip = more.length ? page.next ?? null : null;
  }
  return found;
}

/** Take back what a run did; returns the job that did. */
export async function undoRun(library, run, signal) {
  const job = await post(`/api/runs/${run}/undo?wait=20`, { library }, signal);
  return follow(job, () => {}, signal);
}

/** A line that says what was done, with a button that takes it back; so does Ctrl+Z, step by step. */
export class Deed {
  element = make("p.deed", { role: "status" });

  /** Say it; `undo` is awaited when the button is pressed, and returns what it did in words. */
  say(words, undo = null, see = null) {
    const press = async (byKey) => {
      withdraw();
      back.disabled = true;
      try {
        const undone = await undo();
        this.say(undone);
        if (byKey) toast(undone); // This line may be out of sight.
      } catch (fault) {
        failed(fault);
        back.disabled = false;
        withdraw = offerUndo(this.element, () => press(true));
      }
    };
    const back = make("button.act-line", { type: "button", onclick: () => press(false) }, text("wrk-undo"));
    let withdraw = undo ? offerUndo(this.element, () => press(true)) : () => {};
    this.element.replaceChildren(make("span", { dir: "auto" }, words), ...(undo ? [back] : []),
      ...(see ? [make("a", { href: see }, text("wrk-see"))] : []));
  }

  clear() {
    this.element.replaceChildren();
  }
}

/** The address of a search for a tag. */
export function tagAddress(tag) {
  return `/?${new URLSearchParams({ q: tagFilter(tag) })}`;
}

/** The address at which the search shows a moment opened. */
export function openAddress(library, moment) {
  return `/?${new URLSearchParams({ open: `${moment}@${library}` })}`;
}

/** Where a picture of a moment is. */
export function pictureAt(library, moment, size) {
  return `/api/thumbnails/${moment}?${new URLSearchParams({ library, size })}`;
}

/** Buttons of which any number may be pressed; `chosen` is the set of those that are. */
export function toggles(label, names, chosen, change = () => {}, words = text) {
  return make("div.chips", { role: "group", "aria-label": label }, ...names.map((name) => make("button.chip", {
    type: "button", "aria-pressed": String(chosen.has(name)), onclick: (event) => {
      if (!chosen.delete(name)) chosen.add(name);
      event.currentTarget.setAttribute("aria-pressed", String(chosen.has(name)));
      change();
    },
  }, words(name))));
}

/** A field with its name above it, and a hint below. */
export function labelled(name, field, hint = null) {
  return make("label.labelled", {}, make("span", {}, name), field, hint ? make("small", {}, hint) : null);
}

/** Say that nothing can be changed here, where that is so, and let nothing begin. */
export async function checkMayTag(root, signal) {
  const { scopes } = await get("/api/caller", {}, signal);
  if (scopes.includes("tag")) return;
  root.prepend(make("p.fault", {}, text("wrk-only-reads")));
  for (const each of root.querySelectorAll(".go")) each.disabled = true;
}

/** A choice of the library, where the server has several; `value` is its name. */
export async function libraryChoice(wanted, signal) {
  const { libraries } = await get("/api/libraries", {}, signal);
  const names = libraries.map((each) => each.name);
  const first = names.includes(wanted) ? wanted : names[0];
  const field = make("select", {}, ...names.map((name) => make("option", { value: name, selected: name === first }, name)));
  return { element: names.length > 1 ? labelled(text("view-library"), field) : null, field, get value() { return field.value; } };
}
