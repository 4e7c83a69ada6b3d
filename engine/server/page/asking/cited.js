// What an answer cites: its numbers in the text, and a card for each moment.

import { get, thumbnailOf } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { draw, outlineOf } from "../elements/waveform.js";
import { clock, shortName, text } from "../texts/texts.js";

/** The name of a moment's file, with its time. */
export function placeOf(cited) {
  const name = shortName(cited.path);
  return cited.start === null || cited.kind === "image" ? name : text("ask-at", { name, time: clock(cited.start) });
}

/** A sentence with its numbers, each of which opens its moment by `open(cited)`; of one file they are times. */
export function sentenceOf({ text: words, cites }, known, open, timed = false) {
  const marks = cites.map((number) => {
    const cited = known.get(number);
    const shown = timed && cited.start !== null ? clock(cited.start) : String(number);
    return link(cited, open, { className: "cite", "aria-label": text("ask-cited", { number, place: placeOf(cited) }) }, shown);
  });
  return make("span", {}, make("span", { dir: "auto" }, words), " ", ...marks);
}

/** A moment as a card: its picture, how it bears the sentence, its words. */
export function cardOf(cited, open) {
  const picture = make("span.shown");
  if (cited.kind === "audio") {
    const canvas = make("canvas", { "aria-hidden": "true" });
    picture.append(canvas);
    outlineOf(cited, 60).then((outline) => draw(canvas, outline)).catch(() => {});
  } else if (cited.thumbnail) {
    picture.append(make("img", { src: thumbnailOf(cited, 160), alt: "", loading: "lazy", decoding: "async" }));
  }
  const quotes = ["says", "reads", "caption"].includes(cited.claim) && cited.text;
  return make("li", {}, link(cited, open, { title: cited.title }, picture,
    make("span.about", {}, make("b", { dir: "auto" }, `${cited.number} `, shortName(cited.path)),
      make("small", {}, [cited.kind === "image" || cited.start === null ? "" : clock(cited.start), text(`ask-${cited.claim}`)].filter(Boolean).join(" · ")), quotes ? make("q", { dir: "auto" }, cited.text) : null)));
}

function link(cited, open, properties, ...children) {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !cited.moment_id) return;
    event.preventDefault();
    event.stopPropagation(); // It opens above what is shown, which stays.
    open(cited);
  };
  return make("a", { href: cited.url, onclick: press, ...properties }, ...children);
}

/** The hit that a cited moment would be, with the facts by which it is laid out. */
export async function hitOf(cited, signal) {
  const file = await get(`/api/assets/${cited.asset_id}`, { library: cited.library }, signal);
  return { ...cited, file, why: [], more: 0, likely: true };
}
