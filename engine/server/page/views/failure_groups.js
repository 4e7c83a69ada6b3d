// Files that could not be indexed, grouped by why; the files of a group come when it is opened.

import { get } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { count } from "../elements/figures.js";
import { told } from "../texts/server_words.js";
import { text } from "../texts/texts.js";

const PAGE = 100;

/**
 * The groups of a library: `skipped` for files of known types that are passed over; `retry(reason)`,
 * where there is one, tries the files of a group again.
 */
export async function failureGroups(library, skipped, { signal, fail }, retry = null) {
  const { reasons } = await get("/api/failures/reasons", { library, skipped }, signal);
  const files = reasons.reduce((sum, each) => sum + each.count, 0);
  return { files, element: make("div.groups", {}, ...reasons.map((group) => groupOf(group, skipped, { signal, fail }, retry))) };
}

function groupOf(group, skipped, context, retry) {
  const files = make("ul.paths", { "aria-label": text("failed-files") });
  const details = make("details", {
    ontoggle: () => details.open && !files.children.length && more(files, group, skipped, context),
  }, make("summary", {}, make("b", {}, count(group.count)), " ", told(group.code, group.reason),
    group.retryable ? make("span.quiet", {}, ` ${text("may-help")}`) : ""), files);
  if (!retry) return make("div.group", {}, details);
  const again = button(text("retry-these"), () => retry(group.reason), { className: "do", "aria-label": text("retry-these-of", { why: group.reason }) });
  return make("div.group", {}, details, again);
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
