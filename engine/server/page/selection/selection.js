// What is selected, for every part of the page: the grid shows and changes it, the bar acts on it.

/** What tells one hit from all others, whichever search found it. */
export function keyOf({ moment_id, library }) {
  return `${moment_id}@${library}`;
}

/** The files of hits by their library, each once. */
export function filesOf(hits) {
  const files = new Map();
  for (const { library, asset_id } of hits) {
    if (!files.has(library)) files.set(library, new Set());
    files.get(library).add(asset_id);
  }
  return new Map([...files].map(([library, assets]) => [library, [...assets]]));
}

/** The files of hits, counted. */
export function countFiles(hits) {
  return [...filesOf(hits).values()].reduce((sum, assets) => sum + assets.length, 0);
}

class Selection extends EventTarget {
  #hits = new Map();

  get hits() {
    return [...this.#hits.values()];
  }

  get size() {
    return this.#hits.size;
  }

  has(hit) {
    return this.#hits.has(keyOf(hit));
  }

  set(hit, on) {
    if (on) this.add([hit]);
    else this.remove([hit]);
  }

  add(hits) {
    for (const hit of hits) this.#hits.set(keyOf(hit), hit);
    this.#tell();
  }

  remove(hits) {
    for (const hit of hits) this.#hits.delete(keyOf(hit));
    this.#tell();
  }

  /** Select these hits and no others. */
  put(hits) {
    this.#hits = new Map(hits.map((hit) => [keyOf(hit), hit]));
    this.#tell();
  }

  clear() {
    if (!this.size) return;
    this.#hits.clear();
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const selection = new Selection();

/**
 * Selects in a list as file managers do: a stretch goes from the hit that was selected last to the
 * one that is clicked with shift, and what was selected before that stays.
 */
export class Stretch {
  #anchor = null;
  #before = [];

  /** Begin anew, where other hits are shown. */
  forget() {
    this.#anchor = null;
  }

  toggle(hits, place) {
    selection.set(hits[place], !selection.has(hits[place]));
    this.#begin(place);
  }

  /** Select all from the anchor to a place; `from` is the anchor where there is none yet. */
  reach(hits, place, from = place) {
    if (this.#anchor === null || this.#anchor >= hits.length) this.#begin(from);
    const [first, last] = [Math.min(this.#anchor, place), Math.max(this.#anchor, place)];
    selection.put([...this.#before, ...hits.slice(first, last + 1)]);
  }

  #begin(place) {
    this.#anchor = place;
    this.#before = selection.hits;
  }
}
