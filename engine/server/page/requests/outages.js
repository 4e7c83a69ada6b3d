// What stands between the page and its server: it is slow, away, or asks for a token.

import { TOKEN_WANTED } from "./api.js";
import { answersAgain, isLost } from "./connection.js";
import { button, make } from "../elements/elements.js";
import { text } from "../texts/texts.js";

const TYPING = 5000; // Milliseconds after a letter in which one may be in the middle of a word.
const SLOW = 700; // Milliseconds after which one wonders whether anything happens.

/** Tells of it in the line of the status, and does again what failed once the way is free. */
export class Outages {
  #status;
  #looking = null;
  #again = new Set();
  #form = null;
  #typedAt = -Infinity;
  /** Answers that are waited for. */
  expecting = 0;

  constructor(status) {
    this.#status = status;
    addEventListener("input", (event) => { if (!this.#form?.contains(event.target)) this.#typedAt = performance.now(); });
    addEventListener(TOKEN_WANTED, () => this.#askForToken(null));
  }

  /** Something else is asked now: what failed before need not be done again. */
  end() {
    this.#looking?.abort();
    this.#looking = null;
    if (!this.#form?.isConnected) this.#again.clear();
  }

  /** An answer is waited for; where it takes long, that is said, until what is returned is called. */
  expect() {
    this.expecting += 1;
    const timer = setTimeout(() => {
      if (!this.#form?.isConnected) this.#status.textContent = text("slow");
    }, SLOW);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.expecting -= 1;
      clearTimeout(timer);
      if (this.#status.textContent === text("slow")) this.#status.textContent = "";
    };
  }

  /** Tell of a fault that has nothing to do with what was asked; false where it has. */
  tell(fault, again) {
    if (fault.status === 401) this.#askForToken(again);
    else if (isLost(fault)) this.#look(again);
    else return false;
    return true;
  }

  async #look(again) {
    if (again) this.#again.add(again);
    if (this.#looking) return;
    const own = (this.#looking = new AbortController());
    const now = button(text("try-now"), () => dispatchEvent(new Event("online")), { className: "do" });
    this.#status.replaceChildren(text("away"), " ", now);
    try {
      await answersAgain(own.signal);
      this.#looking = null;
      this.#freed();
    } catch {
      // Something else was asked meanwhile.
    }
  }

  #freed() {
    this.#form?.closest("dialog")?.close();
    this.#form = null;
    this.#status.textContent = "";
    const again = [...this.#again];
    this.#again.clear();
    for (const each of again) each();
  }

  /** Ask for a token, which the browser keeps in a cookie that no script can read. */
  #askForToken(again) {
    if (again) this.#again.add(again);
    if (this.#form?.isConnected) return; // What is typed of it stays.
    const input = make("input", { type: "password", autocomplete: "current-password", "aria-label": text("token") });
    const wrong = make("p");
    this.#form = make("form.token", {
      onsubmit: async (event) => {
        event.preventDefault();
        const given = { method: "POST", headers: { Authorization: `Bearer ${input.value.trim()}` } };
        const answer = await fetch("/page/session", given).catch(() => null);
        if (answer?.ok) this.#freed();
        else wrong.textContent = text(answer ? "wrong-token" : "away");
      },
    }, input, make("button.do", {}, text("enter")));
    if (document.querySelector("dialog[open]")) this.#askAbove(wrong);
    else this.#status.replaceChildren(text("needs-token"), " ", this.#form, wrong);
    // Who is in the middle of a word goes on with it.
    if (performance.now() - this.#typedAt > TYPING) input.focus();
  }

  /** Ask above an open dialog, behind which nothing can be reached. */
  #askAbove(wrong) {
    const title = make("h2", { id: "token-title" }, text("needs-token"));
    const dialog = make("dialog.ask", { "aria-labelledby": "token-title", onclose: () => dialog.remove() }, title, this.#form, wrong);
    document.body.append(dialog);
    dialog.showModal();
  }
}
