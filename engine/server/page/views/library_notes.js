// What a person should know of a library, with what to do next; the worst first.

import { bytes, count } from "../elements/figures.js";
import { told, toldText } from "../texts/server_words.js";
import { text } from "../texts/texts.js";

const LITTLE = 1e9; // Bytes that are left on a disk which is as good as full.
const FULL = 0.9; // Of what a space is for: now and then something has no vector, such as a blank frame.

/** Notes on a library: `{ wrong, hint?, unread?, says, lines?, link?, command? }` each; `health` may not be known yet. */
export function notesOf(about, health, jobs) {
  return [
    ...damage(about, health), ...disk(about), ...cutOff(about, jobs), ...failures(about),
    ...unfinished(about), ...spaces(about), ...recall(about), ...rest(about, health), ...empty(about),
  ].sort((a, b) => weight(b) - weight(a));
}

const weight = ({ wrong, hint = false }) => 2 * Number(wrong) - Number(hint);
const indexing = (about, part = "") => `/?view=indexing&library=${encodeURIComponent(about.library)}${part}`;
const quoted = (path) => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
const command = (about, call) => `sensorium ${call} --library ${quoted(about.path)}`;

function damage(about, health) {
  const { problems = [], codes = [] } = health ?? {};
  // Files that wait for the next index have a note of their own.
  const found = problems.map((line, place) => ({ line, code: codes[place] })).filter(({ code }) => !(about.pending && code === "files_pending"));
  if (!found.length) return [];
  const lost = found.some(({ code }) => ["segment_lost", "segment_damaged"].includes(code));
  const lines = found.map(({ code, line }) => told(code, line));
  return [{ wrong: true, says: text(lost ? "note-lost" : "note-damage"), lines, command: command(about, lost ? "rebuild --forget-lost" : "verify --deep") }];
}

function disk(about) {
  if (about.free > LITTLE) return [];
  return [{ wrong: true, says: text("note-disk", { free: bytes(about.free) }) }];
}

function cutOff(about, jobs) {
  const [last] = jobs.filter((job) => ["index", "retry"].includes(job.kind));
  if (!last || !["interrupted", "failed", "cancelled"].includes(last.state)) return [];
  const to = indexing(about);
  const why = last.error ? toldText(last.error.code, last.error.message) : "";
  return [{ wrong: last.state === "failed", says: text(`note-${last.state}`, { why }), link: { to, says: text("note-go-on") } }];
}

function failures(about) {
  if (!about.failures) return [];
  return [{ wrong: false, unread: true, says: text("note-failures", { count: count(about.failures) }), link: { to: indexing(about), says: text("note-see-why") } }];
}

function unfinished(about) {
  const found = [];
  const link = { to: indexing(about), says: text("note-index") };
  if (about.pending) found.push({ wrong: false, says: text("note-pending", { count: count(about.pending) }), link });
  if (about.missing) found.push({ wrong: true, says: text("note-missing", { count: count(about.missing) }), link });
  if (about.unread) found.push({ wrong: false, hint: true, says: text("note-unread", { count: count(about.unread) }), command: "pip install 'sensorium[ocr]'" });
  return found;
}

function spaces(about) {
  const unfilled = about.spaces.filter((space) => space.state === "filling" || lacks(space, about));
  const beside = unfilled.filter((space) => space.role !== "text").map((space) => space.name);
  const found = unfilled.filter((space) => space.role === "text").map((space) => (
    { wrong: false, says: text("note-filling-text", { space: space.name }), command: command(about, `index --add-space ${quoted(space.encoder)}`) }));
  if (beside.length) found.push({ wrong: false, says: text("note-filling", { spaces: beside.join(", ") }), link: { to: indexing(about), says: text("note-index") } });
  return found;
}

/** Does a space beside the default lack much of what it is for? A later version brought it, or it was cut off. */
function lacks({ role, vectors }, { moments }) {
  if (role === "text") return false;
  const shares = Object.entries(vectors).map(([modality, number]) => number / (moments[modality] || number || 1));
  if (shares.length) return Math.min(...shares) < FULL;
  return role === "further" && Boolean(moments.image || moments.keyframe);
}

function recall(about) {
  const low = about.indexes.filter((index) => Math.min(...Object.values(index.recall)) < index.target);
  if (!low.length) return [];
  return [{ wrong: false, says: text("note-recall", { spaces: [...new Set(low.map((index) => index.space))].join(", ") }), command: command(about, "rebuild") }];
}

function rest(about, health) {
  const [found, quarantine] = [[], health?.quarantine ?? []];
  const held = Object.values(about.moments).reduce((sum, each) => sum + each, 0);
  if (about.tombstones > 100 && about.tombstones > held / 4) found.push({ wrong: false, says: text("note-deleted", { count: count(about.tombstones) }), command: command(about, "compact") });
  if (quarantine.length) found.push({ wrong: false, says: text("note-quarantine", { count: count(quarantine.length) }), lines: quarantine });
  if (about.warnings.length) found.push({ wrong: false, says: text("note-repaired"), lines: about.warnings });
  return found;
}

function empty(about) {
  if (Object.values(about.assets).some(Boolean)) return [];
  return [{ wrong: false, says: text("note-empty"), link: { to: indexing(about), says: text("view-indexing") } }];
}
