"""Addresses that belong to one test process, so that tests can run side by side."""

from __future__ import annotations

import fcntl
import itertools
import tempfile
from pathlib import Path

SLOTS = range(10, 200)
FIRST_PORT = 20000
PORTS_A_SLOT = 40


class Slot:
    """A locked part of the loopback network: 127.<number>.0.0/16 and a range of ports."""

    def __init__(self) -> None:
        for number in SLOTS:
            path = Path(tempfile.gettempdir()) / f"roundabout-slot-{number}.lock"
            lock = path.open("a")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self.number, self._lock = number, lock
            first = FIRST_PORT + PORTS_A_SLOT * (number - SLOTS.start)
            self._ports = itertools.cycle(range(first, first + PORTS_A_SLOT))
            return
        raise RuntimeError("no free slot: too many tests at once")

    def ip(self, host: int) -> str:
        """An IPv4 address of this process alone."""
        return f"127.{self.number}.0.{host}"

    def port(self) -> int:
        """A port for an address that other tests use too; a new one each time."""
        return next(self._ports)

    def close(self) -> None:
        self._lock.close()
