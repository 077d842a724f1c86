"""A service manager: hears sd_notify(3), keeps descriptors, and starts a program with them."""

from __future__ import annotations

import array
import fcntl
import itertools
import os
import socket
import sys
import threading
import time

from harness.program import Program

PATIENCE = 20.0
FIRST = 3
"""SD_LISTEN_FDS_START."""
HIGH = 400
"""Descriptors that we keep have higher numbers, out of the way of the program's own."""
MOST = 253
MOVE = f"""
import os, sys
numbers = [int(number) for number in sys.argv[1].split(",") if number]
for place, number in enumerate(numbers, {FIRST}):
    os.dup2(number, place)
    os.close(number)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
"""
_numbers = itertools.count()


class Manager:
    """What systemd is to a service of Type=notify with FileDescriptorStoreMax=`room`."""

    def __init__(self, watchdog: float | None = None, room: int = 4096) -> None:
        self.address = f"@roundabout-test-{os.getpid()}-{next(_numbers)}"
        self.heard: list[dict[str, str]] = []
        """Every message, as its assignments."""
        self.kept: list[tuple[str, int]] = []
        """Name and descriptor of what is in the store."""
        self._programs: set[Program] = set()
        self._watchdog, self._room = watchdog, room
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.address[1:])
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, program: Program) -> None:
        """Starts it with all that is kept; returns when it says READY=1."""
        since = len(self.heard)
        self._programs.add(program)
        self.dress(program)
        program.start()
        self.await_state("READY", "1", since)

    def dress(self, program: Program) -> None:
        """Its next start gets our socket and all that is kept."""
        with self._news:
            kept = list(self.kept)
        environment = {**os.environ, "NOTIFY_SOCKET": self.address}
        if self._watchdog:
            environment["WATCHDOG_USEC"] = str(int(self._watchdog * 1e6))
        hand_over(program, kept, environment)

    def count(self, name: str) -> int:
        """How many descriptors are kept under that name."""
        with self._news:
            return sum(kept == name for kept, _ in self.kept)

    def await_state(self, name: str, value: str, since: int = 0) -> dict[str, str]:
        """The first message from `since` on that says so."""
        return self.await_that(lambda: next(
            (said for said in self.heard[since:] if said.get(name) == value), None),
            f"{name}={value}")

    def await_that(self, look, what: str, patience: float = PATIENCE):
        """What `look` gives, as soon as it gives anything."""
        limit = time.monotonic() + patience
        with self._news:
            while not (found := look()):
                if not self._news.wait(max(0.0, limit - time.monotonic())):
                    raise AssertionError(f"{what} did not come; heard: {self.heard[-20:]}")
            return found

    def close(self) -> None:
        """Ends what a failed test left running, too."""
        for program in self._programs:
            if program.running:
                program.kill()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
        for _, descriptor in self.kept:
            os.close(descriptor)

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        room = socket.CMSG_SPACE(MOST * array.array("i").itemsize)
        while True:
            text, ancillary, _, _ = self._socket.recvmsg(8192, room)
            if not text:
                return
            said = dict(line.split("=", 1) for line in text.decode().splitlines())
            came = array.array("i")
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    came.frombytes(data[: len(data) - len(data) % came.itemsize])
            with self._news:
                self._take(said, list(came))
                self.heard.append(said)
                self._news.notify_all()

    def _take(self, said: dict[str, str], came: list[int]) -> None:
        if said.get("FDSTORE") == "1":
            inodes = {os.fstat(kept).st_ino for _, kept in self.kept}
            for descriptor in came:
                if os.fstat(descriptor).st_ino not in inodes and len(self.kept) < self._room:
                    self.kept.append((said["FDNAME"],
                                      fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)))
        if said.get("FDSTOREREMOVE") == "1":
            for name, kept in self.kept:
                if name == said["FDNAME"]:
                    os.close(kept)
            self.kept = [entry for entry in self.kept if entry[0] != said["FDNAME"]]
        for descriptor in came:
            os.close(descriptor)


def hand_over(program: Program, named: list[tuple[str, int]],
              environment: dict[str, str] | None = None) -> None:
    """The program's next start gets these descriptors as sd_listen_fds(3) wants it.

    Their numbers must be above those that they get there.
    """
    environment = dict(environment or os.environ)
    if named:
        environment["LISTEN_FDS"] = str(len(named))
        environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in named)
    program.wrapper = [sys.executable, "-I", "-S", "-c", MOVE,
                       ",".join(str(number) for _, number in named)]
    program.more = {"env": environment, "pass_fds": [number for _, number in named]}
