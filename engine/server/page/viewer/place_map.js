// A small map of where a file was made: coast lines on a canvas, and no tiles of anybody's server.
//
// land.json has the land of the world at 1:110 million, of Natural Earth (public domain, by the
// package world-atlas): rings of tenths of a degree, each point but the first as its step.

import { button, make } from "../elements/elements.js";
import { count } from "../elements/figures.js";
import { text } from "../texts/texts.js";

const SPAN = 50; // Degrees of longitude that are shown: enough to know a coast by.
const NEAR = 0.15; // Degrees around a place that count as near it, some 15 km.
const FAR = 15; // Kilometres from which a town is said to be near, and not where it is.
let land = null;

async function rings() {
  land ??= fetch(new URL("./land.json", import.meta.url)).then((answer) => answer.json()).catch((fault) => {
    land = null;
    throw fault;
  });
  return land;
}

/** Show a place; `search(words)` is called to look for what was made near it. */
export function placeMap({ latitude, longitude, near = null }, search) {
  const where = `${Math.abs(latitude).toFixed(3)}° ${latitude < 0 ? "S" : "N"}, ${Math.abs(longitude).toFixed(3)}° ${longitude < 0 ? "W" : "E"}`;
  const canvas = make("canvas", { role: "img", "aria-label": text("map-of", { place: where }) });
  const paint = () => rings().then((all) => canvas.isConnected && draw(canvas, all, latitude, longitude)).catch(() => {});
  new ResizeObserver(paint).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  const box = [latitude - NEAR, longitude - NEAR, latitude + NEAR, longitude + NEAR].map((each) => each.toFixed(3));
  return make("section.map", {}, make("h3", {}, text("place")), canvas, near ? make("p.town", {}, townOf(near), " ", make("small", {}, "GeoNames")) : null,
    make("p", {}, where, " ", button(text("near-here"), () => search(`place:${box.join(",")}`), { className: "plain" })));
}

/** A town with its country, in the language of the page, and how far it is where that is far. */
function townOf({ name, country, km }) {
  const countries = new Intl.DisplayNames([document.documentElement.lang], { type: "region" });
  const shown = make("bdi", {}, `${name}, ${countries.of(country) ?? country}`);
  return km < FAR ? make("b", {}, shown) : make("b", {}, `${text("town-near", { km: count(Math.round(km)) })} `, shown);
}

function draw(canvas, all, latitude, longitude) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name);
  // Degrees of longitude are narrower away from the equator.
  const across = width / SPAN;
  const up = across / Math.max(0.25, Math.cos((latitude * Math.PI) / 180));
  const x = (east) => width / 2 + (east - longitude) * across;
  const y = (north) => height / 2 - (north - latitude) * up;
  pen.fillStyle = colour("--sea");
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = colour("--land");
  pen.strokeStyle = colour("--coast");
  pen.lineWidth = 1;
  for (const turn of [-360, 0, 360]) {  // what lies beyond the date line
    pen.beginPath();
    for (const ring of all) trace(pen, ring, (east) => x(east + turn), y);
    pen.fill("evenodd");
    pen.stroke();
  }
  pen.fillStyle = colour("--accent");
  pen.strokeStyle = colour("--panel");
  pen.lineWidth = 3;
  pen.beginPath();
  pen.arc(width / 2, height / 2, 7, 0, 2 * Math.PI);
  pen.stroke();
  pen.fill();
}

function trace(pen, ring, x, y) {
  let [east, north] = ring;
  pen.moveTo(x(east / 10), y(north / 10));
  for (let i = 2; i < ring.length; i += 2) {
    east += ring[i];
    north += ring[i + 1];
    pen.lineTo(x(east / 10), y(north / 10));
  }
  pen.closePath();
}
