// <query-parts>: each part of what is typed as a chip, to turn, weigh, change or take out.

import { button, make } from "../elements/elements.js";
import { chooseFilter, nameOf } from "./filter_choice.js";
import { openBeside } from "../elements/popover.js";
import { keptChips, openSearches } from "./searches_panel.js";
import { added, exchanged, mayBeTurned, partsOf, turned, WEIGHTS, weighted, without } from "./query_text.js";
import { text } from "../texts/texts.js";

class QueryParts extends HTMLElement {
  #text = "";
  #parts = [];
  #typed = () => "";
  #list = null;
  #add = null;
  #kept = null;
  #address = () => null;

  /**
   * Build the row; `typed()` is what is in the box now, `address()` the search of now or null, and
   * `others` come after the chips.
   */
  build(typed, address, ...others) {
    this.#typed = typed;
    this.#address = address;
    this.#kept = button(text("searches"), () => openSearches(this.#kept, this.#address(), (to) => this.#go(to), () => this.keptAnew()), {
      className: "chip star", "aria-haspopup": "dialog", "aria-expanded": "false",
    }, "☆");
    this.#add = button(text("add-filter"), () => this.#choose(this.#add, null), { className: "chip add", "aria-haspopup": "dialog" }, `+ ${text("filter")}`);
    this.#list = make("div.listed", { role: "group", "aria-label": text("query-parts") });
    this.append(this.#add, this.#kept, this.#list, ...others);
  }

  /** Show the parts of a query as the server has read it; none for an empty one. */
  show(parsed) {
    this.#text = parsed?.text ?? "";
    this.#parts = parsed ? partsOf(parsed) : [];
    const held = this.#held();
    this.#list.replaceChildren(...this.#parts.map((_, place) => this.#chip(place)));
    if (held) this.#hold(held);
    this.keptAnew();
  }

  /** Where nothing is typed, the searches that are kept. */
  async keptAnew() {
    if (this.#address() !== null) return;
    const chips = await keptChips((to) => this.#go(to));
    if (this.#address() === null && !this.#parts.length) this.#list.replaceChildren(...chips);
  }

  #go(address) {
    this.dispatchEvent(new CustomEvent("go", { detail: { address } }));
  }

  #chip(place) {
    const part = this.#parts[place];
    if (part.what === "then") return make("span.then", {}, text("then"));
    const label = part.what === "filter" ? nameOf(part) : part.shown;
    const turn = button(text(part.negated ? "wanted" : "not-wanted", { part: label }), () => this.#rewrite((typed) => turned(typed, this.#parts, place)), {
      className: "turn", "aria-pressed": String(part.negated), disabled: !mayBeTurned(this.#parts, place),
    }, part.negated ? "−" : "+");
    const times = part.what === "words" && part.weight !== 1 ? make("b", {}, `×${part.weight}`) : null;
    const open = button(text(part.what === "filter" ? "change-part" : "weigh-part", { part: label }), (event) => this.#open(event.currentTarget, place), {
      className: "body", dir: "auto", "aria-haspopup": "dialog", "aria-expanded": "false",
    }, make("span", {}, label), times);
    return make(`span.term.${part.what}${part.negated ? ".less" : ""}`, {}, turn, open,
      button(text("leave-part", { part: label }), () => this.#rewrite((typed) => without(typed, this.#parts, place)), { className: "leave" }, "×"));
  }

  #open(beside, place) {
    if (this.#parts[place].what === "filter") this.#choose(beside, place);
    else this.#weigh(beside, place);
  }

  /** A slider of the weight; the text is made from what it was, so that each step is of one and the same. */
  #weigh(beside, place) {
    const [typed, parts] = [this.#text, this.#parts];
    const part = parts[place];
    const nearest = WEIGHTS.reduce((best, each, i) => (Math.abs(each - part.weight) < Math.abs(WEIGHTS[best] - part.weight) ? i : best), 0);
    const said = make("output", {}, `×${part.weight}`);
    const slider = make("input", {
      type: "range", min: 0, max: WEIGHTS.length - 1, step: 1, value: nearest, "aria-label": text("weight-of", { part: part.shown }), "aria-valuetext": `${part.weight}`,
      oninput: () => {
        const weight = WEIGHTS[slider.valueAsNumber];
        said.textContent = `×${weight}`;
        slider.setAttribute("aria-valuetext", String(weight));
        this.#tell(weighted(typed, parts, place, weight), false);
      },
      onchange: () => this.#tell(this.#typed(), true),
    });
    openBeside(beside, text("weight"), (panel) => panel.append(make("label.weight", {}, make("span", {}, text("weight")), slider, said)));
  }

  #choose(beside, place) {
    const [typed, parts] = [this.#text, this.#parts];
    const part = place === null ? null : parts[place];
    chooseFilter(beside, part, (filter) => this.#tell(
      place === null ? added(this.#typed(), filter) : exchanged(typed, parts, place, (part.negated ? "-" : "") + filter), true));
  }

  /** Rewrite the text, unless more was typed than these chips are of. */
  #rewrite(change) {
    if (this.#typed() === this.#text) this.#tell(change(this.#text), true);
  }

  #tell(typed, settled) {
    this.dispatchEvent(new CustomEvent("rewrite", { detail: { text: typed, settled } }));
  }

  #held() {
    const chip = document.activeElement?.closest("query-parts .term");
    if (!chip || !this.contains(chip)) return null;
    return { place: [...this.#list.children].indexOf(chip), control: document.activeElement.className };
  }

  /** Put the focus where it was, or on what took the place of a chip that went. */
  #hold({ place, control }) {
    const chip = this.#list.children[Math.min(place, this.#list.children.length - 1)];
    (chip?.querySelector(`.${control}:enabled`) ?? chip?.querySelector(".body") ?? this.#add).focus({ preventScroll: true });
  }
}

customElements.define("query-parts", QueryParts);
