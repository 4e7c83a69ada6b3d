// What was done, said at the foot of the window, with a way to take it back.

import { wordsOf } from "../requests/connection.js";
import { button, make } from "./elements.js";
import { text } from "../texts/texts.js";
import { offerUndo } from "./undo.js";

const SHOWN = 12000; // Milliseconds: time to read it and to reach the button by keyboard.
let place = null;

/** The place of what is said; a dialog that is open lets nothing beside it be seen or pressed. */
function shelf() {
  place ??= make("div.toasts", { role: "status", "aria-live": "polite" });
  const room = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (place.parentElement !== room) {
    room.append(place);
    // It outlives the dialog: what was asked there is often told just before that closes.
    if (room !== document.body) room.addEventListener("close", () => document.body.append(place), { once: true });
  }
  return place;
}

/**
 * Say what was done. `undo` takes it back, by a button and by Ctrl+Z; `next` is what to do with it,
 * as `{ label, press }`; `wrong` marks a fault.
 *
 * It goes away by itself, but not while the pointer or the focus is on it.
 */
export function toast(message, { undo = null, next = null, wrong = false } = {}) {
  const said = make(`div.toast${wrong ? ".wrong" : ""}`, {}, make("span", { dir: "auto" }, message));
  let timer = 0;
  let withdraw = () => {};
  const close = () => {
    clearTimeout(timer);
    withdraw();
    said.remove();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(close, SHOWN);
  };
  const takeBack = async () => {
    close();
    try {
      await undo();
      toast(text("undone"));
    } catch (fault) {
      toast(wordsOf(fault), { wrong: true });
    }
  };
  if (next) said.append(button(next.label, () => { close(); next.press(); }, { className: "undo" }));
  if (undo) {
    said.append(button(text("undo"), takeBack, { className: "undo" }));
    withdraw = offerUndo(said, takeBack);
  }
  said.append(button(text("close"), close, { className: "close" }, "×"));
  for (const held of ["pointerenter", "focusin"]) said.addEventListener(held, () => clearTimeout(timer));
  for (const left of ["pointerleave", "focusout"]) said.addEventListener(left, wait);
  shelf().replaceChildren(said);
  wait();
  return close;
}

/** Say what went wrong, in the words of the server. */
export function failed(fault) {
  if (fault.name !== "AbortError") toast(wordsOf(fault), { wrong: true });
}
