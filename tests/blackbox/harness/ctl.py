"""The operator's program, run once a call."""

from __future__ import annotations

import json
import os
import subprocess

CTL = "ROUNDABOUT_CTL"
TIME_LIMIT = 30.0


class Ctl:
    """`roundabout-ctl` with the same first options each time."""

    def __init__(self, *options: object) -> None:
        self._command = [os.environ[CTL], *map(str, options)]

    def run(self, *words: str, status: int = 0) -> subprocess.CompletedProcess:
        """Fails unless it ends with that exit status."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=TIME_LIMIT, check=False)
        if done.returncode != status:
            raise AssertionError(f"{words}: exit status {done.returncode}, not {status}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def json(self, *words: str, status: int = 0) -> list[dict]:
        """Its output with --json: an object a line."""
        lines = self.run("--json", *words, status=status).stdout.splitlines()
        return [json.loads(line) for line in lines]
