"""The proxy started by flags alone, as `roundabout FLAG...`."""

from __future__ import annotations

import os
from pathlib import Path

from harness.program import Program
from harness.roundabout import BINARY, READY


class FlagProxy(Program):
    """Runs in `folder`, where its registrations are kept too unless `state` names another, which
    need not exist; `ca` is what it believes of peers.
    """

    def __init__(self, flags: list[str], folder: Path, ca: Path | None = None,
                 state: Path | None = None) -> None:
        variables = {"STATE_DIRECTORY": state or folder, **({"SSL_CERT_FILE": ca} if ca else {})}
        super().__init__("roundabout", [
            "env", *(f"{name}={value}" for name, value in variables.items()),
            os.environ[BINARY], *flags], folder)

    def start(self) -> None:
        """Returns when it is ready."""
        since = len(self.log)
        super().start()
        self.await_line(READY, since=since)
