// <selection-bar>: what is selected, counted, and what can be done with it.

import { get, post } from "../requests/api.js";
import { askIn, field } from "../elements/dialogs.js";
import { makePage } from "../elements/page_dialog.js";
import { download } from "./downloads.js";
import { button, make } from "../elements/elements.js";
import { exportFiles } from "./export_dialog.js";
import { placeFiles, placesFor } from "./place_dialog.js";
import { countFiles, filesOf, keyOf, selection } from "./selection.js";
import { albumName, albumTag, changeTags, countChanges, undoRuns } from "./tagging.js";
import { teach } from "./teach_dialog.js";
import { text } from "../texts/texts.js";
import { failed, toast } from "../elements/toast.js";

export const SELECTION_KEYS = { Space: "key-select", "Shift ← →": "key-stretch", "Ctrl A": "key-all", "Ctrl Z": "key-undo" };

class SelectionBar extends HTMLElement {
  #grid = null;
  #count = null;
  #all = null;
  #place = null;
  #places = null; // Folders that files may be put into; asked for when something is selected first.

  /** Build the bar once its words are there; `grid` has the hits that can all be selected. */
  build(grid) {
    this.#grid = grid;
    this.hidden = true;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", text("selection"));
    this.#count = make("p.count", { role: "status" });
    this.#place = button(text("place-act"), () => placeFiles(selection.hits, this.#places), { hidden: true }, text("place-short"));
    this.#all = button("", () => selection.add(grid.hits), { className: "all" });
    const act = (name, press, shown = name) => button(text(name), press, {}, text(shown));
    this.append(
      button(text("clear-selection"), () => this.#leave(), { className: "clear" }, "×"), this.#count, this.#all,
      make("div.actions", { role: "group", "aria-label": text("actions") },
        act("tag-act", () => this.#tag().catch(failed)), act("album-act", () => this.#album().catch(failed), "album"),
        act("teach-act", () => teach(selection.hits, (words) => this.#ask(words)).catch(failed), "teach"),
        act("story-act", () => this.#story(), "story"),
        this.#place, act("download", () => download(selection.hits)), act("export-act", () => exportFiles(selection.hits))),
    );
    selection.addEventListener("change", () => this.#show());
    addEventListener("keydown", (event) => this.#selectAll(event));
    grid.addEventListener("shown", () => this.#show());
  }

  /** Have something searched for. */
  #ask(words) {
    this.dispatchEvent(new CustomEvent("ask", { detail: { text: words } }));
  }

  /** Make a story of the selected files, of the library that the first of them is in. */
  #story() {
    const [[library, assets]] = filesOf(selection.hits);
    const asked = new URLSearchParams(location.search).get("q")?.trim().slice(0, 300) || text("story");
    makePage("story", "/api/stories", { library, asked, assets });
  }

  #leave() {
    selection.clear();
    this.#grid.querySelector(".tile a[tabindex='0']")?.focus({ preventScroll: true });
  }

  #selectAll(event) {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey)) return;
    if (this.#grid.hidden || event.target.matches("input, textarea") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    selection.add(this.#grid.hits);
  }

  #show() {
    const { hits, size } = selection;
    this.hidden = !size;
    if (!size) return;
    this.#findPlaces();
    const shown = new Set(this.#grid.hidden ? [] : this.#grid.hits.map(keyOf));
    const elsewhere = hits.filter((hit) => !shown.has(keyOf(hit))).length;
    const files = countFiles(hits);
    const parts = [text(size === 1 ? "selected-one" : "selected-count", { count: size })];
    if (files !== size) parts.push(text(files === 1 ? "of-one-file" : "of-files", { count: files }));
    if (elsewhere) parts.push(text("elsewhere", { count: elsewhere }));
    const said = parts.join(", ");
    if (this.#count.textContent !== said) this.#count.textContent = said;
    const all = text("select-all", { count: shown.size });
    this.#all.textContent = this.#all.title = all;
    this.#all.setAttribute("aria-label", all);
    this.#all.hidden = !shown.size || size - elsewhere === shown.size;
  }

  /** Offer to move files where that may be done. */
  async #findPlaces() {
    if (this.#places) return;
    this.#places = [];
    this.#places = await placesFor().catch(() => null);
    this.#place.hidden = !this.#places?.length;
  }

  async #tag() {
    const hits = selection.hits;
    const [known, had] = await Promise.all([get("/api/tags"), tagsOf(hits)]);
    const own = known.tags.map(({ tag }) => tag).filter((tag) => albumName(tag) === null);
    askIn(text("tag-files", { count: countFiles(hits) }), {
      verb: text("add-tag"),
      fill: (body, dialog) => {
        body.append(field(text("tag"), { maxLength: 200 }, own));
        if (had.length) body.append(this.#taken(hits, had, dialog));
      },
      press: (form) => change(hits, { add: [form.querySelector("input").value.trim()] }),
    });
  }

  /** The tags that files have, each of which can be taken from all of them. */
  #taken(hits, had, dialog) {
    const take = (tag) => button(text("remove-tag", { tag }), async () => {
      dialog.close();
      await change(hits, { remove: [tag] }).catch(failed);
    }, {}, "×");
    return make("ul.had", { "aria-label": text("tags") }, ...had.map(({ tag, files }) => make("li.tag", {},
      make("span", { dir: "auto" }, tag), make("small", {}, ` ${files}`), take(tag))));
  }

  async #album() {
    const hits = selection.hits;
    const { tags } = await get("/api/tags");
    const albums = tags.map(({ tag }) => albumName(tag)).filter((name) => name !== null);
    askIn(text("album-files", { count: countFiles(hits) }), {
      verb: text("album-add"),
      fill: (body) => body.append(field(text("album"), { maxLength: 180 }, albums)),
      press: (form) => change(hits, { add: [albumTag(form.querySelector("input").value)] }),
    });
  }
}

/** Change tags of hits, and say what that came to, with a way back. */
async function change(hits, { add = [], remove = [] }) {
  const runs = await changeTags(hits, { add, remove });
  const [tag] = [...add, ...remove];
  const count = countChanges(runs);
  const album = albumName(tag);
  const name = `${album === null ? "tag" : "album"}-${add.length ? "given" : "taken"}`;
  if (!count) toast(text("changed-nothing"));
  else toast(text(name, { count, tag: album ?? tag }), { undo: () => undoRuns(runs) });
}

/** The tags of the files of hits, with how many of them have each, the most frequent first. */
async function tagsOf(hits) {
  const counts = new Map();
  for (const [library, assets] of filesOf(hits)) {
    const { tags } = await post("/api/tags/count", { library, assets });
    for (const { tag, files } of tags) counts.set(tag, (counts.get(tag) ?? 0) + files);
  }
  return [...counts].map(([tag, files]) => ({ tag, files })).sort((a, b) => b.files - a.files);
}

customElements.define("selection-bar", SelectionBar);
