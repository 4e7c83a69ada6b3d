// Selected files as a data set, in a format that is chosen, made by a job and downloaded.

import { askIn } from "../elements/dialogs.js";
import { fetchFrom } from "./downloads.js";
import { make } from "../elements/elements.js";
import { begin, cancel, follow } from "../requests/jobs.js";
import { countFiles, filesOf } from "./selection.js";
import { text } from "../texts/texts.js";
import { failed, toast } from "../elements/toast.js";

const FORMATS = ["imagefolder", "webdataset", "jsonl", "parquet", "coco", "clip-retrieval", "fiftyone", "sidecars"];

/** Ask for a format, and export the files of hits; closing the dialog cancels. */
export function exportFiles(hits) {
  const over = new AbortController();
  const files = filesOf(hits);
  const dialog = askIn(text("export-title", { count: countFiles(hits) }), {
    verb: text("export-act"),
    fill: (body) => {
      const about = make("p.quiet", {});
      const select = make("select", { onchange: () => { about.textContent = text(`format-${select.value}`); } },
        ...FORMATS.map((format) => make("option", { value: format }, format)));
      about.textContent = text(`format-${FORMATS[0]}`);
      body.append(make("label.asked", {}, text("format"), select), about);
    },
    press: async (form) => {
      const format = form.querySelector("select").value;
      const submit = form.querySelector("[type=submit]");
      const bar = make("progress", { max: 1, "aria-label": text("progress") });
      submit.disabled = true;
      form.querySelector(".fields").append(bar);
      try {
        for (const [library, assets] of files) await exportOne({ library, assets, format }, bar, over.signal);
        toast(text("exported"));
      } finally {
        submit.disabled = false;
        bar.remove();
      }
    },
  });
  dialog.addEventListener("close", () => over.abort());
}

async function exportOne(body, bar, signal) {
  const job = await begin("/api/exports", body);
  signal.addEventListener("abort", () => cancel(job).catch(failed), { once: true });
  const done = await follow(job, ({ total, done: far }) => {
    if (total) bar.value = far / total;
    else bar.removeAttribute("value");
  }, signal);
  if (done.state !== "done") throw new Error(done.error?.message ?? text(`state-${done.state}`));
  fetchFrom(`/api/exports/${done.job}`, "");
}
