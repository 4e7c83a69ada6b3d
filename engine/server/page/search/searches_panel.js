// The panel of saved and recent searches, and their chips where nothing is typed.

import { button, make } from "../elements/elements.js";
import { forgetRecent, keepsRecent, recent, remove, save, saved, setKeepsRecent, wordsOf } from "./kept_searches.js";
import { openBeside } from "../elements/popover.js";
import { text } from "../texts/texts.js";
import { failed, toast } from "../elements/toast.js";

/** What a search is called in a list: its words, or that it is by example. */
function nameOf(address) {
  return wordsOf(address) || text("by-example");
}

/** Chips of searches that are kept, the saved ones first; `go(address)` searches. */
export async function keptChips(go) {
  const chip = (label, address, sign, name) => button(text(name, { name: label }), () => go(address), { className: "chip kept" },
    make("span", { "aria-hidden": "true" }, sign), make("span", { dir: "auto" }, label));
  const named = (await saved()).slice(0, 12).map(({ name, address }) => chip(name, address, "★", "saved-search"));
  return [...named, ...recent().slice(0, 8).map((address) => chip(nameOf(address), address, "↺", "recent-search"))];
}

/** Open the panel; `address` is the search of now, null for none. */
export function openSearches(beside, address, go, changed) {
  return openBeside(beside, text("searches"), (panel, close) => {
    panel.classList.add("searches");
    const lists = make("div"); // What comes later leaves the name alone that is typed meanwhile.
    const show = async () => {
      const had = await saved();
      if (panel.isConnected) lists.replaceChildren(...parts(had));
      if (panel.isConnected && document.activeElement === document.body) panel.querySelector("input, button")?.focus();
      changed();
    };
    const leave = (to) => { close(); go(to); };
    const parts = (had) => [
      make("h2", {}, text("saved-searches")), savedList(had, leave, show),
      make("h2", {}, text("recent-searches")), recentList(leave),
      keeping(show),
    ];
    if (address) panel.append(saving(address, show));
    panel.append(lists);
    lists.append(...parts(null));
    show();
  });
}

function saving(address, show) {
  const input = make("input", { type: "text", required: true, maxLength: 80, dir: "auto", value: nameOf(address).slice(0, 80), "aria-label": text("name") });
  return make("form.saving", {
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        const kept = await save(input.value.trim(), address);
        toast(text(kept.library === undefined ? "search-kept-here" : "search-saved", { name: kept.name }), {
          undo: () => remove(kept).then(show),
        });
        await show();
      } catch (fault) {
        failed(fault);
      }
    },
  }, input, make("button.main", {}, text("save-search")));
}

function savedList(had, leave, show) {
  if (!had?.length) return make("p.quiet", {}, had ? text("none-saved") : "…");
  return make("ul.choices", { role: "list" }, ...had.map((each) => make("li", {},
    button(each.name, () => leave(each.address), { title: wordsOf(each.address) }, make("span", { dir: "auto" }, each.name),
      each.library === undefined ? make("small", {}, text("only-here")) : null),
    button(text("remove-search", { name: each.name }), async () => {
      try {
        await remove(each);
        toast(text("search-removed", { name: each.name }), { undo: () => save(each.name, each.address).then(show) });
        await show();
      } catch (fault) {
        failed(fault);
      }
    }, { className: "leave" }, "×"))));
}

function recentList(leave) {
  const last = recent();
  if (!last.length) return make("p.quiet", {}, text("none-recent"));
  return make("ul.choices", { role: "list" }, ...last.map((address) => make("li", {},
    button(nameOf(address), () => leave(address), {}, make("span", { dir: "auto" }, nameOf(address))))));
}

/** May this browser keep the last searches; and a way to forget them. */
function keeping(show) {
  const check = make("input", { type: "checkbox", checked: keepsRecent(), onchange: () => { setKeepsRecent(check.checked); show(); } });
  return make("div.keeping", {}, make("label", {}, check, make("span", {}, text("keep-recent"))),
    recent().length ? button(text("forget-recent"), () => { forgetRecent(); show(); }, { className: "do" }, text("clear")) : null);
}
