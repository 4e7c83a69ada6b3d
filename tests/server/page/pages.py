"""Pages of one browser, used by test after test: a new one starts a process, and compiles the
scripts anew, for twice the processor's time of the test itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.server.page.browsing import Page, playwright

FRESH = "fresh"
MOST = 4
"""Pages that are kept, each of which is a process."""
_SIZE = {"width": 1280, "height": 800}


@dataclass
class Opened:
    """A page, and what a policy refused or a script threw in it."""

    page: Page
    kind: str
    faults: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Scheme, host and port of what it shows."""
        parts = urlsplit(self.page.url)
        return f"{parts.scheme}://{parts.netloc}"


class Pages:
    """Opens pages, and keeps those that nothing but their address tells from new ones."""

    def __init__(self, browser: playwright.Browser, home: str) -> None:
        """Take the address of the server that stays, whose files may be kept, too."""
        self._browser = browser
        self._home = home
        self._kept: dict[str, Opened] = {}

    def take(self, fresh: bool, **options: object) -> Opened:
        """Return a page; those of other options, or that are to be fresh, are new."""
        kind = repr(sorted(options.items()))
        if not fresh and kind in self._kept:
            return self._kept.pop(kind)
        context = self._browser.new_context(
            **{"locale": "en-GB", "viewport": _SIZE} | options  # type: ignore[arg-type]
        )
        opened = Opened(context.new_page(), FRESH if fresh else kind)
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
        keep = keep and opened.kind != FRESH and opened.kind not in self._kept
        if keep and context.pages == [opened.page]:
            with suppress(playwright.Error):  # of a page whose server has ended
                _forget(opened, self._home)
                self._kept[opened.kind] = opened
                if len(self._kept) > MOST:
                    self._kept.pop(next(iter(self._kept))).page.context.close()
                return
        context.close()


def _forget(opened: Opened, home: str) -> None:
    """Take back what a test has left in a page."""
    page = opened.page
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("sessionStorage.clear()")
    stored = {"origin": opened.origin, "storageTypes": "all"}
    page.goto("about:blank")
    page.mouse.move(0, 0)
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", stored)
    if stored["origin"] != home:  # another server may get its port
        session.send("Network.clearBrowserCache")
    session.detach()
    page.context.clear_cookies()
    opened.faults.clear()
