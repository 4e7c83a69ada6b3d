// A talk with the library, or about one file: a box, and the answers, of which later ones may refer to earlier ones.

import { askLibraries } from "../requests/answers.js";
import { isLost, wordsOf } from "../requests/connection.js";
import { button, make } from "../elements/elements.js";
import { cardOf, sentenceOf } from "./cited.js";
import { text } from "../texts/texts.js";

export class Talk {
  #about;
  #open;
  #told;
  #fail;
  #signal;
  #asked = null;
  #questions = [];
  #turns = make("div.turns", { role: "log" });
  #input;
  #stop = button(text("ask-stop"), () => this.stop(), { hidden: true, className: "do" }, text("ask-stop"));
  /** The box. */
  form;

  /**
   * `open(cited)` opens a moment; `about` is a file, as `/api/ask` takes it, or null; `asked(question)` is
   * called with each question, and `fail(fault, again)` where the server is away or wants a token.
   */
  constructor({ label, placeholder, about = null, open, asked = () => {}, fail = null, signal = null }) {
    [this.#about, this.#open, this.#told, this.#fail, this.#signal] = [about, open, asked, fail, signal];
    this.#input = make("input", { type: "text", dir: "auto", autocomplete: "off", maxLength: 2000, placeholder, "aria-label": label, enterKeyHint: "send" });
    this.#turns.setAttribute("aria-label", text("ask-answers"));
    this.form = make("form.asking", {
      onsubmit: (event) => {
        event.preventDefault();
        this.ask(this.#input.value);
      },
    }, this.#input, make("button.go", { type: "submit" }, text("ask-do")), this.#stop);
    signal?.addEventListener("abort", () => this.stop());
  }

  /** The answers, the newest first. */
  get turns() {
    return this.#turns;
  }

  /** The questions that were answered, the first first. */
  get questions() {
    return [...this.#questions];
  }

  /** Stop the answer that is being made. */
  stop() {
    this.#asked?.abort();
  }

  focus() {
    this.#input.focus();
  }

  /** Ask a question, and show its answer as it comes. */
  async ask(typed) {
    const question = typed.trim();
    if (!question || this.#signal?.aborted) return;
    this.stop();
    const own = (this.#asked = new AbortController());
    this.#told(question);
    this.#input.value = "";
    this.#stop.hidden = false;
    const turn = new Turn(question, this.#open, Boolean(this.#about));
    this.#turns.prepend(turn.element);
    const body = { question, earlier: this.#questions.slice(-20), ...(this.#about ? { about: this.#about } : {}) };
    try {
      turn.end(await askLibraries(body, own.signal, (sentence) => turn.add(sentence)));
      this.#questions.push(question);
    } catch (fault) {
      this.#ended(turn, fault, question);
    } finally {
      if (this.#asked === own) this.#stop.hidden = true;
    }
  }

  #ended(turn, fault, question) {
    if (fault.name === "AbortError") turn.tell(text("ask-stopped"));
    else if (isLost(fault) || fault.code === "cut_off") turn.tell(text("ask-cut"));
    else turn.tell(wordsOf(fault));
    if ((isLost(fault) || fault.status === 401) && this.#fail) {
      this.#fail(fault, () => {
        turn.element.remove();
        this.ask(question);
      });
    }
  }
}

/** One question with what is answered so far. */
class Turn {
  #known = new Map();
  #open;
  #ofOneFile;
  #answer = make("p.reply");
  #cards = make("ol.cited", { "aria-label": text("ask-sources"), hidden: true });
  #waiting = make("p.quiet", {}, text("ask-waiting"));

  constructor(question, open, ofOneFile) {
    [this.#open, this.#ofOneFile] = [open, ofOneFile];
    this.element = make("article.answered", {}, make("h3", { dir: "auto" }, question), this.#waiting, this.#answer, this.#cards);
  }

  /** Add a sentence as it comes. */
  add({ text: words, cites, citations }) {
    this.#waiting.remove();
    for (const cited of citations) {
      this.#known.set(cited.number, cited);
      if (!this.#ofOneFile) this.#cards.append(cardOf(cited, this.#open));
    }
    this.#cards.hidden = !this.#cards.childElementCount;
    this.#answer.append(sentenceOf({ text: words, cites }, this.#known, this.#open, this.#ofOneFile));
  }

  /** Say what is to be said at the end of an answer. */
  end({ found, nearest, notes, model }) {
    this.#waiting.remove();
    if (!found) this.#answer.append(text(nearest.length ? "ask-nearest" : "ask-nothing"));
    if (!found) this.#cards.append(...nearest.map((moment) => cardOf(moment, this.#open)));
    this.#cards.hidden = !this.#cards.childElementCount;
    if (model !== "extractive") notes = [text("ask-model", { model }), ...notes];
    for (const note of notes) this.tell(note);
  }

  tell(words) {
    this.#waiting.remove();
    this.element.append(make("p.quiet", { dir: "auto" }, words));
  }
}
