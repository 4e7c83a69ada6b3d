// Filters as they are typed into the search box, written as the expressions that other routes take.

import { get } from "../requests/api.js";
import { text } from "../texts/texts.js";

/** The filters of a text as expressions; throws where it has a mistake, or words that are none. */
export async function filtersOf(typed, signal) {
  const asked = typed.trim();
  if (!asked) return [];
  if (/[=<>]| (has|in|is|like) /.test(asked) && !/^-?\w+:/.test(asked)) return [asked];
  const { pieces, mistakes } = await get("/api/parse", { text: asked }, signal);
  if (mistakes.length) throw new Error(`${mistakes[0].wrong}: ${mistakes[0].advice}`);
  const other = pieces.find((piece) => piece.role !== "filter");
  if (other) throw new Error(text("wrk-no-filter", { words: [...asked].slice(other.begin, other.end).join("") }));
  return pieces.map((piece) => expressionOf(piece, [...asked].slice(piece.begin, piece.end).join("")));
}

function expressionOf({ field, value, negated }, written) {
  // Of `after:` and `before:` the pieces say that they are about the date, and not which of both.
  const side = /^-?(after|before):/.exec(written)?.[1];
  const said = side ? `${side} ${quoted(value)}` : positive(field, value);
  return negated ? `not (${said})` : said;
}

function positive(field, value) {
  if (field === "place" || field === "near") return `${field} in (${value})`;
  const compared = /^(<=|>=|<|>|=)(.+)$/.exec(value);
  if (compared) return `${field} ${compared[1]} ${quoted(compared[2])}`;
  const range = /^(.+)\.\.(.+)$/.exec(value);
  if (range && field !== "path") return `(${field} >= ${quoted(range[1])} and ${field} <= ${quoted(range[2])})`;
  if (field !== "path" && value.includes(",")) return `${field} in (${value.split(",").map(quoted).join(", ")})`;
  return `${field} = ${quoted(value)}`;
}

function quoted(value) {
  return /^[\w.-]+$/.test(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
