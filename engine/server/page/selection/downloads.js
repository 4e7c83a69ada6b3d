// Files of the library, and what was made of them, handed to the browser's downloads.

import { make } from "../elements/elements.js";
import { filesOf } from "./selection.js";
import { shortName } from "../texts/texts.js";

const IN_ARCHIVE = 400; // Files whose numbers fit into an address.

/** Download one file as it is, several as an archive of each library. */
export function download(hits) {
  for (const [library, assets] of filesOf(hits)) {
    const own = hits.find((hit) => hit.library === library);
    if (assets.length === 1) fetchFrom(own.media, shortName(own.path));
    else for (let i = 0; i < assets.length; i += IN_ARCHIVE) {
      const asked = new URLSearchParams({ library, assets: assets.slice(i, i + IN_ARCHIVE).join(",") });
      fetchFrom(`/api/archive?${asked}`, "");
    }
  }
}

/** Have the browser download what is at an address. */
export function fetchFrom(href, name) {
  const link = make("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
