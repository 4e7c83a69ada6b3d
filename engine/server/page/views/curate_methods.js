// The methods of curation that the server has, each with a sentence and with what it can be told.

import { make } from "../elements/elements.js";
import { filtersOf } from "../search/filters.js";
import { KINDS } from "../search/search.js";
import { text } from "../texts/texts.js";
import { labelled, toggles } from "./working.js";

const KEEP = ["most-pixels", "original", "dated", "largest", "smallest", "oldest", "newest", "shortest-path"];
const SEEN_OR_HEARD = ["image", "keyframe", "sound"];
const WHERE = { name: "where", type: "filter" };

/** What each method can be told; a value is what it is at first. */
export const METHODS = {
  duplicates: [{ name: "kinds", type: "kinds" }, { name: "keep", type: "choice", of: KEEP, value: "most-pixels" }, { name: "exact", type: "check" }],
  semdedup: [{ name: "eps", type: "number", value: 0.05, min: 0, max: 1, step: 0.01 }, { name: "kind", type: "choice", of: KINDS, value: "image" }],
  quality: [{ name: "kinds", type: "kinds" }, WHERE],
  outliers: [{ name: "top", type: "number", min: 1, step: 1 }, WHERE],
  clusters: [{ name: "k", type: "number", min: 1, step: 1 }, WHERE],
  select: [{ name: "count", type: "number", value: 20, min: 1, step: 1 }, { name: "modality", type: "choice", of: SEEN_OR_HEARD, value: "image" }, { name: "near", type: "text" }, WHERE],
  mislabeled: [{ name: "labels", type: "choice", of: ["folder", "tag"], value: "folder" }, { name: "modality", type: "choice", of: SEEN_OR_HEARD, value: "image" }],
  captions: [{ name: "top", type: "number", min: 1, step: 1 }],
  leaks: [{ name: "split_by", type: "choice", of: ["folder", "tag"], value: "folder" }, { name: "exact", type: "check" }],
};

/** A form that chooses a method; `start(body)` is called with what to ask the server for. */
export function methodForm(chosen, library, signal, start) {
  let told = null;
  const fields = make("div.beside");
  const choose = (method) => {
    told = tellings(method);
    fields.replaceChildren(...[library.element, ...told.elements].filter(Boolean));
  };
  const card = (method) => make("label.method", {}, make("input", {
    type: "radio", name: "method", value: method, checked: method === chosen, onchange: () => choose(method),
  }), make("b", {}, text(`cur-${method}`)), make("small", {}, text(`cur-${method}-does`)));
  const go = make("button.go", { type: "submit" }, text("cur-start"));
  const form = make("form.task", {
    onsubmit: async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const body = await told.body(signal);
        if (body) await start({ task: form.elements.method.value, library: library.value, ...body });
      } finally {
        go.disabled = false;
      }
    },
  }, make("fieldset.methods", {}, make("legend", {}, text("cur-method")), ...Object.keys(METHODS).map(card)), fields, go);
  choose(chosen);
  return form;
}

/** The fields of a method, and the function that reads them. */
function tellings(method) {
  const made = METHODS[method].map((field) => ({ ...field, ...inputOf(field) }));
  return {
    elements: made.map((each) => each.element),
    async body(signal) {
      const body = {};
      for (const each of made) {
        try {
          const value = await each.read(signal);
          if (value !== null) body[each.name] = value;
        } catch (fault) {
          if (fault.name === "AbortError") throw fault;
          each.input.setCustomValidity(fault.message);
          each.input.reportValidity();
          return null;
        }
      }
      return body;
    },
  };
}

function inputOf({ name, type, of = [], value = "", ...limits }) {
  const words = text(`cur-field-${name}`);
  if (type === "kinds") {
    const chosen = new Set();
    const element = make("div.labelled", {}, make("span", {}, words), toggles(words, KINDS, chosen));
    return { element, read: () => [...chosen] };
  }
  if (type === "check") {
    const input = make("input", { type: "checkbox" });
    return { element: make("label.tick", {}, input, make("span", {}, words)), read: () => input.checked };
  }
  if (type === "choice") {
    const input = make("select", {}, ...of.map((each) => make("option", { value: each, selected: each === value }, text(wordOf(name, each)))));
    return { element: labelled(words, input), read: () => (name === "keep" ? [input.value] : input.value) };
  }
  if (type === "number") {
    const input = make("input", { type: "number", inputMode: "decimal", value, required: value !== "", ...limits });
    return { element: labelled(words, input, value === "" ? text("cur-optional") : null), read: () => (input.value === "" ? null : Number(input.value)) };
  }
  const input = make("input", { dir: "auto", placeholder: type === "filter" ? "tag:holiday after:2024" : "", oninput: () => input.setCustomValidity("") });
  const read = type === "filter" ? (signal) => filtersOf(input.value, signal) : () => input.value.trim() || null;
  return { element: labelled(type === "filter" ? text("wrk-filter") : words, input, type === "filter" ? text("wrk-filter-hint") : text("cur-optional")), input, read };
}

function wordOf(field, value) {
  if (field === "keep") return `cur-keep-${value}`;
  if (field === "labels" || field === "split_by") return `cur-by-${value}`;
  return KINDS.includes(value) ? value : `cur-of-${value}`;
}
