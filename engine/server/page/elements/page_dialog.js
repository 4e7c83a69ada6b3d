// A page that is made of the library's moments: begun by one click, followed, cancelled, opened.

import { wordsOf } from "../requests/connection.js";
import { begin, cancel, follow } from "../requests/jobs.js";
import { taskWords } from "../texts/server_words.js";
import { text } from "../texts/texts.js";
import { button, make } from "./elements.js";

/** Have a page made by a route, and say how far it is; closing the dialog before it is there cancels. */
export function makePage(kind, path, body) {
  const over = new AbortController();
  const bar = make("progress", { max: 1, "aria-label": text("progress") });
  const line = make("p", { role: "status" }, text("page-begun"));
  const wrong = make("p.wrong", { role: "alert" });
  const leave = button(text("cancel"), () => dialog.close());
  const buttons = make("div.buttons", {}, leave);
  const dialog = make("dialog.ask.page-made", { "aria-labelledby": "page-title" },
    make("h2", { id: "page-title" }, text(`page-${kind}`)), line, bar, wrong, buttons);
  dialog.addEventListener("close", () => {
    over.abort();
    dialog.remove();
  });
  const end = (words) => {
    bar.remove();
    line.textContent = words;
    leave.textContent = leave.title = text("close");
    leave.setAttribute("aria-label", text("close"));
  };
  document.body.append(dialog);
  dialog.showModal();
  made(path, body, over.signal, (job) => {
    if (job.total) bar.value = Math.min(1, job.done / job.total);
    else bar.removeAttribute("value");
    const words = job.state === "queued" ? text("job-waits") : taskWords(job.task);
    if (words && words !== line.textContent) line.textContent = words;
  }).then((job) => {
    if (!job.links.page) return end(text(`page-${kind}-none`));
    end(text(`page-${kind}-done`));
    const link = make("a.main", { href: job.links.page, target: "_blank", rel: "noopener" }, text("page-open"));
    buttons.append(link);
    link.focus();
  }).catch((fault) => {
    if (over.signal.aborted) return;
    end("");
    wrong.textContent = wordsOf(fault);
  });
  return dialog;
}

async function made(path, body, signal, progress) {
  const job = await begin(path, body, signal);
  const stop = () => cancel(job).catch(() => {}); // It may have ended meanwhile.
  signal.addEventListener("abort", stop, { once: true });
  const done = await follow(job, progress, signal);
  signal.removeEventListener("abort", stop);
  if (done.state !== "done") throw new Error(done.error?.message ?? text(`state-${done.state}`));
  return done;
}
