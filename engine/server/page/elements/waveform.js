// The outline of a sound, drawn by the peaks that the server sends.

import { get, ofAsset } from "../requests/api.js";

const kept = new Map();

/** The outline of a hit's file; asked for once. */
export function outlineOf(hit, buckets) {
  const address = ofAsset(hit, "waveform", { buckets });
  if (!kept.has(address)) {
    kept.set(address, get(address).catch((fault) => {
      kept.delete(address);
      throw fault;
    }));
  }
  return kept.get(address);
}

/** Draw an outline, with the stretch of a hit marked, and what has been played. */
export function draw(canvas, outline, span = null, played = null) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !outline.low.length) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const most = Math.max(0.02, ...outline.high, ...outline.low.map((each) => -each));
  const step = width / outline.low.length;
  const at = (seconds) => (seconds / (outline.duration || 1)) * width;
  // What is all of the file is not marked.
  if (span && (span.end ?? outline.duration) - span.start < 0.95 * outline.duration) {
    pen.fillStyle = style.getPropertyValue("--mark");
    pen.globalAlpha = 0.6;
    pen.fillRect(at(span.start), 0, Math.max(2, at(span.end ?? outline.duration) - at(span.start)), height);
    pen.globalAlpha = 1;
  }
  for (let i = 0; i < outline.low.length; i += 1) {
    const before = played !== null && i * step <= at(played);
    pen.fillStyle = style.getPropertyValue(before ? "--accent" : "--wave");
    const [high, low] = [(outline.high[i] / most) * height / 2, (outline.low[i] / most) * height / 2];
    pen.fillRect(i * step, height / 2 - high, Math.max(1, step - 1), Math.max(1, high - low));
  }
}
