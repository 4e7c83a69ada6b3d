// What the page does: the search in the address, asked while it is typed, shown, opened.

import "./search/box.js";
import "./hits/grid.js";
import "./viewer/viewer.js";
import { findHits, get, ServerFault } from "./requests/api.js";
import { button, make } from "./elements/elements.js";
import { wordsOf } from "./requests/connection.js";
import { Outages } from "./requests/outages.js";
import { makePage } from "./elements/page_dialog.js";
import { keepRecent } from "./search/kept_searches.js";
import { ScrollMemory } from "./hits/scroll_memory.js";
import { asksNothing, emptySearch, fromAddress, openedFrom, toAddress } from "./search/search.js";
import { selection } from "./selection/selection.js";
import { SELECTION_KEYS } from "./selection/selection_bar.js";
import { loadTexts, text } from "./texts/texts.js";
import { viewFrom, Views } from "./views/views.js";

const PAUSE = 60; // Milliseconds between two questions: letters that come sooner are asked as one.
const box = document.querySelector("search-box");
const grid = document.querySelector("moment-grid");
const viewer = document.querySelector("moment-viewer");
const status = document.querySelector(".status");

const outages = new Outages(status);
const views = new Views(fail, outages);
const memory = new ScrollMemory();
let search = fromAddress(location.search);
let answered = null; // The address of the search whose hits are shown.
let asked = null;
let [timer, lastAsked] = [0, -PAUSE];
let [next, loading] = [null, false];
let writing = 0; // Of the address, which a letter's hits come before.
let left = null; // How things were when the search was left for a view.

/** Ask for hits; only the newest question is answered. */
function ask() {
  return (box.answered = answer());
}

async function answer() {
  lastAsked = performance.now();
  asked?.abort();
  outages.end();
  const own = (asked = new AbortController());
  next = null;
  answered = null; // What is shown is not of this search yet, nor at the place of the one before.
  const arrived = outages.expect();
  own.signal.addEventListener("abort", arrived);
  try {
    if (asksNothing(search)) await showAll(own.signal);
    else await showHits(own.signal);
  } catch (fault) {
    fail(fault, ask);
    if (own === asked) grid.goOn();
  } finally {
    arrived();
  }
}

async function showHits(signal) {
  const begun = performance.now();
  const page = await findHits(search, null, signal);
  next = page.next ?? null;
  answered = toAddress(search);
  grid.show(page.hits);
  tell(page, Math.round(performance.now() - begun));
}

async function more() {
  if (!next || loading) return;
  loading = true;
  const own = asked;
  try {
    const page = asksNothing(search) ? await files(next, own.signal) : await findHits(search, next, own.signal);
    if (own !== asked) return;
    next = page.next ?? null;
    grid.show([...grid.hits, ...page.hits], { further: true });
  } catch (fault) {
    fail(fault, () => own === asked && more());
  } finally {
    loading = false;
  }
}

/** Without a search, the files themselves, the newest first. */
async function showAll(signal) {
  const page = await files(0, signal);
  next = page.next;
  answered = toAddress(search);
  grid.show(page.hits);
  status.textContent = text("all", { count: page.total.toLocaleString(document.documentElement.lang) });
}

async function files(skip, signal) {
  const limit = 100;
  const { assets, total } = await get("/api/assets", { kind: search.kinds, sort: "date", skip, limit }, signal);
  const hits = assets.filter((asset) => asset.first_moment !== null).map((asset) => ({
    ...asset, moment_id: asset.first_moment, file: asset, why: [], more: 0, start: null, end: null,
    confidence: 1, likely: true, modality: asset.kind,
  }));
  return { hits, total, next: skip + limit < total ? skip + limit : null };
}

function tell(page, ms) {
  const likely = page.hits.some((hit) => hit.likely);
  const name = !page.hits.length ? "nothing" : !likely ? "nothing-likely" : page.hits.length === 1 ? "found-one" : page.next ? "found-more" : "found";
  status.replaceChildren(text(name, { count: page.hits.length, ms }), ...notes(page.notes ?? []), ...askInstead(), ...lessonOf());
}

/** What reads like a question can be asked as one. */
function askInstead() {
  if (!/[?\uff1f]\s*$/.test(search.text)) return [];
  return [" · ", make("a.asks-it", { href: `/?${new URLSearchParams({ view: "ask", q: search.text.trim() })}` }, text("ask-instead"))];
}

/** A lesson can be made of what is searched for by words. */
function lessonOf() {
  const topic = search.text.trim();
  if (!/\p{L}{2}/u.test(topic) || topic.length > 300) return [];
  return [" · ", button(text("lesson-act"), () => makePage("lesson", "/api/lessons", { topic }), { className: "lesson" }, text("lesson"))];
}

/** What else is to be said, behind a word on the same line: a line of its own would move the hits. */
function notes(all) {
  if (!all.length) return [];
  return [" · ", make("details.notes", {}, make("summary", {}, text("notes", { count: all.length })), ...all.map((note) => make("p", { dir: "auto" }, note)))];
}

/** Tell of a fault; `again` is done once the server is there again, or a token was given. */
function fail(fault, again = null) {
  if (fault.name === "AbortError") return;
  if (outages.tell(fault, again)) return;
  if (!(fault instanceof ServerFault)) console.error(fault);
  if (fault.code === "query_syntax") status.textContent = "";  // The box underlines it.
  else status.textContent = fault.code === "only_less" ? text("only-less") : wordsOf(fault);
}

/** Write the address while the browser has nothing else to do. */
function rememberSoon() {
  writing ||= requestIdleCallback(() => remember(), { timeout: 500 });
}

/** Write it at once where that is still to be done, as before another is gone to. */
function rememberNow() {
  if (writing) remember();
}

function remember(push = false) {
  cancelIdleCallback(writing);
  writing = 0;
  if (viewFrom(location.search)) return; // What is opened above a view leaves its address alone.
  const address = toAddress(search, viewer.opened);
  if (address === (location.search || "/")) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

/** Keep the search of now among the last ones: it was settled on. */
function keep() {
  if (!asksNothing(search) && !search.upload) keepRecent(toAddress(search));
}

function keepPlace() {
  if (answered && !grid.hidden) memory.keep(answered, { hits: grid.hits, next, told: [...status.childNodes] });
}

function change(to, push) {
  rememberNow();
  if (viewFrom(location.search)) {
    history.pushState(null, "", toAddress(to));
    go();
    return;
  }
  if (push) keepPlace();
  search = to;
  box.show(search);
  scrollTo(0, 0);
  remember(push);
  ask();
}

function open(hit, further = false) {
  const push = further || !viewer.opened;
  rememberNow();
  viewer.open(hit, search);
  remember(push);
}

function example(sign) {
  return ({ detail: { hit, region = null } }) => {
    const others = search.examples.filter((each) => each.moment !== hit.moment_id || each.library !== hit.library);
    if (viewer.opened) viewer.close();
    const words = sign > 0 && !search.examples.length ? "" : search.text;
    change({ ...search, text: words, examples: [...others, { moment: hit.moment_id, library: hit.library, sign, region }].slice(-8) }, true);
  };
}

function step(by) {
  return ({ detail: { hit } }) => {
    const here = grid.hits.findIndex((each) => each.moment_id === hit.moment_id && each.library === hit.library);
    if (here < 0) return; // It was opened from the row of what is similar.
    const place = here + by;
    if (grid.hits[place]) open(grid.hits[place]);
    if (place >= grid.hits.length - 3) more();
  };
}

function showKeys() {
  const dialog = document.querySelector("dialog.help");
  const keys = { "/": "key-search", "← → ↑ ↓": "key-move", Enter: "key-open", m: "key-more", l: "key-less", Esc: "key-back", ...SELECTION_KEYS, "?": "key-help" };
  dialog.replaceChildren(make("h2", { id: "help-title" }, text("help")),
    make("dl", {}, ...Object.entries(keys).flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text(what))])),
    button(text("close"), () => dialog.close()));
  dialog.showModal();
}

async function openFromAddress() {
  const wanted = openedFrom(location.search);
  if (!wanted) return viewer.opened && viewer.close();
  const there = grid.hits.find((hit) => hit.moment_id === wanted.moment_id && hit.library === wanted.library);
  if (there) return viewer.open(there, search);
  try {
    const moment = await get(`/api/moments/${wanted.moment_id}`, { library: wanted.library });
    const file = await get(`/api/assets/${moment.asset_id}`, { library: wanted.library });
    viewer.open({ ...moment, file, why: [], more: 0, confidence: 1, likely: true }, search);
  } catch (fault) {
    fail(fault, openFromAddress);
  }
}

await loadTexts();
views.build();
box.build(search);
const bar = document.querySelector("selection-bar");
bar.build(grid);
bar.addEventListener("ask", ({ detail }) => change({ ...emptySearch(), text: detail.text }, true));
box.addEventListener("ask", ({ detail }) => {
  if (detail.settled) keepPlace();
  search = detail.search;
  if (detail.settled) {
    remember(true);
    keep();
  } else rememberSoon();
  clearTimeout(timer);
  grid.stopLoading();
  const pause = detail.settled ? 0 : lastAsked + PAUSE - performance.now();
  if (pause > 0) timer = setTimeout(ask, pause);
  else ask();
});
box.addEventListener("go", ({ detail }) => {
  change(fromAddress(detail.address), true);
  keep();
});
box.addEventListener("change", keep);
box.addEventListener("leave", () => grid.focusOn(0));
grid.addEventListener("end", more);
grid.addEventListener("openhit", ({ detail }) => {
  keep(); // Whoever opens by touch or by a screen reader may never have left the box.
  open(detail.hit);
});
for (const [type, sign] of [["more", 1], ["less", -1]]) {
  grid.addEventListener(type, example(sign));
  viewer.addEventListener(type, example(sign));
}
viewer.addEventListener("after", step(1));
viewer.addEventListener("before", step(-1));
viewer.addEventListener("openhit", ({ detail }) => open(detail.hit, true));
viewer.addEventListener("words", ({ detail }) => {
  viewer.close();
  change({ ...emptySearch(), text: detail.words }, true);
});
addEventListener("openmoment", ({ detail }) => viewer.open(detail.hit, emptySearch()));
viewer.addEventListener("closed", ({ detail }) => {
  if (viewFrom(location.search)) return;
  remember();
  grid.focusOn(grid.hits.findIndex((each) => each.moment_id === detail.hit.moment_id && each.library === detail.hit.library));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("nav.views a, h1 a, a.asks-it, .view a[href^='/?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  rememberNow();
  keepPlace();
  history.pushState(null, "", link.getAttribute("href"));
  go();
});
history.scrollRestoration = "manual"; // The hits are not there yet when a browser would scroll.
addEventListener("popstate", () => {
  keepPlace();
  go();
});
// Where a picture cannot be had, its place stays empty: a browser would draw a torn one.
document.addEventListener("error", ({ target }) => target.matches?.("img") && target.classList.add("missing"), true);
document.addEventListener("load", ({ target }) => target.matches?.("img.missing") && target.classList.remove("missing"), true);
addEventListener("pagehide", () => answered && memory.leaveNote(answered, grid.hits.length));

/** Go where the address says. */
async function go() {
  const fromView = grid.hidden;
  outages.end();
  if (viewFrom(location.search)) left ??= leave();
  else if (left) status.replaceChildren(...left.told);
  if (viewFrom(location.search)) status.textContent = "";
  if (await views.show(location.search)) return;
  const [before, was] = [toAddress(search), left];
  left = null;
  search = fromAddress(location.search);
  box.show(search);
  const kept = toAddress(search) !== before || fromView ? memory.take(toAddress(search)) : null;
  if (toAddress(search) !== before && kept) showAgain(kept);
  else if (toAddress(search) !== before || !grid.hits.length || (was && !(await isSame(was)))) await ask();
  else if (kept) scrollTo(0, kept.scroll);
  await openFromAddress();
}

/** Keep what the search shows while a view is there: its hits are right until something changes. */
function leave() {
  const answered = !outages.expecting;
  asked?.abort();
  return { told: [...status.childNodes], found: answered ? foundNow() : Promise.resolve(null) };
}

async function isSame({ found }) {
  const before = await found;
  return before !== null && before === (await foundNow());
}

/** Something that changes with every change to what can be found; null where it is not known. */
function foundNow() {
  return get("/api/libraries").then(({ libraries }) => String(libraries.map((each) => each.generation)), () => null);
}

/** Show the hits of a search that was left, as they were. */
function showAgain(kept) {
  asked?.abort();
  asked = new AbortController();
  next = kept.next;
  answered = toAddress(search);
  status.replaceChildren(...kept.told);
  grid.show(kept.hits);
  scrollTo(0, kept.scroll);
}

/** After a reload, the pages down to where the window was. */
async function scrollBack() {
  const note = memory.readNote(answered);
  if (!note?.scroll) return;
  while (next && grid.hits.length < Math.min(note.count, 3000)) {
    if (loading) await new Promise(requestAnimationFrame);
    else await more();
  }
  scrollTo(0, note.scroll);
}
addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "/") {
    event.preventDefault();
    box.focusInput();
  } else if (event.key === "Escape") selection.clear();
  else if (event.key === "?") showKeys();
});
if (!(await views.show(location.search))) {
  await ask();
  await scrollBack();
  await openFromAddress();
}
document.documentElement.dataset.ready = "yes";
