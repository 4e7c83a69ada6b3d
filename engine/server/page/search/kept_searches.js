// Searches that are kept: the last ones in this browser alone, and those with a name in the library,
// or, where the server takes no changes, in this browser as well.

import { get, post } from "../requests/api.js";

const RECENT = "sensorium.recent";
const OWN = "sensorium.saved";
const QUIET = "sensorium.keep-none";
const MOST = 12;

function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // The browser keeps nothing, or somebody wrote something else there.
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing is asked for nothing.
  }
}

/** The addresses of the last searches, the newest first. */
export function recent() {
  return read(RECENT).filter((address) => typeof address === "string").slice(0, MOST);
}

/** Are the last searches kept? */
export function keepsRecent() {
  return !read(QUIET).length;
}

/** Keep the last searches, or forget them and keep none. */
export function setKeepsRecent(keep) {
  write(QUIET, keep ? [] : [true]);
  if (!keep) forgetRecent();
}

export function forgetRecent() {
  write(RECENT, []);
}

/** Keep a search as the newest. What one typed on the way to it is left out. */
export function keepRecent(address) {
  if (!keepsRecent()) return;
  const text = wordsOf(address);
  const [last, ...before] = recent();
  const onTheWay = last !== undefined && text.startsWith(wordsOf(last)) && text !== "";
  write(RECENT, [address, ...(onTheWay ? before : recent())].filter((each, i, all) => all.indexOf(each) === i).slice(0, MOST));
}

/** What was typed in a search, as people know it again; empty where examples are all of it. */
export function wordsOf(address) {
  return new URLSearchParams(address).get("q")?.trim() ?? "";
}

/** The saved searches, as `{ name, address, library }`; without a library they are this browser's own. */
export async function saved() {
  const { searches } = await get("/api/searches").catch(() => ({ searches: [] }));
  return [...searches, ...read(OWN).filter((each) => typeof each?.name === "string" && typeof each?.address === "string")];
}

/** Save a search; the answer has no library where only this browser could keep it. */
export async function save(name, address) {
  try {
    return await post("/api/searches", { name, address: address.replace(/^\/?\?/, "") });
  } catch (fault) {
    if (fault.status !== 403) throw fault;
    const own = { name, address: address.replace(/^\/?\?/, "") };
    write(OWN, [...read(OWN).filter((each) => each.name !== name), own]);
    return own;
  }
}

/** Remove a saved search. */
export async function remove({ name, library }) {
  if (library === undefined) {
    write(OWN, read(OWN).filter((each) => each.name !== name));
    return;
  }
  const answer = await fetch(`/api/searches/${encodeURIComponent(name)}?library=${encodeURIComponent(library)}`, { method: "DELETE" });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error?.message ?? `HTTP ${answer.status}`);
}
