// <moment-viewer>: a hit as large as the window, with where else in its file the search hits, and why.

import { askAboutFile } from "./ask_file.js";
import { get, hitsInFile, ofAsset, thumbnailOf } from "../requests/api.js";
import { Cutter } from "./cutter.js";
import { wordsOf } from "../requests/connection.js";
import { button, make } from "../elements/elements.js";
import { makePage } from "../elements/page_dialog.js";
import { bytes } from "../elements/figures.js";
import { shapeOf } from "../hits/layout.js";
import { placeMap } from "./place_map.js";
import { similarRow } from "./similar_row.js";
import { changeTagsOf, countChanges, undoRuns } from "../selection/tagging.js";
import { toast } from "../elements/toast.js";
import { clock, day, shortName, text } from "../texts/texts.js";
import { showTranscript } from "./transcript.js";
import { draw, outlineOf } from "../elements/waveform.js";

class MomentViewer extends HTMLElement {
  #dialog = null;
  #hit = null;
  #asked = null;

  connectedCallback() {
    this.#dialog = make("dialog.viewer", {
      onclose: () => this.#closed(), onkeydown: (event) => this.#key(event),
      onclick: (event) => event.target === this.#dialog && this.#dialog.close(),
    });
    this.append(this.#dialog);
  }

  get opened() {
    return this.#hit;
  }

  /** Open a hit of a search. */
  open(hit, search) {
    this.#asked?.abort();
    this.#asked = new AbortController();
    this.#hit = hit;
    const name = shortName(hit.path);
    const stage = make("div.stage");
    const side = make("div.side");
    const go = (type) => () => this.dispatchEvent(new CustomEvent(type, { detail: { hit } }));
    this.#dialog.setAttribute("aria-label", name);
    this.#dialog.replaceChildren(
      make("div.bar", {}, make("h2", { dir: "auto" }, name),
        button(text("more"), go("more"), {}, "+"), button(text("less"), go("less"), {}, "−"),
        hit.kind === "image" ? button(text("region"), () => this.#drawRegion(stage), {}, "▭") : null,
        hit.kind === "image" ? null : button(text("report-act"), () => makePage("report", "/api/reports", { library: hit.library, asset: hit.asset_id }), { className: "words-act" }, text("report")),
        make("a.act", { href: hit.media, download: name, title: text("download"), "aria-label": text("download") }, "↓"),
        button(text("before"), go("before"), {}, "‹"), button(text("after"), go("after"), {}, "›"),
        button(text("close"), () => this.#dialog.close(), {}, "×")),
      stage, similarRow(hit, (other) => this.dispatchEvent(new CustomEvent("openhit", { detail: { hit: other } })), this.#asked.signal), side,
      ...this.#dialog.querySelectorAll(":scope > .toasts"));
    const still = hit.kind === "image";
    if (still) this.#picture(stage, hit);
    const [media, jump] = still ? [null, null] : this.#player(stage, hit, search);
    this.#side(side, hit, jump).then(() => showTranscript(side, hit, media, jump, this.#asked.signal));
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  #closed() {
    if (this.#dialog.open) return; // It was opened again before this was told.
    this.#asked?.abort();
    this.#dialog.replaceChildren();
    const hit = this.#hit;
    this.#hit = null;
    if (hit) this.dispatchEvent(new CustomEvent("closed", { detail: { hit } }));
  }

  #key(event) {
    if (event.target.matches("input, video, audio, [role=slider]") || event.ctrlKey || event.metaKey) return;
    const type = { ArrowRight: "after", ArrowLeft: "before", m: "more", l: "less" }[event.key];
    if (!type) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent(type, { detail: { hit: this.#hit } }));
  }

  #picture(stage, hit) {
    const picture = make("img.whole", { src: hit.media, alt: shortName(hit.path), draggable: false });
    picture.addEventListener("error", () => { picture.src = thumbnailOf(hit, 640); }, { once: true });
    let [scale, x, y, held] = [1, 0, 0, null];
    const place = () => { picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`; };
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      scale = Math.min(12, Math.max(1, scale * Math.exp(-event.deltaY / 400)));
      if (scale === 1) [x, y] = [0, 0];
      place();
    }, { passive: false });
    stage.addEventListener("dblclick", () => {
      [scale, x, y] = [scale > 1 ? 1 : 3, 0, 0];
      place();
    });
    stage.addEventListener("pointerdown", (event) => {
      if (scale > 1 && !stage.classList.contains("region")) held = { x: event.clientX - x, y: event.clientY - y };
    });
    stage.addEventListener("pointermove", (event) => {
      if (!held) return;
      [x, y] = [event.clientX - held.x, event.clientY - held.y];
      place();
    });
    for (const end of ["pointerup", "pointerleave"]) stage.addEventListener(end, () => { held = null; });
    stage.append(picture);
  }

  /** Let a rectangle be drawn on the picture, and search for what is in it. */
  #drawRegion(stage) {
    const picture = stage.querySelector("img.whole");
    const frame = make("div.frame");
    stage.classList.add("region");
    stage.append(frame, make("p.hint", {}, text("region-hint")));
    let from = null;
    const tidy = (share) => Number(share.toFixed(4));
    const corner = (event) => {
      const { left, top, width, height } = picture.getBoundingClientRect();
      // An address that is read by people holds it, and 1e-7 is no part of one.
      const inside = (value) => tidy(Math.min(1, Math.max(0, value)));
      return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
    };
    const sides = ([ax, ay], [bx, by]) => ({
      x: Math.min(ax, bx), y: Math.min(ay, by), w: tidy(Math.abs(ax - bx)), h: tidy(Math.abs(ay - by)),
    });
    frame.addEventListener("pointerdown", (event) => {
      from = corner(event);
      frame.setPointerCapture(event.pointerId);
    });
    const drawn = make("div.drawn");
    frame.append(drawn);
    frame.addEventListener("pointermove", (event) => {
      if (!from) return;
      const region = sides(from, corner(event));
      const [seen, own] = [picture.getBoundingClientRect(), frame.getBoundingClientRect()];
      Object.assign(drawn.style, {
        left: `${seen.left - own.left + region.x * seen.width}px`, top: `${seen.top - own.top + region.y * seen.height}px`,
        width: `${region.w * seen.width}px`, height: `${region.h * seen.height}px`,
      });
    });
    frame.addEventListener("pointerup", (event) => {
      const region = sides(from, corner(event));
      if (region.w < 0.02 || region.h < 0.02) return;
      this.dispatchEvent(new CustomEvent("more", { detail: { hit: this.#hit, region } }));
    });
  }

  #player(stage, hit, search) {
    const media = make(hit.kind === "video" ? "video" : "audio", {
      src: hit.media, controls: true, autoplay: true, preload: "metadata",
    });
    // Not by `#t=` in the address: a place that is clicked before the file has come would be lost to it.
    media.currentTime = hit.start ?? 0;
    if (hit.kind === "video") media.poster = thumbnailOf(hit, 640);
    media.addEventListener("error", () => this.#makePlayable(stage, media, hit), { once: true });
    const line = make("div.time");
    const canvas = make("canvas", { "aria-hidden": "true" });
    line.append(canvas);
    const cutter = new Cutter(hit, media, line, this.#asked.signal);
    stage.append(media, line, cutter.element);
    const duration = () => media.duration || hit.file?.duration || 0;
    const jump = (seconds) => { media.currentTime = seconds; media.play().catch(() => {}); };
    line.addEventListener("click", (event) => {
      const { left, width } = line.getBoundingClientRect();
      jump(((event.clientX - left) / width) * duration());
    });
    outlineOf(hit, 600).then((outline) => {
      const paint = () => canvas.isConnected && draw(canvas, outline, hit.start === null ? null : hit, media.currentTime);
      media.addEventListener("timeupdate", paint);
      paint();
    }).catch(() => {}); // It is silent; the line stays as high as it was.
    const { signal } = this.#asked;
    hitsInFile(search, hit, signal).then((found) => {
      for (const each of found.filter((one) => one.likely || one.moment_id === hit.moment_id)) {
        const mark = button(text("hit-at", { time: clock(each.start) }), (event) => { event.stopPropagation(); jump(each.start); }, { className: "mark" }, "");
        mark.style.left = `${(100 * each.start) / (duration() || each.end || 1)}%`;
        line.append(mark);
      }
    }).catch(() => {});
    if (hit.kind === "video") this.#shots(stage, hit, jump, signal);
    return [media, jump];
  }

  /** Have the server make what the browser cannot play (AVI, WMV ...) into what it can. */
  #makePlayable(stage, media, hit) {
    const length = Math.min(hit.file?.duration ?? 0, 600);
    if (!length) return;
    const note = make("p.hint", { role: "status" }, text("converting"));
    stage.append(note);
    media.addEventListener("loadeddata", () => note.remove(), { once: true });
    media.addEventListener("error", () => { note.textContent = text("unplayable"); }, { once: true });
    const place = media.currentTime;
    media.src = ofAsset(hit, "clip", { start: 0, end: length });
    media.currentTime = place;
  }

  async #shots(stage, hit, jump, signal) {
    const row = make("div.shots", { role: "group", "aria-label": text("shots") }); // Its room is there before it is.
    stage.append(row);
    const { keyframes } = await get(ofAsset(hit, "keyframes"), {}, signal).catch(() => ({ keyframes: [] }));
    row.append(...keyframes.map((each) => {
      const picture = make("img", { src: thumbnailOf(each, 160), alt: "", loading: "lazy" });
      picture.style.width = `${Math.round(64 * shapeOf(hit))}px`;
      return button(clock(each.start ?? 0), () => jump(each.start ?? 0), {}, picture, make("span", {}, clock(each.start ?? 0)));
    }));
  }

  #side(side, hit, jump) {
    if (hit.why.length) side.append(this.#why(hit));
    const facts = make("dl");
    side.append(make("section", {}, make("h3", {}, text("facts")), facts));
    const fact = (name, value) => value && facts.append(make("dt", {}, text(name)), make("dd", { dir: "auto" }, value));
    const { file = {} } = hit;
    fact("file", hit.path);
    fact("date", day(file.date));
    fact("size", [file.width && `${file.width} × ${file.height}`, file.size && bytes(file.size)].filter(Boolean).join(", "));
    fact("length", file.duration ? clock(file.duration) : "");
    side.append(askAboutFile(hit, jump, (other) => this.dispatchEvent(new CustomEvent("openhit", { detail: { hit: other } })), this.#asked.signal));
    // What comes later is below what was there: nothing that is read moves.
    return get(`/api/assets/${hit.asset_id}`, { library: hit.library }, this.#asked.signal).then((asset) => {
      if (asset.place) side.append(placeMap(asset.place, (words) => this.dispatchEvent(new CustomEvent("words", { detail: { words } }))));
      if (asset.caption) side.append(make("section.words", {}, make("h3", {}, text("caption")), make("blockquote", { dir: "auto", tabIndex: 0 }, asset.caption)));
      side.append(this.#tags(hit, asset.tags));
    }).catch(() => {});
  }

  #why(hit) {
    const most = Math.max(...hit.why.map((each) => Math.abs(each.weight * each.log_odds)), 1e-9);
    const bars = hit.why.map((each) => {
      const strength = each.weight * each.log_odds;
      const bar = make("span.evidence", { "aria-hidden": "true" });
      bar.style.width = `${(100 * Math.abs(strength)) / most}%`;
      bar.classList.toggle("against", strength < 0);
      const worded = ["speech", "screen"].includes(hit.modality);
      const kind = ["words", "quality"].includes(each.branch) ? each.branch : !each.words ? "example"
        : worded ? "means" : "looks";
      // Of a picture these are its tags; what its name, caption or place has of the query is the query.
      const words = kind === "words" && !worded ? each.asked : each.words;
      return make("li", {}, make("span", { dir: "auto" }, text(kind, { words: words ?? "", asked: each.asked ?? "" })), bar, make("span.nats", {}, strength.toFixed(1)));
    });
    return make("section", {}, make("h3", {}, text("why")),
      make("p.sure", {}, text("sure", { percent: Math.round(100 * hit.confidence) })), make("ul.why", {}, ...bars));
  }

  #tags(hit, tags) {
    const section = make("section.tags", {}, make("h3", {}, text("tags")));
    let shown = section;
    const again = async () => {
      const asset = await get(`/api/assets/${hit.asset_id}`, { library: hit.library });
      const next = this.#tags(hit, asset.tags);
      shown.replaceWith(next);
      shown = next;
    };
    const change = async (part) => {
      const runs = await changeTagsOf(new Map([[hit.library, [hit.asset_id]]]), part);
      await again();
      if (!countChanges(runs)) return;
      const [tag] = [...(part.add ?? []), ...(part.remove ?? [])];
      toast(text(part.add ? "tag-given" : "tag-taken", { tag, count: text("one-file") }), { undo: () => undoRuns(runs).then(again) });
    };
    for (const tag of tags) {
      section.append(make("span.tag", { dir: "auto" }, tag, button(text("remove-tag", { tag }), () => change({ remove: [tag] }), {}, "×")));
    }
    const input = make("input", { placeholder: text("add-tag"), "aria-label": text("add-tag"), dir: "auto", oninput: () => input.setCustomValidity("") });
    section.append(make("form", { noValidate: true, onsubmit: (event) => { event.preventDefault(); input.setCustomValidity(""); if (input.value.trim()) change({ add: [input.value.trim()] }).catch((fault) => fault.status === 401 || input.setCustomValidity(wordsOf(fault)) || input.reportValidity()); } }, input));
    return section;
  }
}

customElements.define("moment-viewer", MomentViewer);
