// Cutting: two handles on the time line of a player, and what is between them saved as a file.

import { ofAsset } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { bytes } from "../elements/figures.js";
import { save } from "./save.js";
import { fineClock, text } from "../texts/texts.js";

const LEAST = 0.1; // Seconds of a part.
const LONGEST = 600; // As the server has it.
const STEPS = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -5, PageUp: 5 };

export class Cutter {
  #media;
  #hit;
  #line;
  #signal;
  #part = { start: 0, end: 0 };
  #handles = {};
  #shade = make("div.cut-part", { hidden: true });
  #out = [make("div.cut-out", { hidden: true }), make("div.cut-out", { hidden: true })];
  #told = make("p.told", { role: "status" });
  #length = make("span.length");
  #panel;
  #stops = false;

  /** Take the player of a hit, and its time line, on which the handles are put. */
  constructor(hit, media, line, signal) {
    [this.#hit, this.#media, this.#line, this.#signal] = [hit, media, line, signal];
    for (const side of ["start", "end"]) this.#handles[side] = this.#handle(side);
    line.append(this.#shade, ...this.#out, this.#handles.start, this.#handles.end);
    const open = button(text("cut"), () => this.#toggle(open), { "aria-expanded": "false", className: "plain", title: text("cut-title") });
    this.#panel = make("div.cutting", { hidden: true, role: "group", "aria-label": text("cut") },
      button(text("cut-from-here"), () => this.#here("start"), { className: "plain" }),
      button(text("cut-to-here"), () => this.#here("end"), { className: "plain" }), this.#length,
      button(text("play-part"), () => this.#play(), { className: "plain" }),
      button(text("save-part"), () => this.#save(this.#clipAddress()), { className: "plain main" }));
    const frame = hit.kind === "video"
      ? button(text("save-frame"), () => this.#save(ofAsset(hit, "frame", { at: media.currentTime.toFixed(3) })), { className: "plain" }) : null;
    this.element = make("div.cut", {}, open, frame, this.#panel, this.#told);
    media.addEventListener("timeupdate", () => this.#stopAtEnd());
    media.addEventListener("loadedmetadata", () => this.#place());
  }

  get #duration() {
    return this.#media.duration || this.#hit.file?.duration || 0;
  }

  #toggle(open) {
    const shown = this.#panel.hidden;
    this.#panel.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    for (const each of [this.#shade, ...this.#out, ...Object.values(this.#handles)]) each.hidden = !shown;
    if (!shown) return;
    const start = Math.min(this.#hit.start ?? this.#media.currentTime, this.#duration);
    this.#set({ start, end: Math.min(this.#hit.end ?? start + 10, this.#duration, start + LONGEST) });
    this.#handles.start.focus();
  }

  #handle(side) {
    const handle = make("div.cut-handle", {
      role: "slider", tabIndex: 0, hidden: true, "aria-label": text(`cut-${side}`), "aria-valuemin": 0,
      onkeydown: (event) => this.#key(event, side), onclick: (event) => event.stopPropagation(),
      onpointerdown: (event) => { handle.setPointerCapture(event.pointerId); event.preventDefault(); handle.focus(); },
      onpointermove: (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const { left, width } = this.#line.getBoundingClientRect();
        this.#move(side, ((event.clientX - left) / width) * this.#duration);
      },
    });
    return handle;
  }

  #key(event, side) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? this.#duration
      : step ? this.#part[side] + step * (event.shiftKey ? 10 : 1) : null;
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation(); // Elsewhere, these keys go to the next hit.
    this.#move(side, to);
  }

  /** Move a handle, and show what is there. */
  #move(side, to) {
    const { start, end } = this.#part;
    const [least, most] = side === "start" ? [Math.max(0, end - LONGEST), end - LEAST]
      : [start + LEAST, Math.min(this.#duration, start + LONGEST)];
    this.#set({ ...this.#part, [side]: Math.min(Math.max(to, least), most) });
    this.#media.pause();
    this.#media.currentTime = this.#part[side];
  }

  #here(side) {
    const at = this.#media.currentTime;
    if (side === "start") this.#set({ start: at, end: at < this.#part.end ? this.#part.end : Math.min(at + 10, this.#duration) });
    else this.#set({ start: at > this.#part.start ? this.#part.start : Math.max(0, at - 10), end: at });
  }

  #set({ start, end }) {
    this.#part = { start: Math.max(0, Math.min(start, end - LEAST)), end: Math.min(end, start + LONGEST) };
    this.#place();
  }

  #place() {
    const duration = this.#duration || 1;
    for (const side of ["start", "end"]) {
      const [handle, at] = [this.#handles[side], this.#part[side]];
      handle.style.left = `${(100 * at) / duration}%`;
      handle.setAttribute("aria-valuemax", duration.toFixed(1));
      handle.setAttribute("aria-valuenow", at.toFixed(1));
      handle.setAttribute("aria-valuetext", fineClock(at));
    }
    const { start, end } = this.#part;
    this.#shade.style.left = this.#out[0].style.width = `${(100 * start) / duration}%`;
    this.#shade.style.width = `${(100 * (end - start)) / duration}%`;
    this.#out[1].style.left = `${(100 * end) / duration}%`;
    this.#out[1].style.width = `${100 - (100 * end) / duration}%`;
    this.#length.textContent = `${fineClock(start)} – ${fineClock(end)} (${text("seconds", { count: (end - start).toFixed(1) })})`;
  }

  #play() {
    this.#stops = true;
    this.#media.currentTime = this.#part.start;
    this.#media.play().catch(() => {});
  }

  #stopAtEnd() {
    if (!this.#stops || this.#media.currentTime < this.#part.end) return;
    this.#stops = false;
    this.#media.pause();
    this.#media.currentTime = this.#part.end; // One hears of it up to a quarter of a second late.
  }

  #clipAddress() {
    const { start, end } = this.#part;
    return ofAsset(this.#hit, "clip", { start: start.toFixed(3), end: end.toFixed(3) });
  }

  async #save(address) {
    this.#told.textContent = text("saving");
    try {
      const { name, size } = await save(address, this.#signal);
      this.#told.replaceChildren(`${text("saved")} `, make("bdi", {}, name), `, ${bytes(size)}`);
    } catch (fault) {
      if (fault.name !== "AbortError") this.#told.textContent = fault.status ? fault.message : text("away");
    }
  }
}
