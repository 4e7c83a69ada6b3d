// Questions about the file that is open, beside it.

import { hitOf } from "../asking/cited.js";
import { Talk } from "../asking/talk.js";
import { make } from "../elements/elements.js";
import { text } from "../texts/texts.js";

/** A section that asks; what it cites of this file is played by `jump`, and another file opened by `open`. */
export function askAboutFile(hit, jump, open, signal) {
  const talk = new Talk({
    label: text("ask-file-label"), placeholder: text("ask-file-example"), about: { asset: hit.asset_id, library: hit.library }, signal,
    open: async (cited) => {
      if (cited.asset_id !== hit.asset_id) open(await hitOf(cited, signal));
      else if (jump && cited.start !== null) jump(cited.start);
    },
  });
  return make("section.ask-file", {}, make("h3", {}, text("ask-file")), talk.form, talk.turns);
}
