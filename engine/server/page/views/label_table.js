// The table of a classification: made as far as one scrolls, and changed in place by a threshold.

import { make } from "../elements/elements.js";
import { shortName, text } from "../texts/texts.js";
import { openAddress, percentOf, pictureAt } from "./working.js";

const STEP = 60; // Rows that are made at a time.
const BINS = 50;
const ORDERS = {
  sure: (a, b) => b.sure - a.sure, unsure: (a, b) => a.sure - b.sure,
  file: (a, b) => a.file.localeCompare(b.file),
};

export class LabelTable {
  #rows;
  #library;
  #shown = [];
  #made = 0;
  #body = make("tbody");
  #end = make("div.end");
  #seen = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#more(), { rootMargin: "800px" });
  #threshold = 0;

  constructor(results, library) {
    this.#library = library;
    // What is none of the labels has the probability of that, and none of a label.
    this.#rows = results.map((each) => ({ ...each, sure: each.label === null ? 0 : each.probability }));
    const head = ["cls-picture", "file", "cls-label", "cls-probability"].map((name) => make("th", { scope: "col" }, text(name)));
    this.element = make("div.table", {}, make("table.labels", {}, make("caption", {}, text("cls-results")), make("thead", {}, make("tr", {}, ...head)), this.#body), this.#end);
    this.#seen.observe(this.#end);
  }

  stop() {
    this.#seen.disconnect();
  }

  /** Files by label of those that are so probable, the most first, and how many are none. */
  count(threshold) {
    const given = new Map();
    let unknown = 0;
    for (const row of this.#rows) {
      if (row.label !== null && !given.has(row.label)) given.set(row.label, 0);
      if (holds(row, threshold)) given.set(row.label, given.get(row.label) + 1);
      else unknown += 1;
    }
    return { given: new Map([...given].sort((a, b) => a[0].localeCompare(b[0]))), unknown };
  }

  /** Show what a label or none has; `again` where that or the order changed, else rows stay. */
  show({ threshold, label, order }, again) {
    this.#threshold = threshold;
    if (again || label === "") {
      this.#shown = this.#rows.filter((row) => label === null || (label === "" ? !holds(row, threshold) : row.label === label)).sort(ORDERS[order]);
      this.#body.replaceChildren();
      this.#made = 0;
      this.#more();
    } else [...this.#body.rows].forEach((made, i) => this.#tell(made, this.#shown[i]));
  }

  /** Draw how many files are how probable; what is below the threshold is pale. */
  drawHistogram(canvas, { threshold, label }) {
    const counts = new Array(BINS).fill(0);
    for (const row of this.#rows) {
      if (row.label !== null && (!label || row.label === label)) counts[Math.min(BINS - 1, Math.floor(row.sure * BINS))] += 1;
    }
    const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const most = Math.max(1, ...counts);
    counts.forEach((count, bin) => {
      if (!count) return;
      pen.fillStyle = style.getPropertyValue((bin + 1) / BINS > threshold + 1e-9 ? "--accent" : "--edge");
      const tall = Math.max(2, height * Math.sqrt(count / most));
      pen.fillRect((bin * width) / BINS, height - tall, Math.max(1, width / BINS - 1), tall);
    });
  }

  #more() {
    const until = Math.min(this.#shown.length, this.#made + STEP);
    for (; this.#made < until; this.#made += 1) this.#body.append(this.#row(this.#shown[this.#made]));
    if (this.#made < this.#shown.length) {
      // An observer tells changes alone: what is still in sight has to be seen anew.
      this.#seen.unobserve(this.#end);
      this.#seen.observe(this.#end);
    }
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
    const known = holds(row, this.#threshold);
    made.classList.toggle("below", !known);
    made.querySelector(".given").textContent = known ? row.label : row.label === null ? text("cls-unknown") : text("cls-unknown-else", { label: row.label });
  }
}

function holds(row, threshold) {
  return row.label !== null && row.sure >= threshold;
}
