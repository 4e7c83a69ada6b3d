// The view of what was collected: albums, which are tags of one form, and names that were taught.

import { get, thumbnailOf } from "../requests/api.js";
import { askIn, field } from "../elements/dialogs.js";
import { button, make } from "../elements/elements.js";
import { albumName, albumTag, changeTagsOf, tagFilter, undoRuns } from "../selection/tagging.js";
import { forget, restore } from "../selection/teach_dialog.js";
import { text } from "../texts/texts.js";
import { failed, toast } from "../elements/toast.js";

const PAGE = 500;

export async function show(root, context) {
  const again = () => show(root, context).catch(context.fail);
  const [{ tags }, { concepts }] = await Promise.all([
    get("/api/tags", {}, context.signal), get("/api/concepts", {}, context.signal),
  ]);
  const albums = tags.filter(({ tag }) => albumName(tag) !== null)
    .sort((a, b) => albumName(a.tag).localeCompare(albumName(b.tag), document.documentElement.lang));
  root.replaceChildren(
    albums.length ? make("ul.albums", {}, ...albums.map((album) => card(album, albums, again, context.signal)))
      : make("p.quiet", {}, text("no-albums-yet")),
    make("h3", {}, text("taught-names")),
    concepts.length ? make("ul.names", {}, ...concepts.map((concept) => name(concept, again))) : make("p.quiet", {}, text("no-names-yet")),
  );
}

function searchFor(words) {
  return `/?${new URLSearchParams({ q: words })}`;
}

function card({ tag, files }, albums, again, signal) {
  const called = albumName(tag);
  const cover = make("span.cover", { "aria-hidden": "true" });
  get("/api/assets", { where: whereTag(tag), limit: 4, sort: "date" }, signal).then(({ assets }) => cover.append(
    ...assets.filter(({ first_moment: moment }) => moment !== null).map((asset) => make("img", { src: thumbnailOf(asset, 320), alt: "", loading: "lazy" })),
  )).catch(() => {});
  return make("li.album", {},
    make("a", { href: searchFor(tagFilter(tag)) }, cover, make("b", { dir: "auto" }, called),
      make("small", {}, text(files === 1 ? "one-file" : "count-files", { count: files.toLocaleString(document.documentElement.lang) }))),
    make("div.does", {},
      button(text("rename-album", { name: called }), () => rename(tag, albums, again), { className: "do" }, text("rename")),
      button(text("remove-album", { name: called }), () => remove(tag, again).catch(failed), { className: "do" }, text("remove"))));
}

function rename(tag, albums, again) {
  const called = albumName(tag);
  askIn(text("rename-album", { name: called }), {
    verb: text("rename"),
    fill: (body) => body.append(field(text("name"), { maxLength: 180, value: called })),
    press: async (form) => {
      const to = albumTag(form.querySelector("input").value);
      if (to === tag) return;
      const joins = albums.some((each) => each.tag === to);
      const runs = await changeTagsOf(await filesWith(tag), { add: [to], remove: [tag] });
      await again();
      toast(text(joins ? "album-joined" : "album-renamed", { name: albumName(to) }), { undo: () => undoRuns(runs).then(again) });
    },
  });
}

async function remove(tag, again) {
  const runs = await changeTagsOf(await filesWith(tag), { remove: [tag] });
  await again();
  toast(text("album-removed", { name: albumName(tag) }), { undo: () => undoRuns(runs).then(again) });
}

/** The numbers of all files that have a tag, by their library. */
async function filesWith(tag) {
  const files = new Map();
  for (let skip = 0, total = 1; skip < total; skip += PAGE) {
    const page = await get("/api/assets", { where: whereTag(tag), sort: "path", skip, limit: PAGE });
    total = page.total;
    // A filter heeds no case, and a tag does.
    for (const { library, asset_id, tags } of page.assets.filter((asset) => asset.tags.includes(tag))) {
      files.set(library, [...(files.get(library) ?? []), asset_id]);
    }
  }
  return files;
}

function whereTag(tag) {
  return `tags has "${tag.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function name({ library, name: called, examples, against, found }, again) {
  const facts = [text("name-examples", { count: examples })];
  if (against) facts.push(text("name-against", { count: against }));
  if (found !== null) facts.push(text("name-found", { percent: Math.round(100 * found) }));
  return make("li", {},
    make("a", { href: searchFor(called), dir: "auto" }, called), make("small", {}, facts.join(", ")),
    button(text("forget-name", { name: called }), async () => {
      try {
        await forget(library, called);
        await again();
        toast(text("forgotten", { name: called }), { undo: () => restore(library, called).then(again) });
      } catch (fault) {
        failed(fault);
      }
    }, { className: "do" }, text("forget")));
}
