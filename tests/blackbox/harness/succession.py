"""Processes that take each other's place: `roundabout --take-over`, and one that only pretends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

from harness.program import Program
from harness.roundabout import Roundabout

PATIENCE = 20.0
MOST = 66 * 1024
SERVING = "another process serves in our place"


class Successor(Roundabout):
    """The proxy that takes the place of the one that runs, with the settings as they are now."""

    def __init__(self, before: Roundabout) -> None:
        super().__init__(before.settings, before.folder, before.command[0])
        self.before = before
        self.command.append("--take-over")

    def start(self) -> None:
        """Returns when it serves; the other one may go on for a while."""
        since = len(self.before.log)
        super().start()
        self.before.await_line(SERVING, since=since)

    def attempt(self) -> int:
        """Starts what cannot succeed; its exit status."""
        self.settings.write(self.config)
        Program.start(self)
        return self.wait()


async def succeed(before: Roundabout) -> Successor:
    """The one that serves from now on."""
    after = Successor(before)
    await asyncio.to_thread(after.start)
    return after


async def gone(proxy: Roundabout) -> None:
    """Fails unless it ends by itself, in order."""
    status = await asyncio.to_thread(proxy.wait)
    assert status == 0, f"exit status {status}:\n{proxy.tail()}"


class Pretender:
    """Asks for a process's place as a successor does, and goes no further than it is told."""

    def __init__(self, control: Path) -> None:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(PATIENCE)
            asking.connect(str(control))
            asking.sendall(b'{"command":"take-over"}\n')
            line, numbers, _, _ = socket.recv_fds(asking, MOST, 4)
        self.answer = json.loads(line)
        self.link = socket.socket(fileno=numbers[0]) if numbers else None
        self.given: list[int] = []
        if self.link:
            self.link.setblocking(True)
            self.link.settimeout(PATIENCE)
            self._await(b"O")

    def go(self) -> None:
        """From here on the process reads nothing."""
        self.link.send(b"G")
        self._await(b"Y")

    def close(self) -> None:
        for number in self.given:
            os.close(number)
        if self.link:
            self.link.close()

    def _await(self, kind: bytes) -> None:
        while True:
            frame, numbers, _, _ = socket.recv_fds(self.link, MOST, 253)
            self.given += numbers
            assert frame, "the link was closed"
            if frame[:1] == kind:
                return
