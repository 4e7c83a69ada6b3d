// Making elements without markup in strings: what a file is called can never become markup.

// Safari knows no idle time: what waits for it comes with the next task.
globalThis.requestIdleCallback ??= (act) => setTimeout(act, 1);
globalThis.cancelIdleCallback ??= (number) => clearTimeout(number);

/** Make an element; properties that begin with `on` are listeners, those with a dash attributes. */
export function make(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.includes("-") || key === "role" || key === "for" || key === "list") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(label, press, properties = {}, ...children) {
  const shown = children.length ? children : [label];
  return make("button", { type: "button", title: label, "aria-label": label, onclick: press, ...properties }, ...shown);
}

const SVG = "http://www.w3.org/2000/svg";

/** A line drawing of 24 by 24, in the colour of the text around it. */
export function icon(path) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) drawing.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}
