// The view that answers questions, one after another, by sentences that cite moments.

import { hitOf } from "../asking/cited.js";
import { Talk } from "../asking/talk.js";
import { button, make } from "../elements/elements.js";
import { text } from "../texts/texts.js";

const EXAMPLES = ["ask-example-said", "ask-example-seen", "ask-example-count"];
let kept = null; // The talk and its view of now: it is there again when the view is.

export async function show(root, context) {
  kept ??= begin();
  const { talk } = kept;
  const examples = make("ul.asks", { "aria-label": text("ask-examples") }, ...EXAMPLES.map((name) => make("li", {}, button(text(name), () => talk.ask(text(name)), { className: "chip" }))));
  const anew = button(text("ask-anew"), () => {
    talk.stop();
    kept = null;
    context.remember({ q: null });
    root.replaceChildren();
    show(root, { ...context, parameters: new URLSearchParams() });
  }, { className: "do" });
  const begun = (yes) => { [examples.hidden, anew.hidden] = [yes, !yes]; };
  kept.fail = context.fail;
  kept.asked = (question) => {
    begun(true);
    if (!talk.questions.length) context.remember({ q: question });
  };
  begun(talk.turns.childElementCount > 0);
  root.className = "ask-view";
  root.append(make("p.lead", {}, text("ask-lead")), talk.form, anew, examples, talk.turns);
  talk.focus();
  const first = context.parameters.get("q");
  if (first && anew.hidden) talk.ask(first);
}

function begin() {
  const state = {};
  const open = (cited) => hitOf(cited).then((hit) => dispatchEvent(new CustomEvent("openmoment", { detail: { hit } })), (fault) => state.fail(fault));
  state.talk = new Talk({
    label: text("ask-label"), placeholder: text("ask-example-said"), open,
    asked: (question) => state.asked(question), fail: (fault, again) => state.fail(fault, again),
  });
  return state;
}
