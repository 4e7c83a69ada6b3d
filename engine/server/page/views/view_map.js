// The view of a map: files as points, those that are alike near each other, chosen by a lasso.

import { get, post } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { filtersOf } from "../search/filters.js";
import { PointMap } from "./map_canvas.js";
import { shortName, text } from "../texts/texts.js";
import { checkMayTag, counted, Deed, labelled, libraryChoice, openAddress, pictureAt, tagAddress, tellRefused, undoRun } from "./working.js";

const LISTED = 60; // Files of a selection that are listed.
const EXAMPLES = 8; // Moments that a search can be like.

export async function show(root, context) {
  const { parameters, signal, remember } = context;
  const library = await libraryChoice(parameters.get("library"), signal);
  const map = new PointMap(signal);
  const told = make("p.outlook", { role: "status" });
  const side = new Selection(map, library, context);
  const of = make("select", {}, ...["looks", "sounds"].map((each) => make("option", { value: each, selected: parameters.get("of") === each }, text(`map-${each}`))));
  const where = make("input", { dir: "auto", placeholder: "tag:holiday after:2024", value: parameters.get("where") ?? "", oninput: () => where.setCustomValidity("") });
  const find = make("input", { type: "search", dir: "auto", placeholder: text("map-find-example") });
  let points = [];

  async function load() {
    try {
      const filters = await filtersOf(where.value, signal);
      const found = await get("/api/map", { library: library.value, of: of.value, where: filters }, signal);
      remember({ library: library.value, of: of.value === "looks" ? null : of.value, where: where.value.trim() });
      points = side.points = found.points;
      map.show(points, library.value);
      side.show();
      told.textContent = !points.length ? text("map-nothing") : points.length < found.total
        ? text("map-sample", { count: points.length.toLocaleString(document.documentElement.lang), total: found.total.toLocaleString(document.documentElement.lang) })
        : counted("map-files", points.length);
    } catch (fault) {
      if (fault.constructor === Error && fault.name === "Error") {
        where.setCustomValidity(fault.message);
        where.reportValidity();
      } else tellRefused(fault, context);
    }
  }

  async function mark(event) {
    event?.preventDefault();
    try {
      if (!find.value.trim()) map.mark(null);
      else {
        const { hits } = await post("/api/search", { text: find.value, libraries: [library.value], group: "asset", top: 200, likely: true }, signal);
        const marked = new Set(hits.map((hit) => hit.asset_id));
        map.mark(marked);
        told.textContent = counted("map-marked", points.filter((point) => marked.has(point.asset_id)).length);
      }
    } catch (fault) {
      tellRefused(fault, context);
    }
  }

  for (const each of [of, library.field]) each.addEventListener("change", load);
  find.addEventListener("search", () => find.value || mark());
  map.element.setAttribute("aria-label", text("map-label"));
  map.element.setAttribute("aria-describedby", "map-keys");
  root.className = "working";
  root.append(make("p.lead", {}, text("map-lead")),
    make("div.beside", {}, library.element, labelled(text("map-near"), of),
      make("form", { onsubmit: (event) => { event.preventDefault(); load(); } }, labelled(text("wrk-filter"), where)),
      make("form", { onsubmit: mark }, labelled(text("map-find"), find))),
    told, make("div.mapped", {}, make("div.map-room", {}, tools(map), map.element, hoverCard(map, () => points, library)), side.element),
    make("p.keys-line", { id: "map-keys" }, text("map-keys")));
  map.addEventListener("open", ({ detail: place }) => { location.href = openAddress(library.value, points[place].moment_id); });
  await Promise.all([load(), checkMayTag(root, signal)]);
}

function tools(map) {
  const tool = (name) => make("button.chip", {
    type: "button", "aria-pressed": String(map.tool === name), onclick: (event) => {
      map.tool = name;
      for (const each of event.currentTarget.parentElement.querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", String(each === event.currentTarget));
      map.element.classList.toggle("moves", name === "move");
    },
  }, text(`map-${name}`));
  const act = (name, sign, press) => make("button.chip", { type: "button", title: text(name), "aria-label": text(name), onclick: press }, sign);
  return make("div.chips.map-tools", { role: "group", "aria-label": text("map-tools") }, tool("lasso"), tool("move"),
    act("map-in", "+", () => map.zoom(1.5)), act("map-out", "−", () => map.zoom(1 / 1.5)),
    act("map-whole", text("map-whole-short"), () => map.whole()), act("map-inside", text("map-inside-short"), () => map.chooseInside()));
}

/** What is under the pointer, large, beside it. */
function hoverCard(map, points, library) {
  const picture = make("img", { alt: "" });
  const name = make("span", { dir: "auto" });
  const card = make("div.hover-card", { hidden: true, "aria-hidden": "true" }, picture, name);
  map.addEventListener("hover", ({ detail }) => {
    card.hidden = !detail;
    if (!detail) return;
    const point = points()[detail.place];
    const address = pictureAt(library.value, point.moment_id, 320);
    if (picture.getAttribute("src") !== address) picture.src = address;
    name.textContent = shortName(point.path);
    const { clientWidth, clientHeight, offsetTop } = map.element;
    const [x, y] = detail.at;
    card.style.left = `${x > clientWidth / 2 ? Math.max(0, x - 236) : Math.min(clientWidth - 220, x + 16)}px`;
    card.style.top = `${offsetTop + Math.min(Math.max(0, y - 60), Math.max(0, clientHeight - 210))}px`;
  });
  return card;
}

/** The files that are chosen, and what can be done with them. */
class Selection {
  points = [];
  #map;
  #library;
  #context;
  #count = make("p.outlook", { role: "status" });
  #list = make("ul.chosen");
  #tag = make("input", { dir: "auto", required: true, placeholder: text("add-tag"), "aria-label": text("map-tag") });
  #acts = make("div.side-acts");
  #deed = new Deed();
  #give = make("button.go", { type: "submit" }, text("map-give"));

  constructor(map, library, context) {
    [this.#map, this.#library, this.#context] = [map, library, context];
    const clear = make("button.act-line", { type: "button", onclick: () => { map.choose([]); map.element.focus(); } }, text("map-clear"));
    const like = make("a.act-line", {
      href: "/", onclick: () => { like.href = this.#likeAddress(); }, onfocus: () => { like.href = this.#likeAddress(); },
    }, text("map-like"));
    this.#acts.append(make("form.applying", { onsubmit: (event) => { event.preventDefault(); this.#tagThem(); } }, this.#tag, this.#give), make("div.steps", {}, like, clear));
    this.element = make("section.map-side", { "aria-label": text("map-chosen") }, make("h3", {}, text("map-chosen")), this.#count, this.#acts, this.#deed.element, this.#list);
    map.addEventListener("select", () => this.show());
  }

  show() {
    const chosen = this.#chosen();
    this.#acts.hidden = !chosen.length;
    this.#count.textContent = chosen.length ? counted("map-count", chosen.length) : text("map-none");
    this.#list.replaceChildren(...chosen.slice(0, LISTED).map(([place, point]) => this.#row(place, point)));
    if (chosen.length > LISTED) this.#list.append(make("li", {}, text("map-more", { count: chosen.length - LISTED })));
  }

  #chosen() {
    return [...this.#map.selected].map((place) => [place, this.points[place]]);
  }

  #row(place, point) {
    const name = shortName(point.path);
    const leave = make("button.leave-out", {
      type: "button", "aria-label": text("map-leave", { name }), title: text("leave"), onclick: () => {
        const at = [...this.#list.children].indexOf(leave.parentElement);
        this.#map.choose([...this.#map.selected].filter((each) => each !== place));
        (this.#list.children[at] ?? this.#list.lastElementChild)?.querySelector("button")?.focus();
      },
    }, "×");
    return make("li", {}, make("a", { href: openAddress(this.#library.value, point.moment_id), "aria-label": text("wrk-open", { name }), title: name },
      make("img", { src: pictureAt(this.#library.value, point.moment_id, 160), alt: "", loading: "lazy" })), leave);
  }

  async #tagThem() {
    const { signal } = this.#context;
    const [tag, library, assets] = [this.#tag.value.trim(), this.#library.value, this.#chosen().map(([, point]) => point.asset_id)];
    if (!tag || !assets.length) return;
    this.#give.disabled = true;
    try {
      const { run, given } = await post("/api/tags", { library, assets, add: [tag] }, signal);
      const undo = run === null ? null : async () => {
        await undoRun(library, run, signal);
        return counted("cls-taken", given);
      };
      this.#deed.say(counted("cur-given", assets.length, { tag }), undo, tagAddress(tag));
    } catch (fault) {
      tellRefused(fault, this.#context);
    } finally {
      this.#give.disabled = false;
    }
  }

  /** A search for what is like the chosen ones: those nearest to their middle stand for them. */
  #likeAddress() {
    const chosen = this.#chosen().map(([, point]) => point);
    if (!chosen.length) return "/";
    const middle = (side) => chosen.reduce((sum, point) => sum + point[side], 0) / chosen.length;
    const [x, y] = [middle("x"), middle("y")];
    const far = (point) => Math.hypot(point.x - x, point.y - y);
    const asked = new URLSearchParams();
    for (const point of chosen.sort((a, b) => far(a) - far(b)).slice(0, EXAMPLES)) asked.append("like", `${point.moment_id}@${this.#library.value}`);
    return `/?${asked}`;
  }
}
