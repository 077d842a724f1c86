"""Headless Chromium with phones made of JsSIP or SIP.js, one page each."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

from harness.program import Program

FOLDER = Path(__file__).parent.parent / "browser"
LIBRARIES = ("jssip", "sipjs")
PATIENCE = 30.0
"""Seconds that an event of a page may take; a loaded machine starts a call slowly."""
COMMAND_LIMIT = 60.0


def missing() -> str:
    """What is not installed that a browser needs; empty when all is there."""
    wanted = {"Chromium": Path("/usr/bin/chromium"), "npm packages": FOLDER / "node_modules"}
    return ", ".join(name for name, path in wanted.items() if not path.exists())


class Chromium(Program):
    """The browser and what drives it (browser/runner.mjs), whose pages come from `host`."""

    def __init__(self, host: str, folder: Path) -> None:
        self._host, self._port = host, 0
        super().__init__("chromium", ["node", FOLDER / "runner.mjs", host], folder)

    def start(self) -> None:
        """Starts it; returns when it takes commands."""
        super().start()
        line = self.await_line(r"^serving \d+$", timeout=COMMAND_LIMIT)
        self._port = int(line.split()[1])

    def __exit__(self, *failure: object) -> None:
        self.stop()

    async def ask(self, command: str, **values: object) -> None:
        """Has the runner carry out a command; fails with its reason if it can't."""
        await asyncio.to_thread(self._post, command, json.dumps(values).encode())

    def _post(self, command: str, body: bytes) -> None:
        url = f"http://{self._host}:{self._port}/{command}"
        try:
            urllib.request.urlopen(url, body, COMMAND_LIMIT).close()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{command}: {error.read().decode()}") from None


class BrowserPhone:
    """A phone in a page. It registers by itself, also after a reload and when it reconnects.

    Its events, in the order in which they come: connected, registered, refused, unregistered,
    disconnected; ringing, progress, accepted, held, ended, failed; message, delivered, undelivered.
    """

    def __init__(self, browser: Chromium, user: str, **account: str) -> None:
        self.user, self._browser, self._account = user, browser, account
        self.aor = account["aor"]
        self._since = len(browser.log)
        self._cursors: dict[str, int] = {}

    async def __aenter__(self) -> BrowserPhone:
        await self._browser.ask("open", name=self.user, **self._account)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._browser.ask("close", name=self.user)

    async def reload(self) -> None:
        """Reloads the page: the phone in it is gone without a word, and a new one starts."""
        await self._browser.ask("reload", name=self.user)

    async def act(self, action: str, *values: str) -> None:
        """unregister, call(uri), answer, hold, hangUp or message(uri, text)."""
        await self._browser.ask("act", name=self.user, action=action, values=values)

    async def expect(self, event: str) -> object:
        """The next event of that name that was not expected before; returns its detail."""
        return json.loads((await self._next(self._pattern(event))).split(" ", 2)[2])

    async def receive(self, start: str) -> None:
        """The next SIP message in whose start line begins so."""
        await self._next(rf"^\[{re.escape(self.user)}\] receives {re.escape(start)}")

    async def _next(self, pattern: str) -> str:
        start = self._cursors.get(pattern, self._since)
        line = await asyncio.to_thread(self._browser.await_line, pattern, PATIENCE, start)
        self._cursors[pattern] = self._browser.log.index(line, start) + 1
        return line

    def count(self, event: str) -> int:
        """How often that event came so far."""
        lines = self._browser.log[self._since:]
        return sum(re.match(self._pattern(event), line) is not None for line in lines)

    def received(self, start: str) -> int:
        """How many SIP messages came in whose start line begins so."""
        lines = self._browser.log[self._since:]
        return sum(line.startswith(f"[{self.user}] receives {start}") for line in lines)

    def _pattern(self, event: str) -> str:
        return rf"^{re.escape(self.user)} {event} "
