// The view of libraries: what they hold, what that takes, how well it is found, and what to do next.

import { get } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { bytes, count, moment, percent } from "../elements/figures.js";
import { notesOf } from "./library_notes.js";
import { KINDS } from "../search/search.js";
import { text } from "../texts/texts.js";

const PARTS = ["vectors", "indexes", "catalog", "thumbnails", "other"];

export async function show(root, { signal, fail }) {
  const [{ libraries }, { jobs }] = await Promise.all([get("/api/overview", {}, signal), get("/api/jobs", { limit: 200 }, signal)]);
  const cards = libraries.map((about) => card(about, jobs.filter((job) => job.library === about.library)));
  root.replaceChildren(...cards.map((each) => each.element));
  try {
    const { libraries: checked } = await get("/api/verify", {}, signal);
    checked.forEach((health, place) => cards[place].tell(health));
  } catch (fault) {
    fail(fault, () => show(root, { signal, fail }));
  }
}

/** The part of one library; `tell(health)` says what came of checking it. */
function card(about, jobs) {
  const title = `library-${about.library}`;
  const health = make("div.health", { "aria-live": "polite" });
  const tell = (checked) => health.replaceChildren(...notes(notesOf(about, checked, jobs), checked));
  tell(null);
  const element = make("section.card", { "aria-labelledby": title },
    make("h3", { id: title, dir: "auto" }, about.library),
    make("p.quiet", { dir: "auto" }, about.path),
    counts(about), lastRun(jobs), health,
    make("div.columns", {}, moments(about), sizes(about)),
    spaces(about));
  return { element, tell };
}

function counts({ assets }) {
  const whole = Object.values(assets).reduce((sum, each) => sum + each, 0);
  const figure = (number, name) => make("div", {}, make("dt", {}, name), make("dd", {}, count(number)));
  return make("dl.figures", {}, figure(whole, text("lib-files")), ...KINDS.map((kind) => figure(assets[kind] ?? 0, text(kind))));
}

/** What the newest run of indexing did. */
function lastRun(jobs) {
  const last = jobs.find((job) => ["index", "retry"].includes(job.kind) && job.state === "done");
  if (!last) return null;
  const { added = 0, failed = 0 } = last.files;
  return make("p", {}, text("lib-last", { when: moment(last.ended), added: count(added), failed: count(failed) }));
}

/** The verdict, and what is worth to be known; before the library was checked, what is known by then. */
function notes(found, checked) {
  const verdict = verdictOf(found, checked);
  const line = make(`p.verdict.${verdict}`, {}, text(`lib-${verdict}`));
  if (!found.length) return [line];
  return [line, make("ul.notes", {}, ...found.map(({ wrong, says, link, command, lines = [] }) => make(`li${wrong ? ".wrong" : ""}`, {},
    make("span", {}, says),
    lines.length ? make("ul", {}, ...lines.map((each) => make("li", { dir: "auto", lang: typeof each === "string" ? "en" : undefined }, each))) : null,
    link ? make("a.do", { href: link.to }, link.says) : null,
    command ? make("code", { dir: "ltr" }, command) : null)))];
}

/** What is true of all of it: files that were not read are no damage, and not well either. */
function verdictOf(found, checked) {
  if (found.some((note) => note.wrong)) return "wrong";
  if (!checked) return "checking";
  const open = found.filter((note) => !note.hint);
  if (!open.length) return "fine";
  return open.every((note) => note.unread) ? "unread" : "open";
}

function moments({ moments: held }) {
  const whole = Object.values(held).reduce((sum, each) => sum + each, 0);
  const rows = Object.entries(held).map(([modality, number]) => [text(`modality-${modality}`), number / (whole || 1), count(number)]);
  return make("section", {}, make("h4", {}, text("lib-moments", { count: count(whole) })), bars(rows));
}

function sizes({ sizes: taken, free }) {
  const whole = Object.values(taken).reduce((sum, each) => sum + each, 0);
  const rows = PARTS.filter((part) => taken[part] >= 1000).map((part) => [text(`size-${part}`), taken[part] / (whole || 1), bytes(taken[part])]);
  return make("section", {}, make("h4", {}, text("lib-sizes", { size: bytes(whole), free: bytes(free) })), bars(rows));
}

/** Rows of a name, a bar as long as a part of 1, and the figure that it stands for. */
function bars(rows) {
  return make("dl.bars", {}, ...rows.flatMap(([name, part, figure]) => {
    const bar = make("span", { "aria-hidden": "true" });
    bar.style.width = `${Math.max(0.5, 100 * part)}%`;
    return [make("dt", {}, name), make("dd", {}, make("span.track", { "aria-hidden": "true" }, bar), figure)];
  }));
}

function spaces(about) {
  const cell = (label, ...shown) => make("td", { "data-label": label }, ...shown);
  const [name, covers, found, size] = ["space", "space-covers", "space-recall", "size"].map((each) => text(each));
  const row = (space) => make("tr", {},
    make("th", { scope: "row", dir: "auto" }, space.name, make("small", {}, text(`space-${space.default ? "default" : space.role}`, { encoder: space.encoder, dim: space.dim }))),
    cell(covers, ...coverage(space, about)), cell(found, ...recall(space, about.indexes)), cell(size, bytes(space.bytes)));
  return make("section", {}, make("h4", {}, text("lib-spaces")), make("table.spaces", {},
    make("thead", {}, make("tr", {}, ...[name, covers, found, size].map((each) => make("th", { scope: "col" }, each)))),
    make("tbody", {}, ...about.spaces.map(row))));
}

/** How much of what there is of each modality a space has a vector of. */
function coverage(space, { moments: held }) {
  const shares = Object.entries(space.vectors).map(([modality, number]) => {
    const of = held[modality] ?? number;
    const all = number >= of;
    return make("div", {}, all ? text("covers-all", { what: text(`modality-${modality}`), count: count(of) })
      : text("covers-part", { what: text(`modality-${modality}`), count: count(number), all: count(of), part: percent(number / of) }));
  });
  if (space.state === "empty") return [make("em", {}, text("space-empty"))];
  if (space.state === "filling") shares.push(make("em", {}, text("space-filling")));
  return shares.length ? shares : [text("covers-none")]; // Empty, or its vectors cannot be read.
}

function recall(space, indexes) {
  const own = indexes.filter((index) => index.space === space.name);
  if (!own.length) return [Object.keys(space.vectors).length ? text("recall-exact") : "–"];
  return own.map((index) => {
    const least = Math.min(...Object.values(index.recall));
    const figure = Number.isFinite(least) ? percent(least, 1) : "–";
    return make(`div${least < index.target ? ".wrong" : ""}`, { title: index.form }, text("recall-index", { what: text(`modality-${index.modality}`), recall: figure, target: percent(index.target) }));
  });
}
