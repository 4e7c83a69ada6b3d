"""Pages of one browser, used by test after test: a new one starts a process, and compiles the
scripts anew, for twice the processor's time of the test itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from tests.server.conftest import Served
from tests.server.page.browsing import Page, playwright

FRESH = "fresh"
PLAIN = repr([])
"""The kind of those that were asked for without options, as most are."""
MOST = 4
"""Pages that are kept, each of which is a process."""
_LOOKS = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
"""What a page can be told anew, and what it is where a test doesn't say."""
_CLEAR = """() => {
  const clear = () => { localStorage.clear(); sessionStorage.clear(); };
  clear();
  addEventListener("pagehide", clear);  // behind the page's own, which writes once more
  for (const media of document.querySelectorAll("audio, video")) media.pause();
}"""


@dataclass
class Opened:
    """A page, and what a policy refused or a script threw in it."""

    page: Page
    kind: str
    looks: dict[str, object]
    faults: list[str] = field(default_factory=list)
    servers: dict[str, Served] = field(default_factory=dict)
    """Whose files the browser may have kept, by their addresses."""
    server: Served | None = None
    """Whose page it is."""

    def visit(self, server: Served, address: str) -> Page:
        """Go to an address of a server, and wait for what it shows."""
        if self.servers.setdefault(server.url, server) is not server:  # its port is another's now
            session = self.page.context.new_cdp_session(self.page)
            session.send("Network.clearBrowserCache")
            session.detach()
            self.servers = {server.url: server}
        self.server = server
        self.page.goto(server.url + address)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def look(self, looks: dict[str, object]) -> None:
        """Take a size and colours."""
        if self.looks != looks:
            self.page.set_viewport_size(looks["viewport"])  # type: ignore[arg-type]
            self.page.emulate_media(color_scheme=looks["color_scheme"])  # type: ignore[arg-type]
            self.looks = looks

    def forget(self, lasting: bool) -> None:
        """Take back what a test has left in it.

        Args:
            lasting: whether its server lasts, and another test soon takes it: then it stays where
                it is. To leave it for an empty page costs a sixth of a visit.
        """
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.evaluate(_CLEAR)
        if not (lasting and self.kind == PLAIN):
            self.page.goto("about:blank")
        self.page.mouse.move(0, 0)
        self.page.context.clear_cookies()


class Pages:
    """Opens pages, and keeps those that nothing but their address tells from new ones."""

    def __init__(self, browser: playwright.Browser, home: Served) -> None:
        """Take the server that lasts as long as they do."""
        self._browser = browser
        self._home = home
        self._kept: list[Opened] = []

    def take(self, fresh: bool, **options: object) -> Opened:
        """Return a page; those of other options, or that are to be fresh, are new.

        A page that is kept takes any size and any colours.
        """
        looks = {name: options.pop(name, usual) for name, usual in _LOOKS.items()}
        kind = FRESH if fresh else repr(sorted(options.items()))
        for opened in reversed(self._kept):  # the last one, so that a second one is seldom taken
            if opened.kind == kind:
                self._kept.remove(opened)
                opened.look(looks)
                opened.faults.clear()
                return opened
        return self._open(kind, looks, options)

    def _open(self, kind: str, looks: dict[str, object], options: dict[str, object]) -> Opened:
        context = self._browser.new_context(**{"locale": "en-GB"} | looks | options)  # type: ignore[arg-type]
        opened = Opened(context.new_page(), kind, looks)
        opened.page.set_default_timeout(20_000)
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.page.on(
            "console", lambda line: "Policy" in line.text and opened.faults.append(line.text)
        )
        return opened

    def give_back(self, opened: Opened, keep: bool) -> None:
        """Keep a page, without what it has stored and how its requests are answered, or close it
        and all that it has opened."""
        context = opened.page.context
        if keep and opened.kind != FRESH and context.pages == [opened.page]:
            with suppress(playwright.Error):  # of a page whose server has ended
                opened.forget(lasting=opened.server is self._home)
                self._kept.append(opened)
                if len(self._kept) > MOST:
                    self._kept.pop(0).page.context.close()
                return
        context.close()
