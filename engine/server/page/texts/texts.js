// The words of the page, in the language of the browser where there is a file of it.

const LANGUAGES = ["en", "de"];
let words = {};

export async function loadTexts() {
  const wanted = [new URLSearchParams(location.search).get("lang"), ...navigator.languages];
  const language = wanted.map((each) => (each ?? "").slice(0, 2)).find((each) => LANGUAGES.includes(each)) ?? "en";
  words = await (await fetch(new URL(`./${language}.json`, import.meta.url))).json();
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", text(each.dataset.label));
}

/** The words of that name, with `{names}` in them filled in. */
export function text(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_, value) => values[value] ?? "");
}

/** The words of that name; null where there are none. */
export function known(name) {
  return words[name] ?? null;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A time to a tenth of a second. */
export function fineClock(seconds) {
  const tenths = Math.max(0, Math.round(10 * seconds));
  return `${clock(tenths / 10)}.${tenths % 10}`;
}

export function shortName(path) {
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

export function day(date) {
  const then = new Date(date ?? NaN);
  if (Number.isNaN(then.valueOf())) return "";
  return then.toLocaleDateString(document.documentElement.lang, { year: "numeric", month: "short", day: "numeric" });
}
