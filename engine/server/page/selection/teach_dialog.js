// Teaching a name by selected pictures and sounds, so that a query can ask for it.

import { get, post, thumbnailOf } from "../requests/api.js";
import { askIn, field } from "../elements/dialogs.js";
import { button, make } from "../elements/elements.js";
import { text } from "../texts/texts.js";
import { toast } from "../elements/toast.js";

/** Ask for a name, and which of the hits are it and which are not; `ask(words)` searches. */
export async function teach(hits, ask) {
  const { concepts } = await get("/api/concepts");
  const against = new Set();
  askIn(text("teach-title"), {
    verb: text("teach-act"),
    fill: (body) => body.append(
      field(text("name"), { maxLength: 60 }, [...new Set(concepts.map(({ name }) => name))]),
      make("p.quiet", {}, text("teach-hint")),
      make("ul.taught", { "aria-label": text("examples") }, ...hits.map((hit) => example(hit, against)))),
    press: async (form) => {
      const name = form.querySelector("input").value.trim();
      await save(name, hits, against);
      const known = concepts.some((each) => same(each.name, name));
      const libraries = [...new Set(hits.map(({ library }) => library))];
      toast(text("taught", { name }), {
        next: { label: text("search-name", { name }), press: () => ask(name) },
        undo: known ? null : () => Promise.all(libraries.map((library) => forget(library, name))),
      });
    },
  });
}

async function save(name, hits, against) {
  for (const library of new Set(hits.map((hit) => hit.library))) {
    const own = hits.filter((hit) => hit.library === library);
    const numbers = (wanted) => own.filter(wanted).map(({ moment_id }) => moment_id);
    await post("/api/concepts", {
      library, name, moments: numbers((hit) => !against.has(hit)), against: numbers((hit) => against.has(hit)),
    });
  }
}

/** A hit that is an example, or by a press an example of what the name is not. */
function example(hit, against) {
  const sign = make("b", { "aria-hidden": "true" }, "+");
  const turn = button("", () => {
    const no = !against.delete(hit);
    if (no) against.add(hit);
    show(no);
  }, {}, hit.kind === "audio" ? make("span", { dir: "auto" }, "♪") : make("img", { src: thumbnailOf(hit, 160), alt: "" }), sign);
  const show = (no) => {
    const label = text(no ? "is-not-it" : "is-it", { name: hit.path.split("/").at(-1) });
    turn.title = label;
    turn.setAttribute("aria-label", label);
    turn.setAttribute("aria-pressed", String(no));
    sign.textContent = no ? "−" : "+";
  };
  show(false);
  return make("li", {}, turn);
}

export async function forget(library, name) {
  const answer = await fetch(`/api/concepts/${encodeURIComponent(name)}?library=${encodeURIComponent(library)}`, { method: "DELETE" });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error?.message ?? `HTTP ${answer.status}`);
}

export function restore(library, name) {
  return post("/api/concepts/restore", { library, name });
}

function same(one, other) {
  return one.toLowerCase() === other.toLowerCase();
}
