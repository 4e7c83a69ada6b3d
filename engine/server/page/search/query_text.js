// What is typed as its parts, by the pieces that the server reads in it; and the text rewritten where
// one part is turned, weighted, changed or taken out. Nothing here touches the page.

/** What can be said of a weight by a slider: a count of times, 1 in the middle. */
export const WEIGHTS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5];

const SIMPLE = /^[^\s\d+\-.~/"“:][^\s:"“”]*$/u; // A word that a minus can stand right before.

/**
 * The parts of a query: words with their sign and weight, filters, and each `then`.
 *
 * `begin` and `end` are places in the text, `body` the place of the words alone; `first` says that no
 * part of its stage stands before it.
 */
export function partsOf({ text, pieces }) {
  const letters = [...text];
  const parts = [];
  let [stage, open] = [0, null];
  const close = () => {
    if (open?.body) parts.push(finished(open, letters, parts));
    open = null;
  };
  const begin = (piece) => (open ??= { what: "words", stage, begin: piece.begin, sign: "", weight: 1, body: null, pieces: [] });
  for (const piece of pieces) {
    if (piece.role === "filter" || piece.role === "then") {
      close();
      parts.push({ what: piece.role, stage, begin: piece.begin, end: piece.end, raw: letters.slice(piece.begin, piece.end).join(""), field: piece.field, value: piece.value, negated: piece.negated });
      if (piece.role === "then") stage += 1;
    } else if (piece.role === "sign") {
      close();
      begin(piece).sign = letters[piece.begin];
    } else if (piece.role === "weight" && !open?.body && open?.weighted !== true) {
      Object.assign(begin(piece), { weight: parseFloat(letters.slice(piece.begin, piece.end).join("")), weighted: true });
    } else {
      const { body } = begin(piece);
      open.body = { begin: body?.begin ?? piece.begin, end: piece.end };
      open.pieces.push(piece);
    }
  }
  close();
  return parts;
}

function finished(open, letters, before) {
  const raw = letters.slice(open.body.begin, open.body.end).join("");
  const [only, ...others] = open.pieces;
  return {
    ...open, end: open.body.end, negated: open.sign === "-", raw,
    first: !before.some((each) => each.what === "words" && each.stage === open.stage),
    shown: only.role === "phrase" && !others.length ? only.value : raw,
    example: only.role === "example",
  };
}

/** May a part be turned into what is not wanted? Each stage needs something that is. */
export function mayBeTurned(parts, place) {
  const part = parts[place];
  if (part.what !== "words" || part.negated) return part.what !== "then";
  return parts.some((each, i) => i !== place && each.what === "words" && each.stage === part.stage && !each.negated);
}

/** The text with a part that is wanted not wanted, or the other way round. */
export function turned(text, parts, place) {
  const part = parts[place];
  if (part.what === "filter") {
    const bare = part.raw.replace(/^[+-]/, "");
    return replaced(text, part, part.negated ? bare : `-${bare}`);
  }
  return replaced(text, part, written(part, part.negated ? "+" : "-", part.weight));
}

/** The text with another weight of a part. */
export function weighted(text, parts, place, weight) {
  const part = parts[place];
  return replaced(text, part, written(part, part.sign, weight));
}

/** The text with something else in the place of a part. */
export function exchanged(text, parts, place, by) {
  return replaced(text, parts[place], by);
}

/** The text with one more filter. */
export function added(text, filter) {
  const typed = text.trimEnd();
  return typed ? `${typed} ${filter}` : filter;
}

/** The text without a part, and with all others as they were. */
export function without(text, parts, place) {
  const gone = new Set([place]);
  const part = parts[place];
  const alone = part.what === "words" && !parts.some((each, i) => i !== place && each.what === "words" && each.stage === part.stage);
  if (alone) {
    // A stage that asks for nothing any more goes with the `then` beside it.
    const before = parts.findLastIndex((each, i) => i < place && each.what === "then");
    const joint = before >= 0 ? before : parts.findIndex((each) => each.what === "then");
    if (joint >= 0) gone.add(joint);
  }
  const kept = [];
  let at = 0;
  parts.forEach((each, i) => {
    if (!gone.has(i)) return;
    kept.push(slice(text, at, each.begin).trimEnd());
    at = each.end;
  });
  const rest = slice(text, at).trimStart();
  const [before, after] = [parts.filter((_, i) => i < place && !gone.has(i)).at(-1), parts.find((_, i) => i > place && !gone.has(i))];
  const joined = kept.map((each) => each.trim()).filter(Boolean).join(" ");
  return [joined, joint(before, after, rest)].filter(Boolean).join(" ").trim();
}

/** What comes after a part that went, so that it stays a part of its own. */
function joint(before, after, rest) {
  if (after?.what !== "words") return rest;
  if (before?.what === "words" && before.stage === after.stage && !after.sign) return `+ ${rest}`;
  if ((!before || before.what === "then") && after.sign === "+") return rest.replace(/^\+\s*/, "");
  return rest;
}

/** A value as a filter has it: in quotes where it has more than letters, digits and dashes. */
export function valueOf(text) {
  if (/^[\p{L}\p{N}_-]+$/u.test(text)) return text;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function written(part, sign, weight) {
  const times = weight === 1 ? "" : `${weight}: `;
  if (sign === "-" && !times && SIMPLE.test(part.raw)) return `-${part.raw}`;
  const shown = sign === "-" ? "- " : sign === "+" && !part.first ? "+ " : "";
  return shown + times + part.raw;
}

function replaced(text, { begin, end }, by) {
  const [before, after] = [slice(text, 0, begin), slice(text, end)];
  return before + by + (after && !/^\s/.test(after) ? " " : "") + after;
}

function slice(text, begin, end) {
  return [...text].slice(begin, end).join("");
}
