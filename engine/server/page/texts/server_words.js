// Words for what the server says by codes: verdicts, tasks, problems of a library, failures.
//
// Its sentences are English. On a page in another language a code is told in that language, and the
// sentence, which may name a file, comes behind it.

import { make } from "../elements/elements.js";
import { known, text } from "./texts.js";

/** What a finding was found to be; of a label or a tag, itself. */
export function verdictWords(verdict) {
  return known(`verdict-${verdict}`) ?? verdict;
}

/** What a job is at. */
export function taskWords(task) {
  if (task.startsWith("filling ")) return text("task-filling", { space: task.slice("filling ".length) });
  const [first] = task.split(" ");
  return known(`task-${task.replaceAll(" ", "-")}`) ?? known(`task-${first}`) ?? task;
}

/** A sentence of the server, as an element; where the page is not English, what its code means before it. */
export function told(code, sentence) {
  const own = make("span", { dir: "auto", lang: "en" }, sentence);
  const meant = inEnglish() ? null : known(`code-${code}`);
  return meant ? make("span", {}, `${meant} `, make("small", {}, own)) : own;
}

/** The same as text. */
export function toldText(code, sentence) {
  const meant = inEnglish() ? null : known(`code-${code}`);
  return meant ? `${meant} (${sentence})` : sentence;
}

function inEnglish() {
  return document.documentElement.lang === "en";
}
