// Files that could not be indexed, grouped by why; the files of a group come when it is opened.

import { get } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { count } from "../elements/figures.js";
import { text } from "../texts/texts.js";

const PAGE = 100;

/** The groups of a library: `skipped` for files of known types that are passed over. */
export async function failureGroups(library, skipped, { signal, fail }) {
  const { reasons } = await get("/api/failures/reasons", { library, skipped }, signal);
  const files = reasons.reduce((sum, each) => sum + each.count, 0);
  return { files, element: make("div.groups", {}, ...reasons.map((group) => groupOf(group, skipped, { signal, fail }))) };
}

function groupOf(group, skipped, context) {
  const files = make("ul.paths", { "aria-label": text("failed-files") });
  const details = make("details", {
    ontoggle: () => details.open && !files.children.length && more(files, group, skipped, context),
  }, make("summary", {}, make("b", {}, count(group.count)), " ", make("span", { dir: "auto", lang: "en" }, group.reason),
    group.retryable ? make("span.quiet", {}, ` ${text("may-help")}`) : ""), files);
  return details;
}

async function more(list, { library, reason }, skipped, context) {
  const { signal, fail } = context;
  const skip = list.querySelectorAll(".path").length;
  try {
    const page = await get("/api/failures", { library, reason, skipped, skip, limit: PAGE }, signal);
    list.querySelector(".further")?.remove();
    list.append(...page.failures.map(({ path, reason: own }) => make("li.path", { dir: "auto" }, path,
      own === reason ? null : make("small", { dir: "auto", lang: "en" }, own))));
    if (page.next) list.append(make("li.further", {}, button(text("more-files"), () => more(list, { library, reason }, skipped, context), { className: "do" })));
  } catch (fault) {
    fail(fault, () => more(list, { library, reason }, skipped, context));
  }
}
