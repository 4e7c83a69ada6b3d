// The panel in which a filter is chosen: of folders, tags, dates, lengths and places that there are.

import { get } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { openBeside } from "../elements/popover.js";
import { valueOf } from "./query_text.js";
import { albumName, albumTag } from "../selection/tagging.js";
import { failed } from "../elements/toast.js";
import { text } from "../texts/texts.js";

const FIELDS = ["date", "tags", "album", "path", "duration", "place", "speech", "screen", "kind"];

/** The name of a filter as a chip has it: what it is about, and its value in short. */
export function nameOf({ field, value, raw }) {
  const shown = value ?? "";
  const [, name] = /^[+-]?(\p{L}+):/u.exec(raw) ?? [];
  if (["after", "before"].includes(name?.toLowerCase())) return text(`date-${name.toLowerCase()}`, { value: shown });
  if (field === "tags") return albumName(shown) === null ? `${text("tag")}: ${shown}` : `${text("album")}: ${albumName(shown)}`;
  if (field === "path") return `${text("folder")}: ${shown.replace(/\/+$/, "").split("/").at(-1) || shown}`;
  if (field === "kind") return shown.split(",").map((kind) => (["image", "video", "audio"].includes(kind) ? text(kind) : kind)).join(", ");
  if (field === "speech" || field === "screen") return text(`${field}-${shown.toLowerCase() === "no" ? "no" : "yes"}`);
  if (field === "place") return `${text("place")}: ${shown.split(",").map((side) => Number(side).toFixed(1)).join(", ")}`;
  return `${text(field === "duration" ? "length" : field)}: ${inSigns(shown)}`;
}

/** An order or a range as people write it. */
function inSigns(value) {
  return value.replace(/^>=/, "≥ ").replace(/^<=/, "≤ ").replace(/^([<>])(?!=)/, "$1 ").replace("..", " – ");
}

/** Open the panel; `part` is the filter that is to be changed, null for a new one. */
export function chooseFilter(beside, part, take) {
  const field = part ? (part.field === "tags" && albumName(part.value ?? "") !== null ? "album" : part.field) : "date";
  openBeside(beside, text(part ? "change-filter" : "add-filter"), (panel, close) => {
    const body = make("div.choice");
    const done = (filter) => { close(); take(filter); };
    const show = async (chosen) => {
      body.replaceChildren(make("p.quiet", {}, "…"));
      try {
        const facets = await get("/api/facets");
        if (body.isConnected) body.replaceChildren(...EDITORS[chosen](facets, done, part));
      } catch (fault) {
        failed(fault);
      }
    };
    const select = make("select", { "aria-label": text("filter-of"), onchange: () => show(select.value) },
      ...FIELDS.map((name) => make("option", { value: name, selected: name === field }, text(`filter-${name}`))));
    panel.classList.add("filters");
    panel.append(select, body);
    show(FIELDS.includes(field) ? field : "date");
  });
}

const EDITORS = {
  tags: ({ tags }, done) => listed(Object.entries(tags).filter(([tag]) => albumName(tag) === null)
    .map(([tag, count]) => ({ label: tag, count, filter: `tag:${valueOf(tag)}` })), done, "no-tags"),
  album: ({ tags }, done) => listed(Object.entries(tags).filter(([tag]) => albumName(tag) !== null)
    .map(([tag, count]) => ({ label: albumName(tag), count, filter: `tag:${valueOf(albumTag(albumName(tag)))}` })), done, "no-albums"),
  path: ({ folders }, done) => listed(shortened(folders), done, "no-folders"),
  place: ({ places }, done) => listed(places.map(({ south, west, north, east, latitude, longitude, count }) => ({
    label: `${degrees(latitude, "N", "S")} ${degrees(longitude, "E", "W")}`, count, filter: `place:${[south, west, north, east].join(",")}`,
  })), done, "no-places"),
  duration: (_, done) => [...listed([["duration-1", "<60"], ["duration-2", "60..300"], ["duration-3", "300..1200"], ["duration-4", ">1200"]]
    .map(([name, value]) => ({ label: text(name), filter: `duration:${value}` })), done), between("number", "minutes", done, lengthOf)],
  speech: (_, done) => listed(["yes", "no"].map((value) => ({ label: text(`speech-${value}`), filter: `speech:${value}` })), done),
  screen: (_, done) => listed(["yes", "no"].map((value) => ({ label: text(`screen-${value}`), filter: `screen:${value}` })), done),
  kind: ({ kinds }, done) => listed(["image", "video", "audio"].map((kind) => ({ label: text(kind), count: kinds[kind] ?? 0, filter: `kind:${kind}` })), done),
  date: ({ years, months }, done) => [
    ...listed([...["today", "7d", "30d", "1y"].map((since) => ({ label: text(`since-${since}`), filter: `after:${since}` })),
      ...newestFirst(years).map(([year, count]) => ({ label: year, count, filter: `date:${year}` })),
      ...newestFirst(months).map(([month, count]) => ({ label: month, count, filter: `date:${month}`, deep: true }))], done),
    between("date", "dates", done, datesOf),
  ],
};

/** Years or months; an object's own order of numbers is from the least on. */
function newestFirst(counts) {
  return Object.entries(counts).sort(([a], [b]) => b.localeCompare(a));
}

/** Choices with how many files each has; a field narrows them down where they are many. */
function listed(choices, done, none = null) {
  if (!choices.length) return [make("p.quiet", {}, text(none))];
  const list = make("ul.choices", { role: "list" });
  const narrow = (wanted) => list.replaceChildren(...choices
    .filter(({ label, deep }) => (wanted ? label.toLowerCase().includes(wanted) : !deep)).slice(0, 200)
    .map(({ label, count, filter }) => make("li", {}, button(label, () => done(filter), { title: filter },
      make("span", { dir: "auto" }, label), count === undefined ? null : make("small", {}, count.toLocaleString(document.documentElement.lang))))));
  narrow("");
  if (choices.length <= 12) return [list];
  const input = make("input", { type: "text", "aria-label": text("narrow"), placeholder: text("narrow"), dir: "auto", oninput: () => narrow(input.value.trim().toLowerCase()) });
  return [input, list];
}

/** Two fields, from and to, either of which may be empty. */
function between(type, name, done, filterOf) {
  const [from, to] = ["from", "to"].map((end) => make("input", { type, min: type === "number" ? 0 : undefined, step: type === "number" ? "any" : undefined, "aria-label": `${text(name)}, ${text(end)}` }));
  return make("form.between", {
    onsubmit: (event) => {
      event.preventDefault();
      const filter = filterOf(from.value, to.value);
      if (filter) done(filter);
    },
  }, make("label", {}, text("from"), from), make("label", {}, text("to"), to), make("button.main", {}, text("apply")));
}

function datesOf(from, to) {
  if (from && to) return from <= to ? `date:${from}..${to}` : `date:${to}..${from}`;
  return from ? `date:>=${from}` : to ? `date:<=${to}` : null;
}

function lengthOf(from, to) {
  const [least, most] = [from, to].map((minutes) => (minutes === "" ? null : Math.round(60 * Number(minutes))));
  if (least !== null && most !== null) return `duration:${Math.min(least, most)}..${Math.max(least, most)}`;
  return least !== null ? `duration:>=${least}` : most !== null ? `duration:<=${most}` : null;
}

/** Folders without the path that all of them share. */
function shortened(folders) {
  const names = Object.keys(folders);
  const split = names.map((name) => name.split("/"));
  const [first = []] = split;
  let shared = 0;
  while (shared < first.length - 1 && split.every((each) => each[shared] === first[shared])) shared += 1;
  return names.map((name, i) => ({ label: split[i].slice(shared).join("/") || name, count: folders[name], filter: `path:${valueOf(name)}` }));
}

function degrees(value, above, below) {
  return `${Math.abs(value).toFixed(1)}° ${value < 0 ? below : above}`;
}
