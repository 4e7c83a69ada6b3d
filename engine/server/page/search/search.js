// The search that the page shows, which the address holds whole but for a file that was given.

export const KINDS = ["image", "video", "audio"];

export function emptySearch() {
  return { text: "", kinds: [], sort: null, likely: false, group: "shot", examples: [], upload: null };
}

/** Is there anything to search for? */
export function asksNothing(search) {
  return !search.text.trim() && !search.examples.length && !search.upload;
}

export function toAddress(search, opened = null) {
  const asked = new URLSearchParams();
  if (search.text) asked.set("q", search.text);
  for (const kind of search.kinds) asked.append("kind", kind);
  if (search.sort) asked.set("sort", search.sort);
  if (search.likely) asked.set("likely", "1");
  if (search.group !== "shot") asked.set("group", search.group);
  for (const each of search.examples) {
    const region = each.region ? `,${["x", "y", "w", "h"].map((side) => each.region[side]).join(",")}` : "";
    asked.append(each.sign > 0 ? "like" : "unlike", `${each.moment}@${each.library}${region}`);
  }
  if (opened) asked.set("open", `${opened.moment_id}@${opened.library}`);
  const query = asked.toString();
  return query ? `?${query}` : "/";
}

export function fromAddress(address) {
  const asked = new URLSearchParams(address);
  const search = emptySearch();
  search.text = asked.get("q") ?? "";
  search.kinds = asked.getAll("kind").filter((kind) => KINDS.includes(kind));
  if (["date", "likely", "size", "path"].includes(asked.get("sort"))) search.sort = asked.get("sort");
  search.likely = asked.get("likely") === "1";
  if (["asset", "alike", "none"].includes(asked.get("group"))) search.group = asked.get("group");
  const examples = (name, sign) => asked.getAll(name).map((each) => exampleFrom(each, sign)).filter(Boolean);
  search.examples = [...examples("like", 1), ...examples("unlike", -1)];
  return search;
}

function exampleFrom(written, sign) {
  const found = /^(\d{1,15})@([^,]*)(?:,([\d.]+),([\d.]+),([\d.]+),([\d.]+))?$/.exec(written);
  if (!found) return null;
  const [, moment, library, ...sides] = found;
  const [x, y, w, h] = sides.map(Number);
  return { moment: Number(moment), library, sign, region: sides[0] === undefined ? null : { x, y, w, h } };
}

export function openedFrom(address) {
  const found = /^(\d{1,15})@(.*)$/.exec(new URLSearchParams(address).get("open") ?? "");
  return found ? { moment_id: Number(found[1]), library: found[2] } : null;
}
