// Tags of many files, given and taken, and taken back. An album is a tag of one form.

import { post } from "../requests/api.js";
import { filesOf } from "./selection.js";

const ALBUM = "album:";

/** The tag of an album. */
export function albumTag(name) {
  return ALBUM + name.trim().replaceAll(/\s+/g, " ");
}

/** The name of the album that a tag is of; null for any other tag. */
export function albumName(tag) {
  return tag.startsWith(ALBUM) && tag.length > ALBUM.length ? tag.slice(ALBUM.length) : null;
}

/** A tag as a filter of a query; quotes, so that spaces and commas are its own. */
export function tagFilter(tag) {
  return `tag:"${tag.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Change tags of the files of hits; a run for each library is returned, which can be taken back. */
export function changeTags(hits, { add = [], remove = [] }) {
  return changeTagsOf(filesOf(hits), { add, remove });
}

/** Change tags of files: a map from the library to the numbers of its files. */
export async function changeTagsOf(files, { add = [], remove = [] }) {
  const runs = [];
  for (const [library, assets] of files) {
    const { run, given, taken } = await post("/api/tags", { library, assets, add, remove });
    runs.push({ library, run, given, taken });
  }
  return runs;
}

/** Take back what runs did, the last one first. */
export async function undoRuns(runs) {
  for (const { library, run } of [...runs].reverse()) {
    if (run === null) continue;
    const job = await post(`/api/runs/${run}/undo?wait=20`, { library });
    if (job.state === "failed") throw new Error(job.error?.message ?? "");
  }
}

/** What runs did to files, counted. */
export function countChanges(runs) {
  return runs.reduce((sum, { given, taken }) => sum + given + taken, 0);
}
