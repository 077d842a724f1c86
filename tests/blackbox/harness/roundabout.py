"""The proxy itself as a child process."""

from __future__ import annotations

import os
from pathlib import Path

from harness.config import Settings
from harness.program import Program

BINARY = "ROUNDABOUT_BIN"
READY = r"roundabout ready"


class Roundabout(Program):
    """`roundabout --config FILE`; start returns when it is ready."""

    def __init__(self, settings: Settings, folder: Path, binary: str | None = None) -> None:
        self.settings = settings
        self.config = folder / "roundabout.toml"
        super().__init__("roundabout",
                         [binary or os.environ[BINARY], "--config", self.config], folder)

    def start(self) -> None:
        """Writes the configuration, starts the daemon, awaits its ready line."""
        self.settings.write(self.config)
        since = len(self.log)
        super().start()
        self.await_line(READY, since=since)

    def terminate(self) -> None:
        """SIGTERM; fails unless it then ends with exit status 0."""
        status = self.stop()
        if status != 0:
            raise AssertionError(f"exit status {status} after SIGTERM:\n{self.tail()}")

    def __enter__(self) -> Roundabout:
        self.start()
        return self

    def __exit__(self, kind: type | None, *failure: object) -> None:
        if not self.running:
            if kind is None:
                raise AssertionError(f"the proxy ended during the test:\n{self.tail()}")
            return
        if kind is None:
            self.terminate()
        else:
            self.kill()
