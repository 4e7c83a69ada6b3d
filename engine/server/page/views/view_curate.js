// The view of curation: a method is chosen and run, what it found is decided, and all is taken back.

import { get } from "../requests/api.js";
import { showGrid } from "./curate_grid.js";
import { showGroups } from "./curate_groups.js";
import { METHODS, methodForm } from "./curate_methods.js";
import { make } from "../elements/elements.js";
import { text } from "../texts/texts.js";
import { checkMayTag, counted, Deed, libraryChoice, runJob, tellFault, tellRefused, undoRun } from "./working.js";

const RUNS = 20; // Earlier runs that are listed at a time.

export async function show(root, context) {
  const { parameters, signal, remember } = context;
  const library = await libraryChoice(parameters.get("library"), signal);
  const method = parameters.get("method") in METHODS ? parameters.get("method") : "duplicates";
  const progress = make("div");
  const findings = make("section.findings", { tabIndex: -1, hidden: true, "aria-label": text("cur-findings") });
  const runs = make("section.runs", { "aria-label": text("cur-runs") });
  const deed = new Deed();
  const own = { context, library, findings, runs, deed, refresh: () => listRuns(own), end: null, groups: null };

  async function start(body) {
    findings.hidden = true;
    progress.replaceChildren();
    try {
      remember({ method: body.task, library: body.library, run: null });
      const job = await runJob(progress, "/api/curate", body, signal);
      const { line, notes = [], problems = [] } = job.result;
      progress.replaceChildren(make("p", { role: "status", dir: "auto" }, [line, ...notes, ...problems.slice(0, 3)].filter(Boolean).join(" · ")));
      await Promise.all([openRun(own, body.library, job.result.run), listRuns(own)]);
    } catch (fault) {
      tellFault(progress, fault, context);
    }
  }

  root.className = "working";
  root.append(make("p.lead", {}, text("cur-lead")), methodForm(method, library, signal, start), progress, findings, runs);
  await Promise.all([listRuns(own), checkMayTag(root, signal)]);
  const before = Number(parameters.get("run"));
  if (before) await openRun(own, parameters.get("library") ?? library.value, before).catch((fault) => fault.status === 404 || Promise.reject(fault));
}

/** Show what a run found: groups where some of each stay, and a grid of the others. */
async function openRun(own, library, run) {
  const { context, findings } = own;
  own.end?.abort();
  own.end = new AbortController();
  const signal = AbortSignal.any([context.signal, own.end.signal]);
  context.remember({ run, library });
  const facts = await get(`/api/runs/${run}`, { library, limit: 1 }, signal);
  const begun = new Date(facts.created).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const part = make("div");
  findings.replaceChildren(make("h3", {}, `${nameOf(facts)} · ${begun}`), part);
  findings.hidden = false;
  const shown = { facts, library, signal, context, changed: own.refresh };
  own.groups = null;
  if (!facts.total) part.append(make("p", {}, text("cur-nothing")));
  else if (facts.verdicts.keeper || facts.verdicts.held) own.groups = await showGroups(part, shown);
  else await showGrid(part, shown);
  findings.focus({ preventScroll: true });
  findings.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

/** What a run did, in words; of tags by hand, which. */
function nameOf({ kind, settings }) {
  const named = text(`cur-${kind}`);
  const words = kind === "tags" ? [...settings.add.map((tag) => `+${tag}`), ...settings.remove.map((tag) => `−${tag}`)] : [];
  return [named === `cur-${kind}` ? kind : named, ...words].join(" ");
}

/** List the runs, the newest first, with what can be opened and taken back. */
async function listRuns(own, most = RUNS) {
  const { context, library, runs, deed } = own;
  const { runs: found, total } = await get("/api/runs", { library: library.value, limit: most }, context.signal);
  if (!total) return runs.replaceChildren();
  const row = (run) => {
    const done = run.acts.done ?? 0;
    const open = make("button.act-line", { type: "button", onclick: () => openRun(own, run.library, run.run).catch((fault) => tellRefused(fault, context)) }, text("cur-open"));
    const undo = make("button.act-line", { type: "button", onclick: () => takeBack(own, run) }, text("wrk-undo"));
    const when = new Date(run.created).toLocaleString(document.documentElement.lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    return make("tr", {}, make("td", {}, when), make("td", { title: run.command, dir: "auto" }, nameOf(run)),
      make("td", {}, counted("cur-found", run.findings)), make("td", {}, done ? counted("cur-acts", done) : run.acts.undone ? text("cur-undone") : ""),
      make("td", {}, run.findings ? open : null, done ? undo : null));
  };
  const more = total > found.length ? make("button.act-line", { type: "button", onclick: () => listRuns(own, most + 100).catch((fault) => tellRefused(fault, context)) }, text("cur-more-runs")) : null;
  const head = ["cur-when", "cur-what", "cur-findings", "cur-done"].map((name) => make("th", { scope: "col" }, text(name)));
  runs.replaceChildren(make("h3", {}, text("cur-runs")), deed.element, make("div.table", {}, make("table", {},
    make("thead", {}, make("tr", {}, ...head, make("th", { scope: "col" }, text("cur-do")))), make("tbody", {}, ...found.map(row)))), ...(more ? [more] : []));
}

async function takeBack(own, run) {
  try {
    const { result } = await undoRun(run.library, run.run, own.context.signal);
    own.deed.say([...(result?.lines ?? []), ...(result?.problems ?? [])].join(" · ") || text("cur-undone"));
    await Promise.all([listRuns(own), own.groups?.begin()]);
  } catch (fault) {
    tellRefused(fault, own.context);
  }
}
