"""A program that runs beside the test: its output is collected, its lines can be awaited."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

START_LIMIT = 30.0
STOP_LIMIT = 20.0


class Program:
    """A child process. A thread reads its output into `log`; `await_line` waits for a line.

    `started` lists those that run, and those that ended during the current test, so that the
    report of a failure can show their logs.
    """

    started: ClassVar[list[Program]] = []

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path) -> None:
        self.name, self.command, self.folder = name, [str(part) for part in command], folder
        self.wrapper: list[str] = []
        """What starts the command, if not we by ourselves."""
        self.more: dict[str, object] = {}
        """More of what subprocess.Popen takes."""
        self.log: list[str] = []
        self._news = threading.Condition()
        self._process: subprocess.Popen | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the process, in a session of its own."""
        self._process = subprocess.Popen(
            [*self.wrapper, *self.command], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **self.more)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if self not in Program.started:
            Program.started.append(self)

    def await_line(self, pattern: str, timeout: float = START_LIMIT, since: int = 0) -> str:
        """The first log line from index `since` on that matches; fails when the process ends."""
        limit = time.monotonic() + timeout
        with self._news:
            while True:
                found = next((line for line in self.log[since:] if re.search(pattern, line)), None)
                if found is not None:
                    return found
                left = limit - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    why = "ended" if left > 0 else f"took longer than {timeout} s"
                    raise AssertionError(f"{self.name} {why} before {pattern!r}:\n{self.tail()}")
                self._news.wait(left)

    def wait(self, timeout: float = STOP_LIMIT) -> int:
        """Exit status, once the process has ended by itself."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.tail()}") from None
        self._reader.join()
        return status

    def signal(self, number: int) -> None:
        """Sends a signal to the process and its children, if it still runs."""
        if self.running:
            os.killpg(self._process.pid, number)

    def stop(self) -> int | None:
        """SIGTERM, then the exit status; None where it was never started."""
        if self._process is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except AssertionError:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        self.wait()

    def tail(self, lines: int = 60) -> str:
        """The end of the log."""
        return "\n".join(self.log[-lines:])

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self.running:
            self.kill()

    def _read(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            with self._news:
                self.log.append(line.decode(errors="replace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()
