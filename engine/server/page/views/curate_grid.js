// Findings that are no copies, as a grid with the reason of each; they are tagged, and that is taken back.

import { post } from "../requests/api.js";
import { make } from "../elements/elements.js";
import { verdictWords } from "../texts/server_words.js";
import { shortName, text } from "../texts/texts.js";
import { counted, Deed, openAddress, pictureAt, runJob, tagAddress, tellFault, toggles, undoRun } from "./working.js";

const STEP = 120; // Tiles that are made at a time.
const CHIPS = 16; // Verdicts that have a button each; more are a list to choose from.

/** Show the findings of a run in `root`. */
export async function showGrid(root, { facts, found, library, signal, context, changed }) {
  const groups = groupsOf(found);
  const chosen = new Set();
  const [tiles, end, told, place, deed] = [make("div.found-tiles", { role: "list" }), make("div.end"), make("p.outlook", { "aria-live": "polite" }), make("div"), new Deed()];
  // What a file was found to be is a tag, but not that it belongs to a cluster: that gets a name.
  const named = facts.kind === "clusters";
  const tag = make("input", { dir: "auto", required: named, placeholder: text(named ? "add-tag" : "cur-tag-each"), "aria-label": text("cur-tag"), oninput: () => tell() });
  const apply = make("button.go", { type: "submit" }, text("cls-apply"));
  let made = 0;

  const shown = () => found.filter((each) => !chosen.size || chosen.has(each.part));
  const more = () => {
    const rows = shown();
    for (const each of rows.slice(made, made + STEP)) tiles.append(tileOf(each, library));
    made = Math.min(rows.length, made + STEP);
    if (made < rows.length) { seen.unobserve(end); seen.observe(end); }
  };
  const seen = new IntersectionObserver((each) => each.some((one) => one.isIntersecting) && more(), { rootMargin: "800px" });
  const again = () => { tiles.replaceChildren(); made = 0; more(); tell(); };
  const tell = () => {
    const rows = shown();
    const words = tag.value.trim() || (named ? "" : [...new Set(rows.map((each) => each.verdict))].slice(0, 8).join(", "));
    told.textContent = words ? counted("cur-will", rows.length, { tag: words }) : text("cur-name-tag");
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
    const assets = shown().map((each) => each.asset_id);
    const { run } = await post("/api/tags", { library, assets, add: [word] }, signal);
    const undo = async () => {
      await undoRun(library, run, signal);
      await changed();
      return text("cur-taken");
    };
    deed.say(counted("cur-given", assets.length, { tag: word }), run === null ? null : undo, tagAddress(word));
    await changed();
  }

  async function undoing() {
    const { result } = await undoRun(library, facts.run, signal);
    await changed();
    return [...(result?.lines ?? []), ...(result?.problems ?? [])].join(" · ");
  }

  root.append(chips(groups, chosen, again), make("form.applying", { onsubmit: give }, tag, apply, told), place, deed.element, tiles, end);
  if (facts.undo) deed.say(text("cur-was-done", { undo: facts.undo }), undoing);
  seen.observe(end);
  signal.addEventListener("abort", () => seen.disconnect());
  again();
}

/** Findings by what tells them apart, the most first. */
function groupsOf(found) {
  const counts = new Map();
  for (const each of found) counts.set(each.part, (counts.get(each.part) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function chips(groups, chosen, change) {
  if (groups.length < 2) return "";
  if (groups.length > CHIPS) {
    const choice = make("select.chip", {
      "aria-label": text("cur-findings"), onchange: () => {
        chosen.clear();
        if (choice.selectedIndex) chosen.add(choice.value);
        change();
      },
    }, make("option", { value: "" }, text("cls-all")), ...groups.map(([verdict, count]) => make("option", { value: verdict }, `${verdictWords(verdict)} (${count})`)));
    return make("div.chips", {}, choice);
  }
  const row = toggles(text("cur-findings"), groups.map(([verdict]) => verdict), chosen, change, (verdict) => make("span", { dir: "auto" }, verdictWords(verdict)));
  groups.forEach(([, count], place) => row.children[place].append(" ", make("b", {}, count)));
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
