// What can be taken back by Ctrl+Z, the last first, as long as the line that tells of it is there.

const offers = [];
const TYPING = "textarea, input:not([type=range], [type=checkbox], [type=radio])";

/**
 * Offer to take something back; `press` does it, and says so. The offer ends with `line`, the element
 * that tells of it, once that is no more in the document, or by the function that is returned.
 */
export function offerUndo(line, press) {
  const offer = { line, press };
  offers.push(offer);
  return () => {
    const at = offers.indexOf(offer);
    if (at >= 0) offers.splice(at, 1);
  };
}

addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (event.target.matches(TYPING)) return; // It is what was typed that is meant.
  while (offers.length && !offers.at(-1).line.isConnected) offers.pop();
  if (!offers.length) return;
  event.preventDefault();
  offers.pop().press();
});
