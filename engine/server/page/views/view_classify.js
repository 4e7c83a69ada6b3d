// The view that gives files labels by words: what is asked, the job, and a table of what came of it.

import { make } from "../elements/elements.js";
import { filtersOf } from "../search/filters.js";
import { get } from "../requests/api.js";
import { drawSpread, LabelCounts, LabelTable } from "./label_table.js";
import { KINDS } from "../search/search.js";
import { text } from "../texts/texts.js";
import { checkMayTag, counted, Deed, labelled, libraryChoice, percentOf, runJob, tagAddress, tellFault, toggles, undoRun } from "./working.js";

/** Labels of a text: one a line or between commas; `name: another; words` describes one further. */
export function labelsOf(typed) {
  const names = new Map();
  for (const each of typed.split(/[\n,]/)) {
    const [name, more = ""] = each.split(/:(.*)/s).map((part) => part.trim());
    if (name) names.set(name, more.split(";").map((part) => part.trim()).filter(Boolean));
  }
  return [...names.values()].some((more) => more.length) ? Object.fromEntries(names) : [...names.keys()];
}

export async function show(root, context) {
  const { parameters, signal, remember } = context;
  const library = await libraryChoice(parameters.get("library"), signal);
  const kinds = new Set(parameters.getAll("kinds").flatMap((each) => each.split(",")).filter((kind) => KINDS.includes(kind)));
  const labels = make("textarea", { rows: 4, dir: "auto", required: true, placeholder: text("cls-example"), value: parameters.get("labels") ?? "" });
  const where = make("input", { dir: "auto", placeholder: "tag:holiday after:2024", value: parameters.get("where") ?? "" });
  const unknown = make("input", { type: "checkbox", checked: parameters.get("every") !== "1" });
  const [progress, results] = [make("div"), make("section.results", { "aria-label": text("cls-results"), hidden: true })];
  const start = make("button.go", { type: "submit" }, text("cls-start"));
  const own = { context, library, results };

  async function ask(event) {
    event.preventDefault();
    start.disabled = true;
    results.hidden = true;
    try {
      const body = { library: library.value, labels: labelsOf(labels.value), kinds: [...kinds], unknown: unknown.checked, where: await filtersOf(where.value, signal) };
      where.setCustomValidity("");
      remember({ labels: labels.value.trim(), kinds: [...kinds].join(","), where: where.value.trim(), every: unknown.checked ? null : "1", library: library.value, job: null, at: null });
      const job = await runJob(progress, "/api/classify", body, signal);
      remember({ job: job.job });
      await showResults(own, job.job);
    } catch (fault) {
      if (fault.constructor === Error && fault.name === "Error") {
        where.setCustomValidity(fault.message);
        where.reportValidity();
      } else tellFault(progress, fault, context);
    } finally {
      start.disabled = false;
    }
  }

  root.className = "working";
  root.append(make("p.lead", {}, text("cls-lead")), make("form.task", { onsubmit: ask },
    labelled(text("cls-labels"), labels, text("cls-labels-hint")),
    make("div.beside", {}, library.element,
      labelled(text("wrk-filter"), where, text("wrk-filter-hint")),
      make("div.labelled", {}, make("span", {}, text("kind")), toggles(text("kind"), KINDS, kinds)),
      make("label.tick", {}, unknown, make("span", {}, text("cls-unknown-may")))),
    start), progress, results);
  where.addEventListener("input", () => where.setCustomValidity(""));
  await checkMayTag(root, signal);
  const before = parameters.get("job");
  if (/^[0-9a-f]{16}$/.test(before ?? "")) {
    await showResults(own, before, Number(parameters.get("at")) || 0).catch((fault) => {
      remember({ job: null });
      // What later classifications have taken the place of can be asked for again.
      if (![404, 409, 410].includes(fault.status)) throw fault;
    });
  }
}

/** Show what a classification found, with all that changes what of it holds. */
async function showResults({ context, library, results }, job, from = 0) {
  const { signal, remember } = context;
  const known = new LabelCounts(await get(`/api/classify/${job}/counts`, {}, signal));
  const state = { threshold: Math.round(100 * from) / 100, label: null, order: "sure" };
  const table = new LabelTable(job, library.value, context);
  const [counts, told, deed] = [make("div.chips", { role: "group", "aria-label": text("cls-labels") }), make("p.outlook", { "aria-live": "polite" }), new Deed()];
  const outline = make("canvas.histogram", { "aria-hidden": "true" });
  const value = make("output", {});
  const slider = make("input", {
    type: "range", min: 0, max: 1, step: 0.01, value: from, "aria-label": text("cls-threshold"),
    oninput: () => { state.threshold = Number(slider.value); update(); }, onchange: () => remember({ at: state.threshold || null }),
  });
  const order = make("select.chip", { "aria-label": text("sort"), onchange: () => { state.order = order.value; update(true); } },
    ...["sure", "unsure", "file"].map((name) => make("option", { value: name }, text(`cls-order-${name}`))));
  const apply = make("button.go", { type: "button", onclick: () => giveTags() }, text("cls-apply"));
  const place = make("div");

  function update(again = false) {
    slider.setAttribute("aria-valuetext", percentOf(state.threshold));
    value.textContent = percentOf(state.threshold);
    const held = known.at(state.threshold);
    drawCounts(counts, held, known.total, state.label, (label) => { state.label = label; update(true); });
    const shown = table.show(state, again);
    drawSpread(outline, known, state);
    const given = [...held.given].filter(([label, count]) => count && (state.label === null || label === state.label));
    const files = given.reduce((sum, [, count]) => sum + count, 0);
    apply.disabled = !files;
    told.textContent = files ? counted("cls-will", files, { labels: given.map(([label, count]) => `${label} (${count.toLocaleString(document.documentElement.lang)})`).join(", ") }) : text("cls-will-nothing");
    return shown;
  }

  async function giveTags() {
    apply.disabled = true;
    try {
      const body = { threshold: state.threshold, ...(state.label ? { labels: [state.label] } : {}) };
      const { result } = await runJob(place, `/api/classify/${job}/apply`, body, signal);
      deed.say(counted("cls-given", result.tags), async () => {
        await undoRun(library.value, result.run, signal);
        return counted("cls-taken", result.tags);
      }, state.label ? tagAddress(state.label) : null);
    } catch (fault) {
      tellFault(place, fault, context);
    } finally {
      apply.disabled = false;
    }
  }

  results.replaceChildren(
    make("h3", {}, counted("cls-found", known.total)), counts,
    make("div.threshold", {}, make("div.slide", {}, outline, slider),
      make("p", {}, text("cls-threshold"), " ", value), order),
    make("div.applying", {}, apply, told), place, deed.element, table.element);
  results.hidden = false;
  signal.addEventListener("abort", () => table.stop());
  await update(true);
}

function drawCounts(counts, held, all, chosen, choose) {
  const kept = counts.contains(document.activeElement) ? [...counts.children].indexOf(document.activeElement) : -1;
  const chip = (label, words, count) => make("button.chip", {
    type: "button", "aria-pressed": String(chosen === label), onclick: () => choose(chosen === label ? null : label),
  }, make("span", { dir: "auto" }, words), " ", make("b", {}, count.toLocaleString(document.documentElement.lang)));
  counts.replaceChildren(chip(null, text("cls-all"), all), ...[...held.given].map(([label, count]) => chip(label, label, count)),
    chip("", text("cls-unknown"), held.unknown));
  counts.children[kept]?.focus();
}
