// Where a search was scrolled to, so that Back and a reload lead to the same place.

const MOST = 12;
const STORED = "scrolled";

export class ScrollMemory {
  #kept = new Map();

  /** Keep what is shown of a search: its hits, where their next page is, and the scroll. */
  keep(address, shown) {
    this.#kept.delete(address);
    this.#kept.set(address, { ...shown, scroll: scrollY });
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value);
  }

  /** What was kept of a search, once. */
  take(address) {
    const found = this.#kept.get(address) ?? null;
    this.#kept.delete(address);
    return found;
  }

  /** Leave a note for this page as it is loaded again. */
  leaveNote(address, count) {
    try {
      sessionStorage.setItem(STORED, JSON.stringify({ address, count, scroll: scrollY }));
    } catch {
      // A browser that keeps nothing scrolls to the top.
    }
  }

  /** The note of the page before, where it was of this address. */
  readNote(address) {
    try {
      const note = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
      sessionStorage.removeItem(STORED);
      return note?.address === address ? note : null;
    } catch {
      return null;
    }
  }
}
