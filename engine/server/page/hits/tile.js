// What a tile of the grid shows: a picture, a frame or a waveform; a sentence; and plays.

import { thumbnailOf } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { marked } from "./marking.js";
import { clock, day, shortName, text } from "../texts/texts.js";
import { draw, outlineOf } from "../elements/waveform.js";

let playing = null; // One sound at a time.

/** The picture of a hit, which is empty until it is loaded. */
export function pictureOf(hit) {
  return hit.kind === "audio" ? make("canvas", { "aria-hidden": "true" }) : make("img", { alt: "", decoding: "async", draggable: false });
}

export function loadPicture(picture, hit) {
  if (hit.kind !== "audio") picture.src = thumbnailOf(hit, 320);
  else outlineOf(hit, 120).then((outline) => draw(picture, outline, spanOf(hit))).catch(() => {});
}

export function labelOf(hit) {
  const worded = hit.modality === "speech" || hit.modality === "screen";
  const words = worded ? hit.why.find((each) => each.words)?.words : null;
  const at = hit.start === null || hit.kind === "image" ? null : make("span.at", {}, clock(hit.start));
  const percent = make(hit.why.length ? "span.sure" : "span.sure.day", {}, hit.why.length ? `${Math.round(100 * hit.confidence)} %` : day(hit.file?.date));
  return make("span.label", {}, words ? make("q", { dir: "auto" }, ...marked(words, hit.why.map((each) => each.asked ?? "").join(" "))) : null,
    make("span.name", { dir: "auto" }, shortName(hit.path)), at, percent);
}

/** A button that plays a sound from the hit on, and stops it. */
export function playButton(hit, canvas) {
  const press = button(text("play"), () => (playing?.press === press ? stop() : start()), { className: "play" }, "▶");
  const start = async () => {
    stop();
    const sound = make("audio", { src: `${hit.media}${hit.start === null ? "" : `#t=${hit.start}`}` });
    playing = { press, sound, canvas, hit };
    say("stop", "❚❚");
    const outline = await outlineOf(hit, 120).catch(() => null);
    if (playing?.sound !== sound) return; // It was stopped before the outline came.
    sound.addEventListener("timeupdate", () => {
      if (outline && canvas.isConnected) draw(canvas, outline, spanOf(hit), sound.currentTime);
      if (hit.end !== null && sound.currentTime > hit.end) stop();
    });
    for (const end of ["ended", "error"]) sound.addEventListener(end, () => playing?.sound === sound && stop());
    sound.play().catch(() => playing?.sound === sound && stop());
  };
  const say = (name, sign) => {
    press.textContent = sign;
    press.title = text(name);
    press.setAttribute("aria-label", text(name));
  };
  press.addEventListener("stopped", () => say("play", "▶"));
  return press;
}

/** Stop what plays, as when its tile is taken away. */
export function stop(tile = null) {
  if (!playing || (tile && !tile.contains(playing.press))) return;
  const { press, sound, canvas, hit } = playing;
  playing = null;
  sound.pause();
  press.dispatchEvent(new Event("stopped"));
  outlineOf(hit, 120).then((outline) => canvas.isConnected && draw(canvas, outline, spanOf(hit))).catch(() => {});
}

/** Play a video from the hit on, without its sound, while the pointer is on its tile. */
export function playOnHover(tile, link, hit) {
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

const spanOf = (hit) => (hit.start === null ? null : hit);
