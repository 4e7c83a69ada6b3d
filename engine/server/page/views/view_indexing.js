// The view for adding files: folders to index, what runs and how far it is, what failed and why.

import { get } from "../requests/api.js";
import { button, make } from "../elements/elements.js";
import { failureGroups } from "./failure_groups.js";
import { count } from "../elements/figures.js";
import { endedJob, JobCard } from "./job_card.js";
import { begin, cancel, follow } from "../requests/jobs.js";
import { toldText } from "../texts/server_words.js";
import { text } from "../texts/texts.js";

const STREAMS = 2; // Of the six connections that a browser has for a server.
const SHOWN = 4; // Jobs of before that are seen at once; further ones open by a press.

export async function show(root, context) {
  const view = new IndexingView(root, context);
  await view.load();
}

class IndexingView {
  #root;
  #context;
  #library = "";
  #about = [];
  #may = { scopes: [], read_only: false, roots: [] };
  #cards = new Map();
  #followed = new Set();
  #parts = {};

  constructor(root, context) {
    [this.#root, this.#context] = [root, context];
  }

  get #locked() {
    return !this.#may.scopes.includes("index");
  }

  /** Ask for all that the view shows before anything of it is shown, so that nothing shifts. */
  async load() {
    const { signal, parameters } = this.#context;
    const [may, { libraries }] = await Promise.all([get("/api/caller", {}, signal), get("/api/stats", {}, signal)]);
    [this.#may, this.#about] = [may, libraries];
    const asked = parameters.get("library");
    this.#library = libraries.some((each) => each.library === asked) ? asked : libraries[0].library;
    this.#build();
    await this.#refresh();
    this.#root.replaceChildren(...this.#parts.all);
    // Another page, or a program, may have begun a job meanwhile.
    addEventListener("focus", () => this.#again(), { signal });
  }

  get #stats() {
    return this.#about.find((each) => each.library === this.#library);
  }

  #build() {
    const now = make("div.now");
    const failures = make("section.card", { "aria-labelledby": "failed", hidden: true });
    const passed = make("section.card", { "aria-labelledby": "passed", hidden: true });
    const before = make("section.card", { "aria-labelledby": "before", hidden: true });
    this.#parts = { now, failures, passed, before, form: make("div"), all: [] };
    this.#parts.all = [this.#chooser(), this.#parts.form, now, before, failures, passed];
    this.#drawForm();
  }

  #chooser() {
    if (this.#about.length < 2) return "";
    return make("p", {}, make("label", { for: "of-library" }, text("library")), " ", make("select.chip", {
      id: "of-library",
      onchange: (event) => {
        this.#library = event.target.value;
        this.#context.remember({ library: this.#library });
        this.#drawForm();
        this.#again();
      },
    }, ...this.#about.map(({ library }) => make("option", { value: library, selected: library === this.#library }, library))));
  }

  // --- the form -----------------------------------------------------------------------

  #drawForm() {
    const { form } = this.#parts;
    if (this.#locked) {
      form.replaceChildren(make("p.notice", {}, text(this.#may.read_only ? "idx-read-only" : "idx-no-scope")));
      return;
    }
    const known = this.#stats.roots;
    const allowed = [...new Set([...known, ...this.#may.roots])];
    const wrong = make("p.mistake", { id: "path-wrong", role: "alert" });
    const path = make("input", {
      id: "path", name: "path", dir: "auto", autocomplete: "off", spellcheck: false, list: "allowed-folders",
      placeholder: allowed[0] ?? "/home/…", "aria-describedby": "path-hint path-wrong", value: form.querySelector("#path")?.value ?? "",
      oninput: () => { wrong.textContent = ""; path.removeAttribute("aria-invalid"); },
    });
    const refuse = (fault) => {
      if (fault.status !== 403 && fault.status !== 400) return false;
      wrong.textContent = fault.code === "path_refused" ? text("path-refused") : toldText(fault.code, fault.message);
      path.setAttribute("aria-invalid", "true");
      path.focus();
      return true;
    };
    const submit = (event) => {
      event.preventDefault();
      const typed = path.value.trim();
      if (!typed) return path.focus();
      return this.#start("/api/index", { paths: [typed] }, refuse).then((begun) => { if (begun) path.value = ""; });
    };
    form.replaceChildren(make("section.card", { "aria-labelledby": "add" },
      make("h3", { id: "add" }, text("idx-add")),
      make("form.path", { onsubmit: submit }, make("label", { for: "path" }, text("idx-folder")), path,
        make("button.main", {}, text("idx-start")), make("datalist", { id: "allowed-folders" }, ...allowed.map((each) => make("option", { value: each })))),
      make("p.quiet", { id: "path-hint" }, text(allowed.length ? "idx-hint" : "idx-hint-none")), wrong,
      allowed.length ? this.#folders(known, allowed, path) : null));
  }

  /** The folders that are known or allowed; one that is pressed is put into the field. */
  #folders(known, allowed, path) {
    const take = (folder) => { path.value = folder; path.dispatchEvent(new Event("input")); path.focus(); };
    return make("details.roots", { open: allowed.length <= 6 },
      make("summary", {}, text("idx-roots", { count: count(allowed.length) })),
      make("ul", {}, ...allowed.map((folder) => make("li", {},
        make("button.chip", { type: "button", dir: "auto", onclick: () => take(folder) }, folder),
        known.includes(folder) ? null : make("span.quiet", {}, ` ${text("idx-new-root")}`)))),
      known.length ? make("div.acts-row", {}, button(text("idx-all"), () => this.#start("/api/index", {}), { className: "do" })) : null);
  }

  // --- jobs ---------------------------------------------------------------------------

  /** Begin a job and follow it; true where it was begun. */
  async #start(path, body, refused = () => false) {
    const { fail, signal } = this.#context;
    try {
      const job = await begin(path, { library: this.#library, ...body }, signal);
      await this.#refresh();
      this.#cards.get(job.job)?.element.scrollIntoView({ block: "nearest" });
      return true;
    } catch (fault) {
      if (!refused(fault)) fail(fault, () => this.#start(path, body, refused));
      return false;
    }
  }

  async #cancel(job) {
    try {
      await cancel(job);
      this.#cards.get(job.job)?.stopping();
      if (job.state === "queued") await this.#refresh();
    } catch (fault) {
      this.#context.fail(fault, () => this.#again());
    }
  }

  async #again() {
    try {
      await this.#refresh();
    } catch (fault) {
      this.#context.fail(fault, () => this.#again());
    }
  }

  /** Show jobs and failures as they are now. */
  async #refresh() {
    const { signal } = this.#context;
    const library = this.#library;
    const [{ jobs }, failed, passed] = await Promise.all([
      get("/api/jobs", { library, limit: 100 }, signal),
      failureGroups(library, false, this.#context, this.#locked ? null : (reason) => this.#start("/api/failures/retry", { reason })), failureGroups(library, true, this.#context),
    ]);
    if (library !== this.#library) return;
    this.#drawNow(jobs.filter((job) => !job.ended).reverse());
    this.#drawBefore(jobs.filter((job) => job.ended));
    this.#drawFailures(failed, passed);
  }

  #drawNow(live) {
    const { now } = this.#parts;
    const kept = new Map();
    for (const job of live) {
      const card = this.#cards.get(job.job) ?? new JobCard(job, { cancel: this.#locked ? null : (each) => this.#cancel(each) });
      card.update(job);
      kept.set(job.job, card);
    }
    this.#cards = kept;
    const shown = [...kept.values()].map((card) => card.element);
    if (shown.length !== now.children.length || shown.some((each, place) => each !== now.children[place])) now.replaceChildren(...shown);
    for (const job of live.slice(0, STREAMS)) this.#follow(job);
  }

  async #follow(job) {
    if (this.#followed.has(job.job)) return;
    this.#followed.add(job.job);
    const { signal, fail } = this.#context;
    const card = () => this.#cards.get(job.job);
    try {
      await follow(job, (state) => card()?.update(state), signal, (away) => card()?.lost(away));
      await this.#reload();
    } catch (fault) {
      fail(fault, () => this.#again());
    } finally {
      this.#followed.delete(job.job);
    }
  }

  /** A job has ended: the folders that are known may be more. */
  async #reload() {
    const { libraries } = await get("/api/stats", {}, this.#context.signal);
    const before = String(this.#stats.roots);
    this.#about = libraries;
    if (String(this.#stats.roots) !== before && document.activeElement?.id !== "path") this.#drawForm();
    await this.#refresh();
  }

  #drawBefore(ended) {
    const { before } = this.#parts;
    before.hidden = !ended.length;
    const acts = {
      locked: this.#locked,
      resume: (job) => this.#start(`/api/jobs/${job.job}/resume`, {}),
      vanished: (job, how) => this.#start("/api/index", { paths: job.request.paths ?? [], vanished: how }),
    };
    const rows = (jobs) => make("ul.before", {}, ...jobs.map((job) => endedJob(job, acts)));
    const wasOpen = before.querySelector("details")?.open ?? false;
    before.replaceChildren(make("h3", { id: "before" }, text("idx-before")), rows(ended.slice(0, SHOWN)),
      ended.length > SHOWN ? make("details", { open: wasOpen }, make("summary", {}, text("idx-older")), rows(ended.slice(SHOWN))) : "");
  }

  #drawFailures(failed, passed) {
    const { failures, passed: beside } = this.#parts;
    failures.hidden = !failed.files;
    failures.replaceChildren(
      make("header", {}, make("h3", { id: "failed" }, text("idx-failed", { count: count(failed.files) })),
        this.#locked ? null : button(text("idx-retry"), () => this.#start("/api/failures/retry", {}), { className: "do" })),
      make("p.quiet", {}, text("idx-failed-hint")), failed.element);
    beside.hidden = !passed.files;
    beside.replaceChildren(make("h3", { id: "passed" }, text("idx-passed", { count: count(passed.files) })), passed.element);
  }
}
