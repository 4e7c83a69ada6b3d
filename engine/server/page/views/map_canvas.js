// Points on a plane, drawn with as many thumbnails as have room; moved, zoomed, and chosen by a lasso.

import { make } from "../elements/elements.js";
import { pictureAt } from "./working.js";

const THUMB = 44; // Pixels of a thumbnail's longer side.
const APART = 49; // Pixels between two of them.
const NEAR = 14; // Pixels from a point at which the pointer is on it.
const STRETCHED = 1.6; // How much wider or higher than it is the map may be drawn: near is near still.
const [LEAST, MOST] = [0.4, 60];
const FRAME = 0.5; // The part of the map that the frame of the keyboard has.
const COLOURS = { image: "--accent", video: "--film", audio: "--wave" };

export class PointMap extends EventTarget {
  element = make("canvas.point-map", { tabIndex: 0, role: "application" });
  selected = new Set();
  tool = "lasso";
  #points = [];
  #marked = null;
  #library = "";
  #reach = { x: 1, y: 1 };
  #view = { scale: 1, x: 0, y: 0 };
  #pictures = new Map();
  #shown = new Map();
  #frame = 0;
  #lasso = null;
  #held = new Map();
  #moved = false;
  #byKey = false;

  constructor(signal) {
    super();
    const on = (type, act, options = {}) => this.element.addEventListener(type, act, { signal, ...options });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", () => this.#drop());
    on("pointerleave", () => this.#tell("hover", null));
    on("dblclick", (event) => this.#on(event) !== null && this.#tell("open", this.#on(event)));
    on("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), this.#at(event));
    }, { passive: false });
    on("keydown", (event) => this.#key(event));
    on("focus", () => { this.#byKey = this.element.matches(":focus-visible"); this.draw(); });
    on("blur", () => { this.#byKey = false; this.draw(); });
    const sized = new ResizeObserver(() => {
      this.#shown.clear();
      this.draw();
    });
    sized.observe(this.element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.draw(), { signal });
    signal.addEventListener("abort", () => sized.disconnect());
  }

  /** Show other points, all of them. */
  show(points, library) {
    [this.#points, this.#library] = [points, library];
    const far = (side) => Math.max(0.05, ...points.map((point) => Math.abs(point[side])));
    this.#reach = { x: far("x"), y: far("y") };
    this.#pictures.clear();
    this.#shown.clear();
    this.selected.clear();
    this.#marked = null;
    this.whole();
  }

  /** Show thumbnails of some files alone, by their numbers; null for all. */
  mark(assets) {
    this.#marked = assets;
    this.#shown.clear();
    this.draw();
  }

  whole() {
    this.#view = { scale: 1, x: 0, y: 0 };
    this.draw();
  }

  /** Zoom around a place of the canvas, by default its middle. */
  zoom(by, [x, y] = this.#middle()) {
    const scale = Math.min(MOST, Math.max(LEAST, this.#view.scale * by));
    const grown = scale / this.#view.scale;
    const [cx, cy] = this.#middle();
    this.#view = { scale, x: x - cx - (x - cx - this.#view.x) * grown, y: y - cy - (y - cy - this.#view.y) * grown };
    this.draw();
  }

  /** Choose what is inside of the window, or of its part in the middle. */
  chooseInside(part = 1, on = true) {
    const [cx, cy] = this.#middle();
    this.#points.forEach((point, place) => {
      const [x, y] = this.#screen(point);
      if (Math.abs(x - cx) <= cx * part && Math.abs(y - cy) <= cy * part) this.selected[on ? "add" : "delete"](place);
    });
    this.#tell("select");
  }

  choose(places) {
    this.selected = new Set(places);
    this.#tell("select");
  }

  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.element.isConnected) this.#paint();
    });
  }

  #tell(type, detail = null) {
    if (type === "select") this.draw();
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #middle() {
    return [this.element.clientWidth / 2, this.element.clientHeight / 2];
  }

  #screen({ x, y }) {
    const [cx, cy] = this.#middle();
    const size = this.#size();
    return [cx + x * size.x + this.#view.x, cy - y * size.y + this.#view.y];
  }

  /** Pixels of one unit of the plane, along both axes. */
  #size() {
    const [cx, cy] = this.#middle();
    const [x, y] = [(cx - 30) / this.#reach.x, (cy - 30) / this.#reach.y].map((each) => Math.max(1, each));
    const least = Math.min(x, y);
    return { x: Math.min(x, STRETCHED * least) * this.#view.scale, y: Math.min(y, STRETCHED * least) * this.#view.scale };
  }

  #at(event) {
    const { left, top } = this.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /** Points that have a thumbnail at this zoom: the first of those that are too near to each other. */
  #pictured() {
    const { x, y } = this.#size();
    // By steps of the zoom, so that thumbnails do not come and go with each turn of the wheel.
    const level = Math.round(2 * Math.log2(x));
    const kept = this.#shown.get(level);
    if (kept) return kept;
    const apart = { x: APART / 2 ** (level / 2), y: (APART * x) / y / 2 ** (level / 2) };
    const cells = new Map();
    const cell = (point, dx = 0, dy = 0) => `${Math.floor(point.x / apart.x) + dx},${Math.floor(point.y / apart.y) + dy}`;
    const near = (point, other) => other && Math.abs(other.x - point.x) < apart.x && Math.abs(other.y - point.y) < apart.y;
    const found = [];
    this.#points.forEach((point, place) => {
      if (this.#marked && !this.#marked.has(point.asset_id)) return;
      for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) if (near(point, cells.get(cell(point, dx, dy)))) return;
      cells.set(cell(point), point);
      found.push(place);
    });
    this.#shown.set(level, found);
    return found;
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const dense = devicePixelRatio || 1;
    if (this.element.width !== Math.round(width * dense)) this.element.width = Math.round(width * dense);
    if (this.element.height !== Math.round(height * dense)) this.element.height = Math.round(height * dense);
    const pen = this.element.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(name);
    const inside = ([x, y]) => x > -THUMB && y > -THUMB && x < width + THUMB && y < height + THUMB;
    this.#points.forEach((point, place) => {
      const [x, y] = this.#screen(point);
      if (!inside([x, y])) return;
      pen.globalAlpha = this.#marked && !this.#marked.has(point.asset_id) ? 0.3 : 0.9;
      pen.fillStyle = colour(this.selected.has(place) ? "--chosen" : COLOURS[point.kind]);
      pen.beginPath();
      pen.arc(x, y, this.selected.has(place) ? 5 : 3.5, 0, 2 * Math.PI);
      pen.fill();
    });
    for (const place of this.#pictured()) {
      const at = this.#screen(this.#points[place]);
      if (inside(at)) this.#thumbnail(pen, place, at, colour);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("--chosen");
    pen.lineWidth = 2;
    if (this.#lasso) {
      pen.beginPath();
      this.#lasso.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.stroke();
      pen.globalAlpha = 0.15;
      pen.fillStyle = colour("--chosen");
      pen.fill();
    } else if (this.#byKey) {
      pen.setLineDash([6, 5]);
      pen.strokeRect(width * (1 - FRAME) / 2, height * (1 - FRAME) / 2, width * FRAME, height * FRAME);
      pen.setLineDash([]);
    }
  }

  #thumbnail(pen, place, [x, y], colour) {
    const picture = this.#picture(place);
    if (!picture.naturalWidth) return;
    const shrink = THUMB / Math.max(picture.naturalWidth, picture.naturalHeight);
    const [w, h] = [picture.naturalWidth * shrink, picture.naturalHeight * shrink];
    pen.globalAlpha = 1;
    pen.save();
    pen.beginPath();
    pen.roundRect(x - w / 2, y - h / 2, w, h, 5);
    pen.clip();
    pen.drawImage(picture, x - w / 2, y - h / 2, w, h);
    pen.restore();
    const chosen = this.selected.has(place);
    if (!chosen && !this.#marked) return;
    pen.strokeStyle = colour(chosen ? "--chosen" : "--accent");
    pen.lineWidth = 3;
    pen.beginPath();
    pen.roundRect(x - w / 2, y - h / 2, w, h, 5);
    pen.stroke();
  }

  #picture(place) {
    if (!this.#pictures.has(place)) {
      const picture = new Image();
      picture.addEventListener("load", () => this.draw());
      picture.src = pictureAt(this.#library, this.#points[place].moment_id, 160);
      this.#pictures.set(place, picture);
    }
    return this.#pictures.get(place);
  }

  /** The point that the pointer is on; thumbnails lie above points. */
  #on(event) {
    const [x, y] = this.#at(event);
    const pictured = this.#pictured().findLast((place) => {
      const [px, py] = this.#screen(this.#points[place]);
      const picture = this.#pictures.get(place);
      if (!picture?.naturalWidth) return false;
      const shrink = THUMB / 2 / Math.max(picture.naturalWidth, picture.naturalHeight);
      return Math.abs(px - x) <= picture.naturalWidth * shrink && Math.abs(py - y) <= picture.naturalHeight * shrink;
    });
    if (pictured !== undefined) return pictured;
    let [nearest, least] = [null, NEAR];
    this.#points.forEach((point, place) => {
      const [px, py] = this.#screen(point);
      const far = Math.hypot(px - x, py - y);
      if (far < least) [nearest, least] = [place, far];
    });
    return nearest;
  }

  // --- by pointer ---------------------------------------------------------------------

  #down(event) {
    if (event.button) return;
    this.#byKey = false;
    this.element.setPointerCapture(event.pointerId);
    this.#held.set(event.pointerId, this.#at(event));
    this.#moved = false;
    const lassoes = (this.tool === "lasso") !== event.shiftKey && this.#held.size === 1;
    this.#lasso = lassoes ? [this.#at(event)] : null;
  }

  #move(event) {
    const to = this.#at(event);
    const from = this.#held.get(event.pointerId);
    if (!from) {
      const place = this.#on(event);
      this.element.classList.toggle("on", place !== null);
      return this.#tell("hover", place === null ? null : { place, at: to });
    }
    if (!this.#moved && Math.hypot(to[0] - from[0], to[1] - from[1]) < 4) return;
    this.#moved = true;
    if (this.#held.size === 2) this.#pinch(event.pointerId, to);
    else if (this.#lasso) this.#lasso.push(to);
    else [this.#view.x, this.#view.y] = [this.#view.x + to[0] - from[0], this.#view.y + to[1] - from[1]];
    this.#held.set(event.pointerId, to);
    this.draw();
  }

  #pinch(moving, to) {
    const [, still] = [...this.#held].find(([id]) => id !== moving);
    const before = this.#held.get(moving);
    const apart = (a, b) => Math.max(10, Math.hypot(a[0] - b[0], a[1] - b[1]));
    this.#lasso = null;
    this.zoom(apart(to, still) / apart(before, still), [(to[0] + still[0]) / 2, (to[1] + still[1]) / 2]);
  }

  #up(event) {
    if (!this.#held.has(event.pointerId)) return;
    this.#held.delete(event.pointerId);
    const drawn = this.#lasso;
    this.#lasso = null;
    if (!this.#moved) {
      const place = this.#on(event);
      if (place === null) return this.draw();
      if (!this.selected.delete(place)) this.selected.add(place);
      return this.#tell("select");
    }
    if (!drawn) return;
    this.#points.forEach((point, place) => within(drawn, this.#screen(point)) && this.selected.add(place));
    this.#tell("select");
  }

  #drop() {
    this.#held.clear();
    this.#lasso = null;
    this.draw();
  }

  // --- by keyboard --------------------------------------------------------------------

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    this.#byKey = true;
    if (step) {
      [this.#view.x, this.#view.y] = [this.#view.x + step[0], this.#view.y + step[1]];
      this.draw();
    } else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "0") this.whole();
    else if (event.key === "Enter") this.chooseInside(FRAME, !event.shiftKey);
    else if (event.key === "Escape") this.choose([]);
    else return;
    event.preventDefault();
  }
}

/** Is a place inside of a closed line? By how often a ray from it crosses that line. */
function within(line, [x, y]) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [line[i], line[j]];
    if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
