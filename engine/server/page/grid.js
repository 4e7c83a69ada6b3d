// <moment-grid>: hits of all kinds in justified rows, of which only those near the window are made.

import { thumbnailOf } from "./api.js";
import { button, make } from "./elements.js";
import { between, layOut } from "./layout.js";
import { selection, Stretch } from "./selection.js";
import { clock, day, shortName, text } from "./texts.js";
import { draw, outlineOf } from "./waveform.js";

class MomentGrid extends HTMLElement {
  #hits = [];
  #laid = { tiles: [], lineTop: null, height: 0 };
  #made = new Map();
  #focused = 0;
  #frame = 0;
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
    if (!further) {
      for (const tile of this.#made.values()) tile.remove();
      this.#made.clear();
      this.#focused = 0;
      this.#stretch.forget();
    }
    this.#hits = hits;
    this.#layOut();
    this.dispatchEvent(new Event("shown"));
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

  #layOut() {
    const width = this.clientWidth;
    if (!width) return;
    const ordered = this.#hits.every((hit, i) => !i || hit.confidence <= this.#hits[i - 1].confidence + 1e-9);
    const first = ordered ? this.#hits.findIndex((hit) => !hit.likely) : -1;
    this.#laid = layOut(this.#hits, width, first > 0 ? first : -1);
    this.style.height = `${this.#laid.height}px`;
    for (const [place, tile] of this.#made) {
      if (place < this.#laid.tiles.length) this.#put(tile, this.#laid.tiles[place]);
    }
    this.querySelector(".line")?.remove();
    if (this.#laid.lineTop !== null) {
      const line = make("p.line", { role: "presentation" }, text("less-likely"));
      line.style.top = `${this.#laid.lineTop}px`;
      this.append(line);
    }
    this.#fill();
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#fill();
    });
  }

  #fill() {
    const top = this.getBoundingClientRect().top;
    const [begin, end] = between(this.#laid.tiles, -top - innerHeight, -top + 2 * innerHeight);
    for (const [place, tile] of this.#made) {
      if ((place < begin || place >= end) && place !== this.#focused) {
        tile.remove();
        this.#made.delete(place);
      }
    }
    for (let place = begin; place < end; place += 1) {
      if (this.#made.has(place)) continue;
      const tile = this.#tile(this.#hits[place], place);
      this.#put(tile, this.#laid.tiles[place]);
      this.#made.set(place, tile);
      this.append(tile);
    }
    if (end >= this.#hits.length - 12 && this.#hits.length) this.dispatchEvent(new Event("end"));
  }

  #put(tile, { left, top, width, height }) {
    Object.assign(tile.style, {
      transform: `translate(${left}px, ${top}px)`, width: `${width}px`, height: `${height}px`,
    });
  }

  #tile(hit, place) {
    const name = shortName(hit.path);
    const sure = text("sure", { percent: Math.round(100 * hit.confidence) });
    const ask = (type) => () => this.dispatchEvent(new CustomEvent(type, { detail: { hit, place } }));
    const link = make("a", {
      href: `?open=${hit.moment_id}@${encodeURIComponent(hit.library)}`, "aria-label": `${name}, ${text(hit.kind)}, ${sure}`,
      tabIndex: place === this.#focused ? 0 : -1,
      onclick: (event) => {
        event.preventDefault();
        if (!this.#chosen(event, place)) ask("openhit")();
      },
      onfocus: () => this.#take(place),
    }, this.#picture(hit), this.#label(hit, name));
    const tile = make(`div.tile.${hit.kind}${hit.likely ? "" : ".unlikely"}`, {
      role: "listitem", "aria-posinset": place + 1, "aria-setsize": this.#hits.length,
    }, link, make("button.check", {
      type: "button", role: "checkbox", tabIndex: -1, "aria-label": text("select", { name }), "aria-checked": "false",
      onclick: (event) => this.#chosen(event, place) || this.#stretch.toggle(this.#hits, place),
    }), make("div.acts", {}, button(text("more"), ask("more"), {}, "+"), button(text("less"), ask("less"), {}, "−")));
    if (hit.kind === "video") this.#playOnHover(tile, link, hit);
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

  #picture(hit) {
    if (hit.kind === "audio") {
      const canvas = make("canvas", { "aria-hidden": "true" });
      outlineOf(hit, 120).then((outline) => draw(canvas, outline, hit.start === null ? null : hit)).catch(() => {});
      return canvas;
    }
    return make("img", { src: thumbnailOf(hit, 320), alt: "", decoding: "async", draggable: false });
  }

  #label(hit, name) {
    const words = hit.modality === "speech" || hit.modality === "screen" ? hit.why.find((each) => each.words)?.words : null;
    const at = hit.start === null || hit.kind === "image" ? null : make("span.at", {}, clock(hit.start));
    const percent = make("span.sure", {}, hit.why.length ? `${Math.round(100 * hit.confidence)} %` : day(hit.file?.date));
    const more = hit.more ? make("span.more", { title: text("copies", { count: hit.more }) }, `+${hit.more}`) : null;
    return make("span.label", {}, words ? make("q", { dir: "auto" }, words) : null,
      make("span.name", { dir: "auto" }, name), at, more, percent);
  }

  #playOnHover(tile, link, hit) {
    let video = null;
    tile.addEventListener("pointerenter", () => {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      video = make("video", { src: hit.media, muted: true, loop: true, playsInline: true, preload: "auto" });
      video.currentTime = hit.start ?? 0;
      video.addEventListener("timeupdate", () => {
        if (hit.end !== null && video && video.currentTime > hit.end) video.currentTime = hit.start;
      });
      video.addEventListener("playing", () => video && link.prepend(video), { once: true });
      video.play().catch(() => {});
    });
    tile.addEventListener("pointerleave", () => {
      video?.pause();
      video?.remove();
      video = null;
    });
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

customElements.define("moment-grid", MomentGrid);
