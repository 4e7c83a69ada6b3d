// <moment-grid>: hits of all kinds in justified rows, of which only those near the window are made.

import { button, make } from "../elements/elements.js";
import { between, layOut } from "./layout.js";
import { keyOf, selection, Stretch } from "../selection/selection.js";
import { shortName, text } from "../texts/texts.js";
import { folded, foldButton } from "./folding.js";
import { labelOf, loadPicture, pictureOf, playButton, playOnHover, stop } from "./tile.js";

const REST = 60; // Milliseconds after hits, in which they are painted: two frames of them, and a key that follows.

class MomentGrid extends HTMLElement {
  #hits = [];
  #laid = layOut([], 1, -1);
  #made = new Map();
  #pictures = new Map(); // Those of the hits before, while the next are made.
  #focused = 0;
  #empty = new Map(); // Pictures that are loaded once the tiles are painted, with their hits.
  #frame = 0;
  #rest = 0;
  #lessLikely = null; // The hit before which the line is drawn.
  #stretch = new Stretch();

  connectedCallback() {
    this.setAttribute("role", "list");
    new ResizeObserver(() => this.#layOut()).observe(this);
    addEventListener("scroll", () => this.#later(), { passive: true });
    addEventListener("resize", () => this.#later());
    this.addEventListener("keydown", (event) => this.#select(event) || this.#move(event));
    selection.addEventListener("change", () => this.#markAll());
  }

  get hits() {
    return this.#hits;
  }

  /** Show hits; those of a further page stay where they are and get more below them. */
  show(hits, { further = false } = {}) {
    const focused = !further && this.contains(document.activeElement);
    if (!further) {
      for (const [place, tile] of this.#made) this.#keepPicture(this.#hits[place], tile);
      for (const place of this.#made.keys()) this.#drop(place);
      this.#empty.clear();
      this.#focused = 0;
      this.#stretch.forget();
    }
    this.#hits = hits;
    // Those of a further page were searched for anew, and come in an order of their own.
    if (!further || !this.#lessLikely) this.#lessLikely = firstLessLikely(hits);
    this.#layOut(further);
    if (focused) this.focusOn(0); // The tile that had the focus is gone.
    this.dispatchEvent(new CustomEvent("shown", { detail: { further } }));
  }

  /** Other hits are asked for: the pictures of these that have not come yet are not waited for. */
  stopLoading() {
    clearTimeout(this.#rest);
    for (const [place, tile] of this.#made) {
      const picture = tile.querySelector("img");
      if (!picture || picture.complete) continue;
      picture.removeAttribute("src");
      this.#empty.set(picture, this.#hits[place]);
    }
  }

  /** These hits stay: make and load what is left. */
  goOn() {
    this.#fill();
  }

  #loadPictures() {
    for (const [picture, hit] of this.#empty) loadPicture(picture, hit);
    this.#empty.clear();
  }

  /** Put the focus on a hit, and bring it into the window. */
  focusOn(place) {
    if (place < 0 || place >= this.#hits.length) return;
    this.#focused = place;
    const { top, height } = this.#laid.tiles[place];
    const covered = document.querySelector("header").offsetHeight;
    const foot = selection.size ? 72 : 0; // The bar of what is selected.
    const [above, below] = [this.getBoundingClientRect().top + top, innerHeight - height - foot];
    if (above < covered || above > below) scrollBy({ top: above - innerHeight / 2 + height / 2 });
    this.#fill();
    this.#made.get(place)?.querySelector("a")?.focus({ preventScroll: true });
  }

  #layOut(further = false) {
    const width = this.clientWidth;
    if (!width) return;
    const first = this.#hits.indexOf(this.#lessLikely);
    this.#laid = layOut(this.#hits, width, first > 0 ? first : -1, further ? this.#laid : null);
    this.style.height = `${this.#laid.height}px`;
    for (const [place, tile] of this.#made) this.#put(tile, this.#laid.tiles[place]);
    this.querySelector(".line")?.remove();
    if (this.#laid.lineTop !== null) {
      const line = make("p.line", { role: "presentation" }, text("less-likely"));
      line.style.top = `${this.#laid.lineTop}px`;
      this.append(line);
    }
    this.#fill(this.#made.size ? innerHeight : 0); // What can be seen first; the rest once it is painted.
    this.#restLater();
  }

  /** Make the rest, and load pictures, once the tiles are painted and no letter has followed at once. */
  #restLater() {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => requestIdleCallback(() => this.#fill(), { timeout: 200 }), REST);
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#fill();
    });
  }

  /** Make the tiles in the window and so many pixels above and below it, and no others. */
  #fill(margin = innerHeight) {
    const top = this.getBoundingClientRect().top;
    const [begin, end] = between(this.#laid.tiles, -top - margin, -top + innerHeight + margin);
    for (const place of this.#made.keys()) {
      if ((place < begin || place >= end) && place !== this.#focused) {
        this.#drop(place);
      }
    }
    for (let place = begin; place < end; place += 1) {
      if (this.#made.has(place)) continue;
      const tile = this.#tile(this.#hits[place], place);
      this.#put(tile, this.#laid.tiles[place]);
      this.#made.set(place, tile);
      this.append(tile);
    }
    if (margin) {
      this.#pictures.clear();
      this.#loadPictures();
    }
    if (end >= this.#hits.length - 12 && this.#hits.length) this.dispatchEvent(new Event("end"));
  }

  /** Show what is folded into a hit behind it, or fold it again. */
  async #unfold(hit) {
    if (!hit.unfolded) {
      const found = await folded(hit).catch(() => []);
      if (!this.#hits.includes(hit) || hit.unfolded) return;
      hit.unfolded = found;
    } else hit.unfolded = null;
    const place = this.#hits.indexOf(hit);
    const others = this.#hits.slice(place + 1).filter((each) => each.folded !== hit.moment_id || each.library !== hit.library);
    for (const made of [...this.#made.keys()].filter((each) => each >= place)) this.#drop(made);
    this.#hits = [...this.#hits.slice(0, place + 1), ...(hit.unfolded ?? []), ...others];
    this.#focused = place;
    this.#stretch.forget();
    this.#layOut();
    this.#made.get(place)?.querySelector(".fold")?.focus({ preventScroll: true });
  }

  /** Keep a picture for the hits that come: most of them stay with the next letter. */
  #keepPicture(hit, tile) {
    const picture = tile.querySelector("img, canvas");
    if (picture && hit && !this.#empty.has(picture)) this.#pictures.set(keyOf(hit), picture);
    picture?.remove();
  }

  #drop(place) {
    const tile = this.#made.get(place);
    stop(tile);
    const picture = tile.querySelector("img, canvas");
    this.#empty.delete(picture);
    if (picture?.complete === false) picture.removeAttribute("src"); // It is not to be loaded any more.
    tile.remove();
    this.#made.delete(place);
  }

  #put(tile, { left, top, width, height }) {
    // By classes, and not by queries of containers, for each of which a browser lays out anew.
    tile.classList.toggle("low", height <= 150);
    tile.classList.toggle("narrow", width <= 190);
    tile.classList.toggle("slim", width <= 113);
    Object.assign(tile.style, {
      transform: `translate(${left}px, ${top}px)`, width: `${width}px`, height: `${height}px`,
    });
  }

  #tile(hit, place) {
    const name = shortName(hit.path);
    const sure = text("sure", { percent: Math.round(100 * hit.confidence) });
    const ask = (type) => () => this.dispatchEvent(new CustomEvent(type, { detail: { hit, place } }));
    const picture = this.#pictures.get(keyOf(hit)) ?? pictureOf(hit);
    if (!this.#pictures.has(keyOf(hit))) this.#empty.set(picture, hit);
    const link = make("a", {
      href: `?open=${hit.moment_id}@${encodeURIComponent(hit.library)}`, "aria-label": `${name}, ${text(hit.kind)}, ${sure}`,
      tabIndex: place === this.#focused ? 0 : -1,
      onclick: (event) => {
        event.preventDefault();
        if (!this.#chosen(event, place)) ask("openhit")();
      },
      onfocus: () => this.#take(place),
    }, picture, labelOf(hit));
    const tile = make(`div.tile.${hit.kind}${hit.likely ? "" : ".unlikely"}`, {
      role: "listitem", "aria-posinset": place + 1, "aria-setsize": this.#hits.length,
    }, link, make("button.check", {
      type: "button", role: "checkbox", tabIndex: -1, "aria-label": text("select", { name }), "aria-checked": "false",
      onclick: (event) => this.#chosen(event, place) || this.#stretch.toggle(this.#hits, place),
    }), make("div.acts", {}, hit.kind === "audio" ? playButton(hit, picture) : null, button(text("more"), ask("more"), {}, "+"), button(text("less"), ask("less"), {}, "−")));
    if (hit.more && hit.others?.length) tile.append(foldButton(hit, () => this.#unfold(hit)));
    if (hit.folded) tile.classList.add("unfolded");
    if (hit.kind === "video") playOnHover(tile, link, hit);
    this.#mark(tile, hit);
    return tile;
  }

  #markAll() {
    this.classList.toggle("selecting", selection.size > 0);
    for (const [place, tile] of this.#made) this.#mark(tile, this.#hits[place]);
  }

  #mark(tile, hit) {
    const on = selection.has(hit);
    if (tile.classList.contains("selected") === on) return;
    tile.classList.toggle("selected", on);
    tile.querySelector(".check").setAttribute("aria-checked", String(on));
    const link = tile.querySelector("a");
    const called = link.dataset.called ??= link.getAttribute("aria-label");
    link.setAttribute("aria-label", on ? `${called}, ${text("selected")}` : called);
  }

  /** A click that selects: with shift all up to here, with Ctrl or Cmd this one too. */
  #chosen(event, place) {
    if (event.shiftKey) this.#stretch.reach(this.#hits, place, this.#focused);
    else if (event.ctrlKey || event.metaKey) this.#stretch.toggle(this.#hits, place);
    else return false;
    this.#made.get(place)?.querySelector("a").focus({ preventScroll: true });
    return true;
  }

  /** Keys that select; true where it was one. */
  #select(event) {
    const arrow = /^Arrow|^Home$|^End$/.test(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches("a")) return false;
    if (event.key === " ") this.#stretch.toggle(this.#hits, this.#focused);
    else if (event.shiftKey && arrow) {
      const from = this.#focused;
      this.#move(event);
      this.#stretch.reach(this.#hits, this.#focused, from);
    } else return false;
    event.preventDefault();
    return true;
  }

  #take(place) {
    const before = this.#made.get(this.#focused)?.querySelector("a");
    if (before) before.tabIndex = -1;
    this.#focused = place;
    const now = this.#made.get(place)?.querySelector("a");
    if (now) now.tabIndex = 0;
  }

  #move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { tiles } = this.#laid;
    const here = tiles[this.#focused];
    if (!here) return;
    const hit = this.#hits[this.#focused];
    const detail = { hit, place: this.#focused };
    const sideways = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const across = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    let to = null;
    if (sideways) to = this.#focused + sideways;
    else if (across) to = this.#across(here, across);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = tiles.length - 1;
    else if (event.key === "m") this.dispatchEvent(new CustomEvent("more", { detail }));
    else if (event.key === "l") this.dispatchEvent(new CustomEvent("less", { detail }));
    else return;
    event.preventDefault();
    if (to !== null) this.focusOn(Math.max(0, Math.min(tiles.length - 1, to)));
  }

  #across(here, step) {
    const { tiles } = this.#laid;
    const middle = here.left + here.width / 2;
    let place = this.#focused;
    while (tiles[place] && tiles[place].top === here.top) place += step;
    if (!tiles[place]) return this.#focused;
    const row = tiles[place].top;
    let nearest = place;
    const off = (each) => Math.abs(tiles[each].left + tiles[each].width / 2 - middle);
    for (; tiles[place] && tiles[place].top === row; place += step) if (off(place) < off(nearest)) nearest = place;
    return nearest;
  }
}

/** The first hit that is less likely; null where there is none, or where they are in another order. */
function firstLessLikely(hits) {
  const ordered = hits.every((hit, i) => !i || hit.confidence <= hits[i - 1].confidence + 1e-9);
  return (ordered && hits.find((hit) => !hit.likely)) || null;
}

customElements.define("moment-grid", MomentGrid);
