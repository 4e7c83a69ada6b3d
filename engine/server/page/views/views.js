// The views beside the search, each a module that comes when it is first opened.

import { make } from "../elements/elements.js";
import { text } from "../texts/texts.js";

const VIEWS = ["ask", "albums", "library", "indexing", "classify", "curate", "map"];

/** The view that an address names; null for the search. */
export function viewFrom(address) {
  const name = new URLSearchParams(address).get("view");
  return VIEWS.includes(name) ? name : null;
}

/**
 * Shows a view in place of the search.
 *
 * Its module exports `show(root, context)`: `root` is an empty element, `context.parameters` are
 * those of the address, `context.signal` ends with the view, and `context.fail(fault, again)` tells
 * a fault; `again` is called once the server is there again, or a token was given.
 * `context.remember({ name: value })` puts values into the address.
 */
export class Views {
  #grid = document.querySelector("moment-grid");
  #root = document.querySelector("main > .view");
  #box = document.querySelector("search-box");
  #fail;
  #outages;
  #shown = null;

  constructor(fail, outages) {
    [this.#fail, this.#outages] = [fail, outages];
  }

  /** Make the links to all views. */
  build() {
    const link = (name) => make("a", { href: name ? `/?view=${name}` : "/" }, text(`view-${name ?? "search"}`));
    document.querySelector("nav.views").replaceChildren(...[null, ...VIEWS].map(link));
  }

  /** Show what the address names; true where that is a view, false for the search. */
  async show(address) {
    const name = viewFrom(address);
    this.#shown?.abort();
    this.#shown = name ? new AbortController() : null;
    this.#grid.hidden = this.#box.hidden = Boolean(name);
    this.#root.hidden = !name;
    for (const link of document.querySelectorAll("nav.views a")) {
      if (viewFrom(new URL(link.href).search) === name) {
        link.setAttribute("aria-current", "page");
        // On a phone the links are a row that is scrolled.
        const row = link.parentElement;
        row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
      } else link.removeAttribute("aria-current");
    }
    document.title = name ? `${text(`view-${name}`)} · Sensorium` : "Sensorium";
    if (!name) return false;
    const own = this.#shown;
    this.#root.replaceChildren(make("h2", {}, text(`view-${name}`)));
    const arrived = this.#outages.expect();
    own.signal.addEventListener("abort", arrived);
    try {
      const view = await import(`./view_${name}.js`);
      if (own.signal.aborted) return true;
      const part = make("div");
      this.#root.append(part);
      await view.show(part, {
        parameters: new URLSearchParams(address), signal: own.signal,
        fail: (fault, again = null) => own.signal.aborted || this.#fail(fault, again),
        remember: (values) => this.#remember(name, values),
      });
    } catch (fault) {
      if (!own.signal.aborted) this.#fail(fault, () => this.show(location.search));
    } finally {
      arrived();
    }
    return true;
  }

  #remember(name, values) {
    const asked = new URLSearchParams(location.search);
    asked.set("view", name);
    for (const [key, value] of Object.entries(values)) {
      if (value === null || value === "") asked.delete(key);
      else asked.set(key, value);
    }
    history.replaceState(null, "", `/?${asked}`);
  }
}
