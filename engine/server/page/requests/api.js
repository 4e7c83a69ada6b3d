// Requests to the server that this page came from.

/** The event of the window that tells that the server asked for a token, whoever made the request. */
export const TOKEN_WANTED = "tokenwanted";

export class ServerFault extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function answerOf(response) {
  if (response.ok) return response.json();
  if (response.status === 401) dispatchEvent(new Event(TOKEN_WANTED));
  let fault = {};
  try {
    fault = (await response.json()).error ?? {};
  } catch {
    // An answer of a proxy is no JSON; its status says enough.
  }
  throw new ServerFault(response.status, fault.message ?? `HTTP ${response.status}`, fault.code);
}

export async function get(path, parameters = {}, signal = undefined) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null) asked.append(name, each);
  }
  const query = asked.toString();
  return answerOf(await fetch(query ? `${path}?${query}` : path, { signal }));
}

export async function post(path, document, signal = undefined) {
  return answerOf(await fetch(path, {
    method: "POST", signal, body: JSON.stringify(document),
    headers: { "Content-Type": "application/json" },
  }));
}

const PAGE = 60;

/** Ask for a page of hits of a search, as `search.js` keeps it. */
export function findHits(search, cursor, signal) {
  const body = {
    text: search.text, kinds: search.kinds, sort: search.sort, likely: search.likely,
    group: search.group, top: PAGE, ...(cursor ? { cursor } : {}),
  };
  if (search.upload) return upload(search, body, signal);
  const more = search.examples.filter((each) => each.sign > 0).map(exampleOf);
  const less = search.examples.filter((each) => each.sign < 0).map(exampleOf);
  if (!more.length && !less.length) return post("/api/search", body, signal);
  const [first, ...others] = more;
  if (!first) throw new ServerFault(400, "", "only_less");
  return post("/api/similar", { ...body, ...first, more: others, less }, signal);
}

function exampleOf({ moment, library, region }) {
  return { moment, example_library: library, ...(region ? { region } : {}) };
}

async function upload(search, body, signal) {
  const form = new FormData();
  form.append("file", search.upload, search.upload.name || "example");
  for (const kind of body.kinds) form.append("kind", kind);
  for (const name of ["text", "likely", "group", "top", "cursor", "sort"]) {
    if (body[name] !== undefined && body[name] !== null) form.append(name, body[name]);
  }
  for (const each of search.examples) form.append(each.sign > 0 ? "more" : "less", each.moment);
  return answerOf(await fetch("/api/similar/upload", { method: "POST", body: form, signal }));
}

/** All hits of a search in one file, in the order of their times. */
export async function hitsInFile(search, hit, signal) {
  if (search.upload || search.examples.length || !search.text.trim()) return [];
  const name = hit.path.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  const found = await post("/api/search", {
    text: search.text, libraries: [hit.library], where: [`path = "${name}"`], group: "none", top: 200,
  }, signal);
  return found.hits.filter((each) => each.start !== null).sort((a, b) => a.start - b.start);
}

export function ofAsset(hit, what, parameters = {}) {
  const asked = new URLSearchParams({ library: hit.library, ...parameters });
  return `/api/assets/${hit.asset_id}/${what}?${asked}`;
}

/** The address of a thumbnail of a hit, so many pixels wide or high at most. */
export function thumbnailOf(hit, size) {
  const address = new URL(hit.thumbnail, location.origin);
  address.searchParams.set("size", size);
  return address.pathname + address.search;
}
