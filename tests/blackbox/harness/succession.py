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
LOADED = "bindings from "
"""What a process says when it has read them all: before, it does not leave its place."""
SERVING = "another process serves in our place"


class Successor(Roundabout):
    """The proxy that takes the place of the one that runs, with the settings as they are now."""

    def __init__(self, before: Roundabout) -> None:
        super().__init__(before.settings, before.folder, before.command[0])
        self.before = before
        self.command.append("--take-over")

    def start(self) -> None:
        """Returns when it serves; the other one may go on for a while."""
        self.before.await_line(LOADED)
        since = len(self.before.log)
        super().start()
        self.before.await_line(SERVING, since=since)

    def attempt(self) -> int:
        """Starts what cannot succeed; its exit status."""
        self.settings.write(self.config)
        Program.start(self)
        return self.wait()


class Line:
    """Processes one after the other; `running` is the one that serves.

    At the end that one is stopped in order; after a failure whatever still runs is killed.
    """

    def __init__(self, first: Roundabout) -> None:
        self.running = first
        self._all = [first]

    async def __aenter__(self) -> Line:
        await asyncio.to_thread(self.running.start)
        return self

    async def next(self) -> Roundabout:
        """Another process takes over; the one from before, which may go on for a while."""
        before = self.running
        after = Successor(before)
        self._all.append(after)
        await asyncio.to_thread(after.start)
        self.running = after
        return before

    async def __aexit__(self, kind: type | None, *failure: object) -> None:
        try:
            if kind is None:
                await asyncio.to_thread(self.running.terminate)
        finally:
            for proxy in self._all:
                if proxy.running:
                    proxy.kill()


async def gone(proxy: Roundabout) -> None:
    """Fails unless it ends by itself, in order."""
    status = await asyncio.to_thread(proxy.wait)
    assert status == 0, f"exit status {status}:\n{proxy.tail()}"


class Pretender:
    """Asks for a process's place as a successor does, and goes no further than it is told."""

    def __init__(self, before: Roundabout) -> None:
        before.await_line(LOADED)
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(PATIENCE)
            asking.connect(str(before.settings.control))
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
