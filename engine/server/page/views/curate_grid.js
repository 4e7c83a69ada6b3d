// Findings that are no copies, as a grid with the reason of each; they are tagged, and that is taken back.

import { get, post } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { verdictWords } from "../texts/server_words.js";
import { shortName, text } from "../texts/texts.js";
import { counted, Deed, everyPage, openAddress, pictureAt, runJob, tagAddress, tellFault, toggles, undoRun } from "./working.js";

const STEP = 120; // Findings that are fetched and shown at a time.
const CHIPS = 16; // Verdicts that have a button each; more are a list to choose from.
const MOST = 10000; // Files that one request may tag.

/** Show the findings of a run in `root`, as far as one scrolls. */
export async function showGrid(root, { facts, library, signal, context, changed }) {
  const parts = await partsOf(facts, library, signal);
  const chosen = new Set();
  const [tiles, end, told, place, deed] = [make("div.found-tiles", { role: "list" }), make("div.end"), make("p.outlook", { "aria-live": "polite" }), make("div"), new Deed()];
  // What a file was found to be is a tag, but not that it belongs to a cluster: that gets a name.
  const named = facts.kind === "clusters";
  const tag = make("input", { dir: "auto", required: named, placeholder: text(named ? "add-tag" : "cur-tag-each"), "aria-label": text("cur-tag"), oninput: () => tell() });
  const apply = make("button.go", { type: "submit" }, text("cls-apply"));
  let [next, asked] = [0, 0];

  const wanted = () => ({ library, [named ? "group" : "verdict"]: [...chosen] });
  const more = async () => {
    const [own, skip] = [asked, next];
    if (skip === null) return;
    next = null; // Until it has come, no other is asked for.
    try {
      const page = await get(`/api/runs/${facts.run}`, { ...wanted(), skip, limit: STEP }, signal);
      if (own !== asked) return;
      if (!skip) tiles.replaceChildren();
      tiles.append(...page.page.map((each) => tileOf(each, library)));
      next = page.next;
      if (next !== null) { seen.unobserve(end); seen.observe(end); }
    } catch (fault) {
      if (own === asked) next = skip;
      context.fail(fault, () => own === asked && more());
    }
  };
  const seen = new IntersectionObserver((each) => each.some((one) => one.isIntersecting) && more(), { rootMargin: "800px" });
  const again = () => {
    [next, asked] = [0, asked + 1];
    tell();
    return more();
  };
  const tell = () => {
    const rows = parts.filter((each) => !chosen.size || chosen.has(each.key));
    const words = tag.value.trim() || (named ? "" : rows.map((each) => each.key).slice(0, 8).join(", "));
    const count = rows.reduce((sum, each) => sum + each.count, 0);
    told.textContent = words ? counted("cur-will", count, { tag: words }) : text("cur-name-tag");
  };

  async function give(event) {
    event.preventDefault();
    apply.disabled = true;
    try {
      if (named) return await giveNamed(tag.value.trim());
      const body = { action: "tag", library, ...(tag.value.trim() ? { tag: tag.value.trim() } : {}), ...(chosen.size ? { verdicts: [...chosen] } : {}) };
      const { result } = await runJob(place, `/api/runs/${facts.run}/apply`, body, signal);
      deed.say(counted("cls-given", result.done), undoing, tag.value.trim() ? tagAddress(tag.value.trim()) : null);
      await changed();
    } catch (fault) {
      tellFault(place, fault, context);
    } finally {
      apply.disabled = false;
    }
  }

  async function giveNamed(word) {
    const found = await everyPage(`/api/runs/${facts.run}`, { ...wanted(), limit: 1000 }, (page) => page.page, signal);
    const [assets, runs] = [found.map((each) => each.asset_id), []];
    for (let from = 0; from < assets.length; from += MOST) {
      const { run } = await post("/api/tags", { library, assets: assets.slice(from, from + MOST), add: [word] }, signal);
      if (run !== null) runs.push(run);
    }
    const undo = async () => {
      for (const run of runs) await undoRun(library, run, signal);
      await changed();
      return text("cur-taken");
    };
    deed.say(counted("cur-given", assets.length, { tag: word }), runs.length ? undo : null, tagAddress(word));
    await changed();
  }

  async function undoing() {
    const { result } = await undoRun(library, facts.run, signal);
    await changed();
    return [...(result?.lines ?? []), ...(result?.problems ?? [])].join(" · ");
  }

  root.append(chips(parts, chosen, again), make("form.applying", { onsubmit: give }, tag, apply, told), place, deed.element, tiles, end);
  if (facts.undo) deed.say(text("cur-was-done", { undo: facts.undo }), undoing);
  seen.observe(end);
  signal.addEventListener("abort", () => seen.disconnect());
  await again();
}

/** What tells findings apart, the most first: the cluster that each is in, and else what it was found to be. */
async function partsOf({ kind, run, verdicts }, library, signal) {
  if (kind !== "clusters") return Object.entries(verdicts).map(([key, count]) => ({ key, words: verdictWords(key), count })).sort((a, b) => b.count - a.count);
  const { groups } = await get(`/api/runs/${run}`, { library, groups: true, limit: 1 }, signal);
  return groups.map(({ group, findings, why }) => ({ key: String(group), words: /^cluster (\d+ \(.*\)), /.exec(why)?.[1] ?? String(group), count: findings }));
}

function chips(parts, chosen, change) {
  if (parts.length < 2) return "";
  if (parts.length > CHIPS) {
    const choice = make("select.chip", {
      "aria-label": text("cur-findings"), onchange: () => {
        chosen.clear();
        if (choice.selectedIndex) chosen.add(choice.value);
        change();
      },
    }, make("option", { value: "" }, text("cls-all")), ...parts.map(({ key, words, count }) => make("option", { value: key }, `${words} (${count})`)));
    return make("div.chips", {}, choice);
  }
  const words = new Map(parts.map((each) => [each.key, each.words]));
  const row = toggles(text("cur-findings"), [...words.keys()], chosen, change, (key) => make("span", { dir: "auto" }, words.get(key)));
  parts.forEach(({ count }, place) => row.children[place].append(" ", make("b", {}, count)));
  return row;
}

function tileOf(finding, library) {
  const name = shortName(finding.path);
  const picture = finding.moment_id === null ? make("span.no-picture", {}, name)
    : make("img", { src: pictureAt(library, finding.moment_id, 320), alt: "", loading: "lazy", decoding: "async" });
  const inside = [picture, make("b", { dir: "auto" }, name)];
  const head = finding.moment_id === null ? make("div.look", {}, ...inside)
    : make("a.look", { href: openAddress(library, finding.moment_id), "aria-label": text("wrk-open", { name }) }, ...inside);
  return make("div.found", { role: "listitem" }, head, make("p", {}, make("span.found-as", { dir: "auto" }, verdictWords(finding.verdict)), " ", make("span", { dir: "auto", lang: "en" }, finding.why)));
}
