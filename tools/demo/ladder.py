"""Prints messages as they pass, as a ladder of the parties with Roundabout in the middle."""

from __future__ import annotations

import difflib
import shutil

from agent.endpoint import Endpoint
from agent.message import Message
from agent.wire import identity

GREEN, RED, DIM, PLAIN = "\033[32m", "\033[31m", "\033[2m", "\033[0m"


def shortened(line: str, used: int) -> str:
    """The line, cut where the terminal ends; `used` columns of it are taken."""
    width = shutil.get_terminal_size((110, 24)).columns - used
    return line if len(line) <= width else line[: width - 1] + "…"


class Tap(list):
    """A list that tells of each message put into it."""

    def __init__(self, told) -> None:
        super().__init__()
        self._told = told

    def append(self, raw: bytes) -> None:
        super().append(raw)
        self._told(raw)


class Ladder:
    """Watches parties' endpoints. A message that went in at one side and came out at another is
    printed once, when it has come out, with the lines that Roundabout changed."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour
        self._clients: set[str] = set()
        self._sent: dict[tuple, tuple[str, bytes]] = {}

    def watch(self, name: str, endpoint: Endpoint, client: bool = False) -> None:
        """`client`: Roundabout stands between this party and all others."""
        label = f"{name} ({endpoint.transport.upper()})"
        if client:
            self._clients.add(label)
        endpoint.sent = Tap(lambda raw: self._went_in(label, raw))
        endpoint.received = Tap(lambda raw: self._came_out(label, raw))

    def say(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def _went_in(self, label: str, raw: bytes) -> None:
        self._sent[identity(Message(raw))] = label, raw

    def _came_out(self, label: str, raw: bytes) -> None:
        message = Message(raw)
        start = raw.split(b"\r\n", 1)[0].decode()
        sender, original = self._sent.pop(identity(message), (None, None))
        if sender is None:
            self._arrow("Roundabout", label, start)
            return
        if not self._clients & {sender, label}:
            self._arrow(sender, label, start)
            return
        self._arrow(sender, f"Roundabout ──▶ {label}", start)
        for line in self._changes(original, raw):
            print(f"{'':18}{line}", flush=True)

    @staticmethod
    def _arrow(sender: str, way: str, start: str) -> None:
        print(shortened(f"  {sender:>14} ──▶ {way}:  {start}", 2), flush=True)

    def _changes(self, before: bytes, after: bytes):
        old, new = (raw.split(b"\r\n\r\n", 1)[0].decode().split("\r\n") for raw in (before, after))
        for line in difflib.unified_diff(old, new, n=0, lineterm=""):
            if line.startswith(("---", "+++", "@@")):
                continue
            text = shortened(line, 22)
            shade = GREEN if line[0] == "+" else RED
            yield f"{shade}{text}{PLAIN}" if self._colour else text
