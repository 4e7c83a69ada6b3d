// Figures as people write them: counts, sizes, parts and times, in the language of the page.

import { clock, text } from "../texts/texts.js";

/** The language of the page, as the browser's user writes its figures: en-GB rather than en. */
const language = () => {
  const { lang } = document.documentElement;
  return navigator.languages.find((each) => each.startsWith(lang)) ?? lang;
};

export function count(number) {
  return number.toLocaleString(language());
}

/** A number of bytes in the unit that leaves one to three digits before the point. */
export function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [number, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  const digits = unit && value < 9.95 ? 1 : 0;
  return `${value.toLocaleString(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${units[unit]}`;
}

export function percent(part, digits = 0) {
  return part.toLocaleString(language(), { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A time of the server, short: the hour of today, or else the day as well. */
export function moment(time) {
  const then = new Date(time);
  if (Number.isNaN(then.valueOf())) return "";
  const today = then.toDateString() === new Date().toDateString();
  return then.toLocaleString(language(), { hour: "2-digit", minute: "2-digit", ...(today ? {} : { day: "numeric", month: "short", year: "numeric" }) });
}

/** So many seconds, as one says them of what is to come. */
export function span(seconds) {
  if (seconds < 60) return text("seconds", { count: count(Math.max(1, Math.round(seconds))) });
  return clock(Math.round(seconds));
}

/** Counts by name, as a sentence has them, those of nothing left out. */
export function list(counts, name) {
  const parts = Object.entries(counts).filter(([, number]) => number).map(([key, number]) => name(key, number));
  return new Intl.ListFormat(language(), { type: "unit" }).format(parts);
}
