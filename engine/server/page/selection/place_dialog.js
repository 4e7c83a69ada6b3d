// Selected files in a folder of the server: moved there, or linked to from it. Both can be taken back.

import { get } from "../requests/api.js";
import { askIn, field } from "../elements/dialogs.js";
import { make } from "../elements/elements.js";
import { begin, follow } from "../requests/jobs.js";
import { countFiles, filesOf } from "./selection.js";
import { undoRuns } from "./tagging.js";
import { text } from "../texts/texts.js";
import { toast } from "../elements/toast.js";

const WAYS = ["link", "move"]; // The one first that leaves files where they are.

/** The folders below which files may be put; none where this may not be done here. */
export async function placesFor() {
  const { scopes, roots } = await get("/api/caller");
  return scopes.includes("admin") ? roots : [];
}

/** Ask for a folder, and put the files of hits there. */
export function placeFiles(hits, roots) {
  askIn(text("place-title", { count: countFiles(hits) }), {
    verb: text("place-do"),
    fill: (body) => {
      const about = make("p.quiet", { role: "status" }, text(`place-${WAYS[0]}-does`));
      const ways = WAYS.map((way, at) => make("label.tick", {},
        make("input", { type: "radio", name: "how", value: way, checked: at === 0, onchange: () => { about.textContent = text(`place-${way}-does`); } }),
        make("span", {}, text(`place-${way}`))));
      const folder = field(text("place-folder"), { placeholder: `${roots[0]}/…`, spellcheck: false, maxLength: 4096, "aria-describedby": "place-hint" }, roots);
      body.append(make("fieldset.ways", {}, make("legend", {}, text("place-how")), ...ways), about, folder,
        make("p.quiet", { id: "place-hint", dir: "auto" }, text("place-hint", { folders: roots.join(", ") })));
    },
    press: async (form) => {
      const submit = form.querySelector("[type=submit]");
      submit.disabled = true;
      try {
        await place(hits, form.elements.how.value, form.querySelector("input[list]").value.trim());
      } finally {
        submit.disabled = false;
      }
    },
  });
}

/** Put them there, library by library, and say what that came to, with a way back. */
async function place(hits, how, to) {
  const runs = [];
  let [done, passed] = [0, []];
  for (const [library, assets] of filesOf(hits)) {
    const job = await follow(await begin("/api/files/place", { library, assets, how, to }), () => {});
    if (job.state !== "done") throw Object.assign(new Error(job.error?.message ?? text(`state-${job.state}`)), { code: job.error?.code });
    if (job.result.done) runs.push({ library, run: job.result.run });
    done += job.result.done;
    passed = [...passed, ...job.result.passed];
  }
  if (!done) throw new Error(passed[0] ?? text("changed-nothing"));
  const said = text(how === "move" ? "place-moved" : "place-linked", { count: done, folder: to });
  toast(passed.length ? `${said} ${text("place-passed", { count: passed.length, why: passed[0] })}` : said, { undo: () => undoRuns(runs) });
}
