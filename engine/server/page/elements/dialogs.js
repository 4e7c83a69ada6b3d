// Small dialogs that ask for something: a name, a format.

import { wordsOf } from "../requests/connection.js";
import { button, make } from "./elements.js";
import { text } from "../texts/texts.js";

/**
 * Ask in a dialog. `fill` gets the form's body to put fields into; `press(form)` does it and may
 * throw, which is said in the dialog, so that nothing that was typed is lost.
 */
export function askIn(title, { fill, press, verb }) {
  const wrong = make("p.wrong", { role: "alert" });
  const body = make("div.fields");
  const heading = make("h2", { id: "ask-title" }, title);
  const dialog = make("dialog.ask", { "aria-labelledby": "ask-title" });
  const form = make("form", {
    method: "dialog",
    onsubmit: async (event) => {
      event.preventDefault();
      wrong.textContent = "";
      try {
        await press(form);
        dialog.close();
      } catch (fault) {
        wrong.textContent = wordsOf(fault);
      }
    },
  }, heading, body, wrong, make("div.buttons", {},
    button(text("cancel"), () => dialog.close()), make("button.main", { type: "submit" }, verb)));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  fill(body, dialog);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let lists = 0;

/** A field with a name, and known values that complete it. */
export function field(label, properties = {}, values = []) {
  const input = make("input", { dir: "auto", autocomplete: "off", required: true, ...properties });
  if (!values.length) return make("label.asked", {}, label, input);
  const id = `known-${lists += 1}`;
  input.setAttribute("list", id);
  return make("label.asked", {}, label, input, make("datalist", { id }, ...values.map((value) => make("option", { value }))));
}
