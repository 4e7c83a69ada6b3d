"""Examples that are recorded and dropped, in a real Chromium with devices that are made up."""

from __future__ import annotations

import base64

from tests import media_files as make
from tests.media.test_clip import filmed
from tests.server.page.browsing import expect, until


def test_a_sound_is_recorded_and_searched_by(visit):
    page = visit()
    page.get_by_role("button", name="Search by a sound that is recorded").click()
    page.get_by_text("Recording; half a minute at most.").wait_for()
    until(page, "!document.querySelector('[role=timer]').textContent.startsWith('0:00')")
    with page.expect_response("**/api/similar/upload") as answered:
        page.get_by_role("button", name="Search by it").click()
    assert answered.value.status == 200, answered.value.text()
    assert answered.value.json()["hits"]
    page.locator(".example", has_text="recording.webm").wait_for()
    expect(page.locator("dialog[open]")).to_have_count(0)
    until(page, "document.querySelector('.tile .name')?.textContent === 'tone.wav'")


def test_a_picture_is_taken_and_searched_by(visit):
    page = visit()
    page.get_by_role("button", name="Search by a picture that is taken").click()
    take = page.get_by_role("button", name="Take the picture")
    until(page, "document.querySelector('.recording video')?.videoWidth > 0")
    with page.expect_response("**/api/similar/upload") as answered:
        take.click()
    assert answered.value.status == 200
    page.locator(".example img").wait_for()
    until(page, "document.querySelector('.example img').naturalWidth > 100")


def test_the_microphone_is_let_go_where_one_thinks_better_of_it(visit):
    page = visit()
    page.evaluate(
        """() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => (window.given = await ask(wanted));
        }"""
    )
    page.get_by_role("button", name="Search by a sound that is recorded").click()
    page.get_by_text("Recording; half a minute").wait_for()
    page.keyboard.press("Escape")
    until(page, "window.given.getTracks().every((track) => track.readyState === 'ended')")
    expect(page.locator(".example")).to_have_count(0)


def test_why_nothing_is_recorded_is_said(visit):
    page = visit("/?q=red")
    for fault, told in (
        ("NotAllowedError", "does not let this page use the microphone"),
        ("NotFoundError", "There is no microphone"),
        ("AbortError", "cannot be used: broken"),
    ):
        page.evaluate(
            """(fault) => {
            const refuse = async () => { throw new DOMException("broken", fault); };
            navigator.mediaDevices.getUserMedia = refuse;
            }""",
            fault,
        )
        page.get_by_role("button", name="Search by a sound that is recorded").click()
        expect(page.get_by_role("alert").filter(has_text=told)).to_contain_text(told)
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator("input[type=search]")).to_have_value("red")


def test_pages_that_may_not_record_say_so(visit):
    page = visit()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.get_by_role("button", name="Search by a picture that is taken").click()
    page.get_by_text("over HTTPS and on this machine alone").wait_for()


def test_a_video_that_is_dropped_is_searched_by(visit, tmp_path):
    page = visit("/?kind=video")
    film = make.video(tmp_path / "mine.mp4", ("red", "blue"))
    content = base64.b64encode(film.read_bytes()).decode()
    with page.expect_response("**/api/similar/upload") as answered:
        page.evaluate(
            """(content) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const given = new DataTransfer();
            given.items.add(new File([bytes], "mine.mp4", { type: "video/mp4" }));
            dispatchEvent(new DragEvent("drop", { dataTransfer: given }));
            }""",
            content,
        )
    assert answered.value.status == 200
    page.locator(".example", has_text="mine.mp4").wait_for()
    until(page, "document.querySelector('.tile .name')?.textContent.includes('film')")


def test_a_sound_of_a_browser_has_no_length_in_its_head(served, tmp_path):
    """What MediaRecorder writes has none, as it is a stream; such a file is searched by, too."""
    sound = filmed(tmp_path / "streamed.webm", None, "libopus")
    answer = served.http.post("/api/similar/upload", files={"file": sound.read_bytes()})
    assert answer.status_code == 200 and answer.json()["hits"]
