// The words of a search within a sentence that answers it.

import { make } from "../elements/elements.js";

const LONG = 90; // Letters before the first marked word, from which the beginning is left out.
const KEPT = 40;
const EMPTY = new Set(["the", "and", "was", "for", "what", "with", "that", "der", "die", "das", "und", "ein", "eine", "was", "mit"]);
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const WORD = /([\p{L}\p{N}\p{M}]+)/u;

const folded = (word) => word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** A sentence as nodes, in which the words that were asked for are marked. */
export function marked(sentence, asked) {
  const terms = termsOf(asked);
  if (!terms.length) return [sentence];
  const nodes = [];
  for (const piece of sentence.split(WORD)) {
    if (!piece) continue;
    for (const [part, hit] of marksIn(piece, terms)) nodes.push(hit ? make("mark", {}, part) : part);
  }
  return shortened(nodes);
}

function termsOf(asked) {
  const words = (asked.match(new RegExp(WORD, "gu")) ?? []).map(folded);
  return [...new Set(words)].filter((word) => UNSPACED.test(word) || (word.length > 2 && !EMPTY.has(word)));
}

function marksIn(piece, terms) {
  const word = folded(piece);
  if (terms.some((term) => alike(word, term))) return [[piece, true]];
  const inside = UNSPACED.test(piece) ? terms.find((term) => UNSPACED.test(term) && piece.includes(term)) : null;
  if (!inside) return [[piece, false]];
  const at = piece.indexOf(inside);
  return [[piece.slice(0, at), false], [inside, true], [piece.slice(at + inside.length), false]].filter(([part]) => part);
}

/** Is it the same word, or another form of it: tablet, tablets? */
function alike(word, term) {
  const [short, long] = word.length < term.length ? [word, term] : [term, word];
  return word === term || (short.length > 3 && long.length - short.length <= 3 && long.startsWith(short));
}

function shortened(nodes) {
  const first = nodes.findIndex((node) => typeof node !== "string");
  if (first < 0) return nodes;
  const before = nodes.slice(0, first).join("");
  if (before.length < LONG) return nodes;
  const kept = before.slice(-KEPT);
  return [`… ${kept.slice(kept.search(/\s/) + 1)}`, ...nodes.slice(first)];
}
