// The table of a classification: pages of it come as far as one scrolls, and a threshold changes it in place.

import { get } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { shortName, text } from "../texts/texts.js";
import { openAddress, percentOf, pictureAt } from "./working.js";

const STEP = 60; // Rows that are asked for at a time.
const BINS = 50;

/** How many files have which label, for each threshold; `known` is what the server has of it. */
export class LabelCounts {
  #known;

  constructor(known) {
    this.#known = known;
  }

  get total() {
    return this.#known.total;
  }

  /** Files by label of those that are so probable, and how many are none. */
  at(threshold) {
    const given = new Map(this.#known.labels.map(({ label, at_least: counts }) => [label, counts[stepOf(threshold, counts)]]));
    return { given, unknown: this.total - [...given.values()].reduce((sum, each) => sum + each, 0) };
  }

  /** How many files, of a label or of all, are how probable: from 0 to 1 in equal parts. */
  spread(label) {
    const bins = new Array(BINS).fill(0);
    for (const { label: name, at_least: counts } of this.#known.labels) {
      if (label && name !== label) continue;
      const wide = (counts.length - 1) / BINS;
      // Whatever is certain belongs to the last part.
      bins.forEach((_, bin) => { bins[bin] += counts[bin * wide] - (bin === BINS - 1 ? 0 : counts[(bin + 1) * wide]); });
    }
    return bins;
  }
}

const stepOf = (threshold, counts) => Math.round(threshold * (counts.length - 1));

export class LabelTable {
  #job;
  #library;
  #context;
  #asked = null;
  #state = null;
  #next = 0;
  #rows = [];
  #body = make("tbody");
  #end = make("div.end");
  #seen = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#more(), { rootMargin: "800px" });

  constructor(job, library, context) {
    [this.#job, this.#library, this.#context] = [job, library, context];
    const head = ["cls-picture", "file", "cls-label", "cls-probability"].map((name) => make("th", { scope: "col" }, text(name)));
    this.element = make("div.table", {}, make("table.labels", {}, make("caption", {}, text("cls-results")), make("thead", {}, make("tr", {}, ...head)), this.#body), this.#end);
  }

  stop() {
    this.#asked?.abort();
    this.#seen.disconnect();
  }

  /** Show what a label or none has; `again` where that or the order changed, else rows stay. */
  async show(state, again) {
    this.#state = { ...state };
    if (!again && state.label !== "") return this.#rows.forEach(({ made, row }) => this.#tell(made, row));
    this.#asked?.abort();
    this.#asked = new AbortController();
    this.#next = 0;
    return this.#more({ anew: true });
  }

  async #more({ anew = false } = {}) {
    const asked = this.#asked;
    const skip = this.#next;
    if (skip === null || (asked.loading && !anew)) return;
    asked.loading = true;
    try {
      const page = await get(`/api/classify/${this.#job}`, { ...this.#wanted(), skip, limit: STEP }, AbortSignal.any([asked.signal, this.#context.signal]));
      if (asked.signal.aborted) return;
      // What was there stays until what takes its place has come.
      if (anew) { this.#rows = []; this.#body.replaceChildren(); }
      for (const row of page.results) {
        const shown = { ...row, sure: row.label === null ? 0 : row.probability }; // What is none has the probability of that.
        const made = this.#row(shown);
        this.#rows.push({ made, row: shown });
        this.#body.append(made);
      }
      this.#next = page.next;
    } catch (fault) {
      if (fault.name !== "AbortError") this.#context.fail(fault, () => this.#more({ anew }));
    } finally {
      asked.loading = false;
    }
    if (asked.signal.aborted) return;
    // An observer tells changes alone: what is still in sight has to be seen anew.
    this.#seen.unobserve(this.#end);
    if (this.#next !== null) this.#seen.observe(this.#end);
  }

  #wanted() {
    const { label, order, threshold } = this.#state;
    return label === "" ? { order, below: threshold } : { order, label };
  }

  #row(row) {
    const name = shortName(row.file);
    const bar = make("span.likeliness", { "aria-hidden": "true" });
    bar.style.width = `${100 * row.sure}%`;
    const made = make("tr", {}, make("td", {}, make("a.thumb", { href: openAddress(this.#library, row.moment_id), "aria-label": text("wrk-open", { name }) },
      make("img", { src: pictureAt(this.#library, row.moment_id, 160), alt: "", loading: "lazy", decoding: "async", width: 96, height: 64 }))),
    make("td.file-name", { dir: "auto", title: row.file }, name), make("td.given", { dir: "auto" }),
    make("td.sure", {}, row.label === null ? "" : percentOf(row.sure), make("span.meter", {}, bar)));
    this.#tell(made, row);
    return made;
  }

  #tell(made, row) {
    const known = row.label !== null && row.sure >= this.#state.threshold;
    made.classList.toggle("below", !known);
    made.querySelector(".given").textContent = known ? row.label : row.label === null ? text("cls-unknown") : text("cls-unknown-else", { label: row.label });
  }
}

/** Draw how many files are how probable; what is below the threshold is pale. */
export function drawSpread(canvas, counts, { threshold, label }) {
  const bins = counts.spread(label);
  const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const most = Math.max(1, ...bins);
  bins.forEach((count, bin) => {
    if (!count) return;
    pen.fillStyle = style.getPropertyValue((bin + 1) / BINS > threshold + 1e-9 ? "--accent" : "--edge");
    const tall = Math.max(2, height * Math.sqrt(count / most));
    pen.fillRect((bin * width) / BINS, height - tall, Math.max(1, width / BINS - 1), tall);
  });
}
