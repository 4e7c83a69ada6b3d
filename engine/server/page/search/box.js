// <search-box>: what is typed, completed and underlined; kinds, order, and examples as chips.

import { get, thumbnailOf } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import "./query_parts.js";
import { recorders } from "./recording.js";
import { asksNothing, KINDS, toAddress } from "./search.js";
import { text } from "../texts/texts.js";

const PAUSE = 120; // Milliseconds after a letter: the hits of it come first,
const LONGEST = 500; // unless they take longer than that.

class SearchBox extends HTMLElement {
  #search = null;
  #input = null;
  #list = null;
  #wrong = null;
  #chips = null;
  #examples = null;
  #parts = null;
  #asked = null;
  #timer = 0;
  #active = -1;
  #offered = { suggestions: [], typed: "" };
  #urls = [];
  /** A promise that ends once what was asked for last is answered. */
  answered = null;

  /** Build the box once its words are there. */
  build(search) {
    this.#input = make("input", {
      type: "search", name: "q", autocomplete: "off", spellcheck: false, autofocus: true, dir: "auto",
      placeholder: text("placeholder"), "aria-label": text("search"), role: "combobox",
      "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list",
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event),
      onblur: () => setTimeout(() => this.#offer([]), 150),
    });
    this.#list = make("ul", { id: "suggestions", role: "listbox", hidden: true, "aria-label": text("search") });
    this.#wrong = make("p.mistake", { role: "alert", hidden: true });
    this.#chips = make("div.chips", { role: "group", "aria-label": text("kind") });
    this.#examples = make("div.examples");
    this.#parts = make("query-parts", {
      onrewrite: ({ detail }) => this.#rewrite(detail),
      ongo: ({ detail }) => this.dispatchEvent(new CustomEvent("go", { detail })),
    });
    this.#parts.build(() => this.#input.value, () => (asksNothing(this.#search) ? null : toAddress(this.#search)), this.#examples);
    const file = make("input", {
      type: "file", accept: "image/*,video/*,audio/*", hidden: true, "aria-hidden": "true",
      onchange: () => file.files[0] && this.give(file.files[0]),
    });
    const form = make("form", { role: "search", onsubmit: (event) => { event.preventDefault(); this.#change({}, true); } },
      make("div.field", {}, this.#input, button(text("give"), () => file.click(), { className: "give" }, "+"), ...recorders((given) => this.give(given)), file, this.#list),
      this.#chips, make("div.row", {}, this.#parts, this.#wrong));
    this.append(form);
    addEventListener("paste", (event) => event.clipboardData?.files[0] && this.give(event.clipboardData.files[0]));
    addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("drop"); });
    addEventListener("dragleave", (event) => !event.relatedTarget && document.body.classList.remove("drop"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("drop");
      if (event.dataTransfer.files[0]) this.give(event.dataTransfer.files[0]);
    });
    document.body.dataset.drop = text("drop");
    this.show(search);
  }

  focusInput() {
    this.#input.focus();
    this.#input.select();
  }

  /** Show a search that came from elsewhere: the address, or a hit that was pressed. */
  show(search) {
    this.#search = search;
    if (this.#input.value !== search.text) this.#input.value = search.text;
    this.#drawChips();
    this.#drawExamples();
    this.#check();
  }

  /** Search by a file. */
  give(file) {
    this.#change({ upload: file }, true);
  }

  #change(part, settled = false) {
    this.#search = { ...this.#search, ...part };
    this.#drawChips();
    this.#drawExamples();
    this.dispatchEvent(new CustomEvent("ask", { detail: { search: this.#search, settled } }));
  }

  /** Put what a chip made of the text into the box; no completion is asked for. */
  #rewrite({ text: typed, settled }) {
    this.#input.value = typed;
    this.#change({ text: typed }, settled);
    this.#check();
  }

  #typed() {
    this.#search = { ...this.#search, text: this.#input.value };
    this.dispatchEvent(new CustomEvent("ask", { detail: { search: this.#search, settled: false } }));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(true), PAUSE);
  }

  /** Ask for parts, mistakes and, while one types, completions; the newest answer wins. */
  async #check(typing = false) {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    const typed = this.#input.value;
    const at = this.#input.selectionStart ?? typed.length;
    if (!typed.trim()) {
      this.#tell(null);
      this.#parts.show(null);
      this.#offer([]);
      return;
    }
    try {
      if (typing) await Promise.race([this.answered, new Promise((resolve) => setTimeout(resolve, LONGEST))]);
      if (asked.signal.aborted) return;
      const characters = [...typed.slice(0, at)].length;
      const [parsed, completed] = await Promise.all([
        get("/api/parse", { text: typed }, asked.signal),
        typing ? get("/api/complete", { text: typed, at: characters, most: 8 }, asked.signal) : { suggestions: [] },
      ]);
      this.#tell(parsed.mistakes[0] ?? null);
      this.#parts.show(parsed);
      const ready = ({ text: whole, begin, end }) => [...typed].slice(begin, end).join("") === whole;
      const offered = typing && document.activeElement === this.#input ? completed.suggestions : [];
      this.#offer(offered.every(ready) ? [] : offered);
    } catch {
      // Aborted by the next letter, or the server is away, which the search itself tells.
    }
  }

  #tell(mistake) {
    this.#wrong.hidden = !mistake;
    this.#input.toggleAttribute("aria-invalid", Boolean(mistake));
    if (!mistake) return;
    const letters = [...this.#input.value];
    this.#wrong.replaceChildren(
      letters.slice(0, mistake.begin).join(""),
      make("mark", {}, letters.slice(mistake.begin, mistake.end).join("")),
      letters.slice(mistake.end).join(""), make("br"), `${mistake.wrong}: ${mistake.advice}`,
    );
  }

  #offer(suggestions) {
    this.#active = -1;
    this.#list.hidden = !suggestions.length;
    this.#input.setAttribute("aria-expanded", String(Boolean(suggestions.length)));
    this.#input.removeAttribute("aria-activedescendant");
    this.#list.replaceChildren(...suggestions.map((each, place) => make("li", {
      id: `suggestion-${place}`, role: "option", "aria-selected": "false",
      onmousedown: (event) => { event.preventDefault(); this.#take(each); },
    }, make("b", { dir: "auto" }, each.text), each.says ? make("span", {}, each.says) : null)));
    this.#offered = { suggestions, typed: this.#input.value };
  }

  #take({ text: taken, begin, end }) {
    const letters = [...this.#input.value];
    const open = taken.endsWith(":") ? "" : " ";
    this.#input.value = letters.slice(0, begin).join("") + taken + open + letters.slice(end).join("").trimStart();
    const at = letters.slice(0, begin).join("").length + taken.length + open.length;
    this.#input.setSelectionRange(at, at);
    this.#typed();
  }

  #key(event) {
    // Those of an older text have their places in that text.
    const offered = this.#list.hidden || this.#offered.typed !== this.#input.value ? [] : this.#offered.suggestions;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && offered.length) {
      event.preventDefault();
      this.#active = (this.#active + step + offered.length + 1) % (offered.length + 1);
      if (this.#active === offered.length) this.#active = -1;
      [...this.#list.children].forEach((each, i) => each.setAttribute("aria-selected", String(i === this.#active)));
      if (this.#active < 0) this.#input.removeAttribute("aria-activedescendant");
      else this.#input.setAttribute("aria-activedescendant", `suggestion-${this.#active}`);
    } else if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      this.#take(offered[this.#active]);
    } else if (event.key === "Tab" && offered.length && !event.shiftKey) {
      event.preventDefault();
      this.#take(offered[Math.max(0, this.#active)]);
    } else if (event.key === "Escape" && offered.length) {
      event.stopPropagation();
      event.preventDefault();
      this.#offer([]);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.dispatchEvent(new Event("leave"));
    }
  }

  #drawChips() {
    const { kinds, sort, likely, group } = this.#search;
    const chip = (label, pressed, press) => make("button.chip", { type: "button", "aria-pressed": String(pressed), onclick: press }, label);
    const chooser = (name, value, names) => make("select.chip", {
      "aria-label": text(name), onchange: (event) => this.#change({ [name]: event.target.value || null }, true),
    }, ...Object.entries(names).map(([each, label]) => make("option", { value: each, selected: (value ?? "") === each }, text(label))));
    const held = this.#chips.contains(document.activeElement) ? [...this.#chips.children].indexOf(document.activeElement) : -1;
    this.#chips.replaceChildren(
      ...KINDS.map((kind) => chip(text(kind), kinds.includes(kind), () => this.#change({
        kinds: kinds.includes(kind) ? kinds.filter((each) => each !== kind) : [...kinds, kind],
      }, true))),
      chooser("sort", sort, { "": "sort-likely", date: "sort-date" }),
      chooser("group", group, { shot: "group-shot", asset: "group-asset", alike: "group-alike" }),
      chip(text("likely"), likely, () => this.#change({ likely: !likely }, true)),
    );
    if (held >= 0) this.#chips.children[held].focus();
  }

  #drawExamples() {
    for (const url of this.#urls.splice(0)) URL.revokeObjectURL(url);
    const { examples, upload } = this.#search;
    const shown = examples.map((each, place) => {
      const hit = { thumbnail: `/api/thumbnails/${each.moment}?library=${encodeURIComponent(each.library)}` };
      const others = examples.filter((_, i) => i !== place);
      const turn = () => this.#change({ examples: examples.map((one, i) => (i === place ? { ...one, sign: -one.sign } : one)) }, true);
      return make(`span.example${each.sign > 0 ? "" : ".less"}`, {},
        button(text(each.sign > 0 ? "less" : "more"), turn, {}, each.sign > 0 ? "+" : "−"),
        make("img", { src: thumbnailOf(hit, 160), alt: text(each.sign > 0 ? "more" : "less") }),
        button(text("leave"), () => this.#change({ examples: others }, true), {}, "×"));
    });
    if (upload) {
      const url = upload.type.startsWith("image/") ? URL.createObjectURL(upload) : null;
      if (url) this.#urls.push(url);
      shown.unshift(make("span.example", {}, url ? make("img", { src: url, alt: "" }) : null, make("span", { dir: "auto" }, upload.name),
        button(text("leave"), () => this.#change({ upload: null }, true), {}, "×")));
    }
    this.#examples.replaceChildren(...shown);
  }
}

customElements.define("search-box", SearchBox);
