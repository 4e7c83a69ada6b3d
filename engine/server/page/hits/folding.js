// What is folded into a hit: near copies, other moments of its shot or of its file.

import { get } from "../requests/api.js";
import { button } from "../elements/elements.js";
import { text } from "../texts/texts.js";

/** The hits that are folded into one, 50 at most. */
export async function folded(hit) {
  const { moments } = await get("/api/moments", { library: hit.library, number: hit.others });
  const { confidence, likely } = hit;
  return moments.map((moment) => ({ ...moment, why: [], more: 0, confidence, likely, folded: hit.moment_id }));
}

/** A button with how many there are, which shows them and folds them again. */
export function foldButton(hit, press) {
  const open = Boolean(hit.unfolded);
  const label = text(open ? "fold" : "copies", { count: hit.more });
  return button(label, press, { className: "fold", "aria-expanded": String(open) }, open ? "−" : `+${hit.more}`);
}
