// What looks or sounds like an opened hit, as a row below it.

import { post, thumbnailOf } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { shapeOf } from "../hits/layout.js";
import { clock, shortName, text } from "../texts/texts.js";
import { draw, outlineOf } from "../elements/waveform.js";

const MOST = 16;

/** The row of what is like a hit; its room is there before it is, and `open(hit)` is called. */
export function similarRow(hit, open, signal) {
  const row = make("div.like", { role: "group", "aria-label": text("similar") });
  find(hit, signal).then((hits) => {
    if (!hits.length) row.append(make("p", {}, text("nothing-similar")));
    else row.append(...hits.map((each) => tile(each, open)));
  }).catch((fault) => {
    if (fault.name !== "AbortError") row.append(make("p", {}, text("nothing-similar")));
  });
  return row;
}

async function find(hit, signal) {
  const found = await post("/api/similar", {
    moment: hit.moment_id, example_library: hit.library, libraries: [hit.library], top: MOST, group: "alike",
  }, signal);
  return found.hits.filter((each) => each.moment_id !== hit.moment_id);
}

function tile(hit, open) {
  const name = shortName(hit.path);
  const at = hit.start === null || hit.kind === "image" ? "" : clock(hit.start);
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(hit);
  };
  const link = make(`a.${hit.kind}`, {
    href: `/?open=${hit.moment_id}@${encodeURIComponent(hit.library)}`, title: name, "aria-label": [name, text(hit.kind), at].filter(Boolean).join(", "), onclick: press,
  });
  if (hit.kind === "audio") {
    const canvas = make("canvas", { "aria-hidden": "true" });
    link.append(canvas, make("span", { dir: "auto" }, name));
    outlineOf(hit, 60).then((outline) => draw(canvas, outline)).catch(() => {});
  } else {
    const picture = make("img", { src: thumbnailOf(hit, 160), alt: "", decoding: "async", draggable: false });
    picture.style.aspectRatio = shapeOf(hit);
    link.append(picture);
    if (at) link.append(make("span", {}, at));
  }
  return link;
}
