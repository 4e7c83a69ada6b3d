// A small panel beside what was pressed, which goes away by Escape or by a click beside it.

import { make } from "./elements.js";

/** Open a panel below an element; `fill(panel)` puts its parts into it. Returns how to close it. */
export function openBeside(beside, label, fill) {
  const panel = make("div.pop", { popover: "auto", role: "dialog", "aria-label": label });
  panel.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    panel.remove();
    beside.setAttribute("aria-expanded", "false");
  });
  document.body.append(panel);
  fill(panel, () => panel.hidePopover());
  panel.showPopover();
  beside.setAttribute("aria-expanded", "true");
  place(panel, beside);
  panel.querySelector("input, select, button")?.focus();
  return () => panel.isConnected && panel.hidePopover();
}

function place(panel, beside) {
  const { left, right, bottom } = beside.getBoundingClientRect();
  const rtl = document.documentElement.dir === "rtl";
  const wished = rtl ? right - panel.offsetWidth : left;
  panel.style.left = `${Math.max(8, Math.min(wished, innerWidth - panel.offsetWidth - 8))}px`;
  panel.style.top = `${bottom + 6}px`;
  panel.style.maxHeight = `${Math.max(160, innerHeight - bottom - 18)}px`;
}
