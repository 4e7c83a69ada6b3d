// Groups of copies, side by side: one is kept and the others are tagged, by one key each.

import { get, post } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { bytes } from "../elements/figures.js";
import { toast } from "../elements/toast.js";
import { offerUndo } from "../elements/undo.js";
import { clock, day, shortName, text } from "../texts/texts.js";
import { counted, Deed, openAddress, pictureAt, tagAddress, tellRefused, undoRun } from "./working.js";

const TAGS = { leaks: "leak" };
const STAYS = new Set(["keeper", "held"]);
const MOST = 10000; // Files that one request may tag.
const PAGE = 500; // Findings that are fetched at a time.

/** Show the groups of a run in `root`; `begin` of what is returned looks anew which are decided. */
export async function showGroups(root, shown) {
  const groups = new CopyGroups(shown);
  root.append(groups.element);
  await groups.begin();
  return groups;
}

class CopyGroups {
  #shown;
  #groups = [];
  #next = 0; // Where the findings go on that were not fetched yet; null where all are here.
  #cut = []; // Those of a group that may go on in the next page.
  #tagged = new Set();
  #at = 0;
  #decided = new Map();
  #history = [];
  #facts = new Map();
  #keep = [];
  #alone;
  #busy = false;
  #looking = null; // For what has the tag that was typed, which says what is decided.
  #tag;
  #left = make("p.left", { role: "status" });
  #bar = make("progress", { "aria-label": text("cur-progress") });
  #cards = make("div.copies", { role: "group" });
  #said = new Deed();
  #rest = make("button.act-line", { type: "button", onclick: () => this.#acceptRest() });

  constructor(shown) {
    this.#shown = shown;
    // Of copies one stays; of a leak, all that lie in the part that stays.
    this.#alone = shown.facts.kind !== "leaks";
    this.#tag = make("input", { value: TAGS[shown.facts.kind] ?? "duplicate", required: true, dir: "auto", onchange: () => this.#lookAgain() });
    const act = (name, press, key) => make("button.act-line", { type: "button", onclick: press }, text(name), " ", make("kbd", {}, key));
    this.element = make("div.groups", {},
      make("div.applying", {}, make("label", {}, text("cur-others-get"), " ", this.#tag), this.#rest),
      make("div.deciding", {}, this.#bar, this.#left),
      this.#cards,
      make("div.steps", {}, act("cur-back", () => this.#go(-1), "←"),
        make("button.go", { type: "button", onclick: () => this.#accept() }, text("cur-accept"), " ", make("kbd", {}, "Enter")),
        act("cur-skip", () => this.#go(1), "→"), act("wrk-undo", () => this.#undo(), "u")),
      this.#said.element, make("p.keys-line", {}, text("cur-keys")));
    document.addEventListener("keydown", (event) => this.#key(event), { signal: shown.signal });
  }

  async begin() {
    await this.#begun();
  }

  #lookAgain() {
    this.#looking = this.#begun().catch((fault) => tellRefused(fault, this.#shown.context));
  }

  /** Which groups are decided already, by the tag that the others have; the first that is not is shown. */
  async #begun() {
    const { library, signal } = this.#shown;
    const tag = this.#tag.value.trim();
    if (!tag) return;
    const where = `tags has "${tag.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
    this.#tagged = new Set();
    for (let skip = 0, total = 1; skip < total; skip += PAGE) {
      const page = await get("/api/assets", { library, where, sort: "path", skip, limit: PAGE }, signal);
      page.assets.forEach((each) => this.#tagged.add(each.asset_id));
      total = page.total;
    }
    this.#decided.clear();
    this.#groups.forEach((_, group) => this.#decide(group));
    const open = () => this.#groups.findIndex((_, group) => !this.#decided.has(group));
    while (open() < 0 && this.#next !== null) await this.#fetch();
    this.#at = Math.max(0, open());
    await this.#show();
    this.#fetchRest();
  }

  #decide(group) {
    const members = this.#groups[group];
    const free = [...members.keys()].filter((place) => !this.#tagged.has(members[place].asset_id));
    const decided = free.length < members.length && (this.#alone ? free.length === 1 : free.every((place) => STAYS.has(members[place].verdict)));
    if (!decided) return;
    this.#keep[group] = new Set(free);
    this.#decided.set(group, null);
  }

  /** Fetch a further page of findings; its last group may go on in the one after it. */
  async #fetch() {
    const { facts, library, signal } = this.#shown;
    const from = this.#next;
    const { page, next } = await get(`/api/runs/${facts.run}`, { library, skip: from, limit: PAGE }, signal);
    if (from !== this.#next) return; // It was fetched twice.
    const groups = [...Map.groupBy([...this.#cut, ...page], (each) => each.group).values()];
    this.#cut = next === null ? [] : groups.pop();
    this.#next = next;
    for (const members of groups) {
      members.sort((a, b) => STAYS.has(b.verdict) - STAYS.has(a.verdict));
      this.#groups.push(members);
      this.#keep.push(new Set(this.#alone ? [0] : [...members.keys()].filter((place) => STAYS.has(members[place].verdict))));
      this.#decide(this.#groups.length - 1);
    }
  }

  /** Fetch what is left while the first groups are looked at. */
  async #fetchRest() {
    try {
      while (this.#next !== null) {
        await this.#fetch();
        this.#tell();
      }
    } catch (fault) {
      this.#shown.context.fail(fault, () => this.#fetchRest());
    }
  }

  async #factsOf(finding) {
    const { library, signal } = this.#shown;
    if (!this.#facts.has(finding.asset_id)) {
      this.#facts.set(finding.asset_id, get(`/api/assets/${finding.asset_id}`, { library }, signal).catch((fault) => {
        this.#facts.delete(finding.asset_id);
        if (fault.name === "AbortError") throw fault;
        return null; // It is gone; its name is shown still.
      }));
    }
    return this.#facts.get(finding.asset_id);
  }

  async #show() {
    const at = this.#at;
    const members = this.#groups[at];
    const facts = await Promise.all(members.map((each) => this.#factsOf(each)));
    if (at !== this.#at) return; // Another group was gone to meanwhile.
    this.#cards.setAttribute("aria-label", text("cur-group", { group: at + 1, groups: this.#shown.facts.grouped }));
    const best = { pixels: Math.max(...facts.map(pixelsOf)), size: Math.max(...facts.map((each) => each?.size ?? 0)) };
    const had = this.#cards.contains(document.activeElement);
    this.#cards.replaceChildren(...members.map((each, place) => this.#card(each, facts[place], place, best)));
    this.#tell();
    // Keys go on where what had the focus is not there any more.
    if (had || document.activeElement === document.body) this.#room.focus({ preventScroll: true });
    const next = this.#groups[at + 1];
    next?.forEach((each) => this.#factsOf(each).then((fact) => fact?.first_moment && (new Image().src = this.#picture(each, fact))).catch(() => {}));
  }

  get #room() {
    return this.element.closest(".findings");
  }

  #picture(finding, facts) {
    return pictureAt(this.#shown.library, finding.moment_id ?? facts.first_moment, 640);
  }

  #card(finding, facts, place, best) {
    const kept = this.#keep[this.#at].has(place);
    const name = shortName(finding.path);
    const list = make("dl");
    const fact = (key, value, good = false) => value && list.append(make("dt", {}, text(key)), make(good ? "dd.best" : "dd", { dir: "auto" }, value));
    if (facts) {
      fact("size", bytes(facts.size), facts.size === best.size);
      fact("cur-pixels", facts.width ? `${facts.width} × ${facts.height}` : "", pixelsOf(facts) === best.pixels);
      fact("length", facts.duration ? clock(facts.duration) : "");
      fact("date", day(facts.date));
    }
    fact("file", finding.path);
    fact("cur-why", finding.why);
    list.lastElementChild.lang = "en"; // Sentences of the server are.
    const key = place < 9 ? make("kbd", {}, place + 1) : null;
    return make(`article.copy${kept ? ".kept" : ""}`, {}, make("div.look", {}, ...[facts ? this.#media(finding, facts, name) : make("p", {}, text("cur-gone"))].flat()),
      make("button.keep", { type: "button", "aria-pressed": String(kept), "aria-label": text("cur-keep-this", { place: place + 1, name }), onclick: () => this.#choose(place) },
        key, " ", text(kept ? "cur-kept" : "cur-tagged")), list);
  }

  #media(finding, facts, name) {
    const moment = finding.moment_id ?? facts.first_moment;
    if (facts.kind === "audio") {
      return [moment === null ? null : make("img", { src: this.#picture(finding, facts), alt: "" }),
        make("audio", { src: facts.media, controls: true, preload: "metadata", "aria-label": name })];
    }
    if (facts.kind === "video") return make("video", { src: facts.media, controls: true, preload: "metadata", poster: moment === null ? "" : this.#picture(finding, facts), "aria-label": name });
    return make("a", { href: openAddress(this.#shown.library, moment), "aria-label": text("wrk-open", { name }) }, make("img", { src: this.#picture(finding, facts), alt: "" }));
  }

  #tell() {
    const length = this.#shown.facts.grouped;
    const left = length - this.#decided.size;
    [this.#bar.max, this.#bar.value] = [length, length - left];
    const state = this.#decided.has(this.#at) ? text("cur-is-decided") : "";
    const all = this.#next === null;
    const told = left ? all && counted("cur-left", left) : text("cur-none-left");
    this.#left.textContent = [text("cur-group", { group: this.#at + 1, groups: length }), told, state].filter(Boolean).join(" · ");
    const others = this.#undecided().flatMap((group) => this.#others(group)).length;
    this.#rest.hidden = !left || !all;
    this.#rest.textContent = counted("cur-accept-rest", others, { groups: left });
  }

  #undecided() {
    return this.#groups.map((_, group) => group).filter((group) => !this.#decided.has(group));
  }

  #others(group) {
    return this.#groups[group].filter((_, place) => !this.#keep[group].has(place)).map((each) => each.asset_id);
  }

  #choose(place) {
    if (place >= this.#groups[this.#at].length) return;
    if (this.#decided.has(this.#at)) return this.#said.say(text("cur-undo-first"));
    const keep = this.#keep[this.#at];
    if (this.#alone) keep.clear();
    if (!keep.delete(place) || !keep.size) keep.add(place);
    const had = this.#cards.contains(document.activeElement);
    [...this.#cards.children].forEach((card, i) => {
      const pressed = card.querySelector(".keep");
      card.classList.toggle("kept", keep.has(i));
      pressed.setAttribute("aria-pressed", String(keep.has(i)));
      pressed.lastChild.textContent = text(keep.has(i) ? "cur-kept" : "cur-tagged");
    });
    if (had) this.#cards.children[place].querySelector(".keep").focus();
  }

  #go(step) {
    this.#at = (this.#at + step + this.#groups.length) % this.#groups.length;
    return this.#show().catch((fault) => tellRefused(fault, this.#shown.context));
  }

  /** Tag the others of this group, and go to the next that is not decided. */
  async #accept() {
    const group = this.#at;
    await this.#looking;
    if (this.#decided.has(group)) return group === this.#at ? this.#go(1) : null; // Another is shown already.
    if (!this.#others(group).length) return this.#go(1);
    await this.#give([group], this.#others(group));
    if (!this.#decided.has(group)) return;
    const left = this.#undecided();
    this.#at = left.find((each) => each > group) ?? left[0] ?? group;
    await this.#show();
  }

  async #acceptRest() {
    await this.#looking;
    const groups = this.#undecided();
    await this.#give(groups, groups.flatMap((group) => this.#others(group)));
    await this.#show();
  }

  async #give(groups, assets) {
    const { library, signal, context, changed } = this.#shown;
    const tag = this.#tag.value.trim();
    if (this.#busy || !this.#tag.reportValidity()) return;
    this.#busy = true;
    try {
      const runs = [];
      for (let from = 0; from < assets.length; from += MOST) {
        const { run } = await post("/api/tags", { library, assets: assets.slice(from, from + MOST), add: [tag] }, signal);
        if (run !== null) runs.push(run);
      }
      groups.forEach((group) => this.#decided.set(group, runs));
      this.#history.push({ groups, runs, withdraw: offerUndo(this.element, () => this.#undo(true)) });
      this.#said.say(counted("cur-given", assets.length, { tag }), null, tagAddress(tag));
      await changed();
    } catch (fault) {
      tellRefused(fault, context);
    } finally {
      this.#busy = false;
    }
  }

  /** Take the last decision back, and show its group; `byKey` is Ctrl+Z, from anywhere in the view. */
  async #undo(byKey = false) {
    const last = this.#history.at(-1);
    if (!last || this.#busy) return this.#said.say(text("cur-nothing-to-undo"));
    const { library, signal, context, changed } = this.#shown;
    this.#busy = true;
    try {
      for (const run of last.runs) await undoRun(library, run, signal);
      this.#history.pop().withdraw();
      last.groups.forEach((group) => this.#decided.delete(group));
      this.#at = last.groups[0];
      this.#said.say(text("cur-taken"));
      if (byKey) toast(text("cur-taken"));
      await changed();
      await this.#show();
    } catch (fault) {
      if (byKey) last.withdraw = offerUndo(this.element, () => this.#undo(true));
      tellRefused(fault, context);
    } finally {
      this.#busy = false;
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (!this.#room.contains(event.target) || event.target.matches("input, select, textarea, video, audio, a")) return;
    const pressed = event.target.closest?.("button");
    // Enter on a button is that button's; on the one that is kept already it accepts.
    if (event.key === "Enter" && pressed && !(pressed.matches(".keep[aria-pressed=true]"))) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) this.#go(step);
    else if (/^[1-9]$/.test(event.key)) this.#choose(Number(event.key) - 1);
    else if (event.key === "Enter") this.#accept();
    else if (event.key === "u") this.#undo();
    else return;
    event.preventDefault();
  }
}

function pixelsOf(facts) {
  return (facts?.width ?? 0) * (facts?.height ?? 0);
}
