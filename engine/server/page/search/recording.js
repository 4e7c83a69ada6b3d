// Examples that are recorded: a sound by microphone, a picture by camera.

import { button, icon, make } from "../elements/elements.js";
import { clock, text } from "../texts/texts.js";

const LONGEST = 30; // Seconds of a sound: as much as is looked through soon.
const MICROPHONE = "M12 15a4 4 0 0 0 4-4V6a4 4 0 0 0-8 0v5a4 4 0 0 0 4 4Zm-7-4a7 7 0 0 0 14 0M12 18v4";
const CAMERA = "M4 8h4l2-3h4l2 3h4v12H4Zm8 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z";

/** Buttons that record; `give(file)` is called with what was recorded. */
export function recorders(give) {
  return [
    button(text("record"), () => open("record", { audio: true }, listen, give), { className: "give record" }, icon(MICROPHONE)),
    button(text("photo"), () => open("photo", { video: { facingMode: "environment" } }, look, give), { className: "give photo" }, icon(CAMERA)),
  ];
}

/** Ask for a microphone or a camera in a dialog, and have it used until that is closed. */
async function open(name, wanted, use, give) {
  const part = make("div", {}, make("p", { role: "status" }, text(`${name}-asks`)));
  const dialog = make("dialog.recording", { "aria-label": text(name) }, make("h2", {}, text(name)), part,
    button(text("cancel"), () => dialog.close(), { className: "plain" }));
  const closed = new AbortController();
  dialog.addEventListener("close", () => {
    closed.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    const release = () => stream.getTracks().forEach((track) => track.stop());
    if (closed.signal.aborted) return release();
    closed.signal.addEventListener("abort", release);
    use(part, stream, closed.signal, (file) => {
      dialog.close();
      give(file);
    });
  } catch (fault) {
    part.replaceChildren(make("p.wrong", { role: "alert" }, reason(name, fault)));
  }
}

function reason(name, fault) {
  if (fault.name === "NotAllowedError") return text(`${name}-refused`);
  if (fault.name === "NotFoundError" || fault.name === "OverconstrainedError") return text(`${name}-missing`);
  if (fault.name === "SecurityError") return text("record-insecure");
  return text(`${name}-fails`, { why: fault.message });
}

/** Record a sound until it is ended, half a minute at most. */
function listen(part, stream, signal, done) {
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  const told = make("p.level", { role: "timer" }, clock(0));
  const begun = performance.now();
  const ticking = setInterval(() => {
    const seconds = (performance.now() - begun) / 1000;
    told.textContent = `${clock(seconds)} / ${clock(LONGEST)}`;
    if (seconds >= LONGEST) recorder.stop();
  }, 200);
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  recorder.addEventListener("stop", () => {
    clearInterval(ticking);
    if (signal.aborted) return;
    const type = recorder.mimeType.split(";")[0];
    done(new File(pieces, `${text("recording")}.${type.endsWith("mp4") ? "m4a" : "webm"}`, { type }));
  });
  signal.addEventListener("abort", () => recorder.state !== "inactive" && recorder.stop());
  recorder.start();
  const stop = button(text("record-done"), () => recorder.state !== "inactive" && recorder.stop(), { className: "plain main" });
  part.replaceChildren(make("p.listening", { role: "status" }, text("record-listens")), told, stop);
  stop.focus();
}

/** Show what a camera sees, until a picture is taken of it. */
function look(part, stream, signal, done) {
  const view = make("video", { autoplay: true, muted: true, playsInline: true, srcObject: stream, "aria-label": text("photo-view") });
  const take = () => {
    const canvas = make("canvas", { width: view.videoWidth, height: view.videoHeight });
    canvas.getContext("2d").drawImage(view, 0, 0);
    canvas.toBlob((content) => !signal.aborted && done(new File([content], `${text("photo-name")}.jpg`, { type: "image/jpeg" })), "image/jpeg", 0.92);
  };
  const press = button(text("photo-take"), take, { className: "plain main", disabled: true });
  view.addEventListener("loadeddata", () => {
    press.disabled = false;
    press.focus();
  }, { once: true });
  part.replaceChildren(view, press);
}
