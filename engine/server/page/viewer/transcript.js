// What is said in a file, and what is to be read in it: beside the player, and following it.

import { get, ofAsset } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { clock, text } from "../texts/texts.js";

/** Append the words of a file; without a player (`media` is null) they are those of a picture. */
export async function showTranscript(side, hit, media, jump, signal) {
  const { lines } = await get(ofAsset(hit, "transcript"), {}, signal).catch(() => ({ lines: [] }));
  for (const modality of ["speech", "screen"]) {
    const own = lines.filter((line) => line.modality === modality && (media === null || line.start !== null));
    if (own.length) side.append(section(modality, own, media, jump, signal));
  }
}

function section(modality, lines, media, jump, signal) {
  const title = make("h3", {}, text(`words-${modality}`));
  if (!media) return make("section.words", {}, title, ...lines.map((line) => make("blockquote", { dir: "auto" }, line.text)));
  const rows = lines.map((line) => button(clock(line.start), () => jump(line.start), { className: "said", "aria-label": `${clock(line.start)}, ${line.text}`, title: "" },
    make("span", {}, clock(line.start)), make("q", { dir: "auto" }, line.text)));
  const follow = () => rows.forEach((row, i) => {
    const now = lines[i].start <= media.currentTime && media.currentTime < (lines[i].end ?? Infinity);
    if (now && !row.classList.contains("now")) showIn(row);
    row.classList.toggle("now", now);
    if (now) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
  for (const moved of ["timeupdate", "seeked"]) media.addEventListener(moved, follow, { signal });
  follow();
  return make("section.words", {}, title, make("div.lines", {}, ...rows));
}

/** Scroll the list of a row alone: the side may be read elsewhere meanwhile. */
function showIn(row) {
  const list = row.parentElement;
  if (!list) return;
  const [above, below] = [row.offsetTop - list.offsetTop, row.offsetTop - list.offsetTop + row.offsetHeight];
  if (above < list.scrollTop || below > list.scrollTop + list.clientHeight) list.scrollTop = above - list.clientHeight / 3;
}
