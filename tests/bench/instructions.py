"""Instructions a message, counted by callgrind in the project's own core."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMED = re.compile(r"(ob|cob)=\((\d+)\)(?: (.*))?$")
COST = re.compile(r"[+\-*\d]\S* (\d+)$")


@dataclass
class Cost:
    """What one message of a kind costs, in all and by where the instructions are."""

    kind: str
    size: int
    all: float
    own: float
    crypto: float


def count(program: Path, folder: Path, messages: int) -> list[Cost]:
    """Runs the core's messages under callgrind; each figure is the mean of that many."""
    stripped = folder / "core"  # valgrind does not understand clang's debug information
    subprocess.run(["strip", "-g", "-o", stripped, program], check=True)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--collect-atstart=no",
         f"--callgrind-out-file={folder / 'callgrind'}", stripped],
        env={**os.environ, "ROUNDABOUT_BENCH_MESSAGES": str(messages)},
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"callgrind: {done.stdout}{done.stderr}")
    dumps = sorted(folder.glob("callgrind.*"), key=lambda path: int(path.suffix[1:]))
    return [cost for dump in dumps for cost in read(dump, stripped)]


def read(dump: Path, program: Path) -> Iterator[Cost]:
    """A dump's figures, if it is that of a kind of message."""
    objects: dict[str, str] = {}
    costs: Counter[str] = Counter()
    kind, here, of_callee = None, "", False
    for line in dump.read_text(encoding="utf-8").splitlines():
        if line.startswith("desc: Trigger: Client Request: "):
            kind = line.split(": ", 3)[3]
        elif named := NAMED.match(line):
            which, number, name = named.groups()
            if name:
                objects[number] = name
            if which == "ob":
                here = objects.get(number, "")
        elif line.startswith("calls="):
            of_callee = True  # the next line is what the callee cost: counted there
        elif cost := COST.match(line):
            if not of_callee:
                costs[here] += int(cost[1])
            of_callee = False
    if kind is None:
        return
    name, size, messages = kind.split("|")
    crypto = sum(cost for where, cost in costs.items() if "libcrypto" in where)
    yield Cost(name, int(size), sum(costs.values()) / int(messages),
               costs[str(program)] / int(messages), crypto / int(messages))


class Kept:
    """The figures of an earlier state, in a file of lines "kind: instructions"."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_kind: dict[str, int] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            kind, _, figure = line.rpartition(": ")
            if kind and not line.startswith("#"):
                self._by_kind[kind] = int(figure)

    def beside(self, cost: Cost) -> str:
        """By how much a cost differs from the kept one."""
        before = self._by_kind.get(cost.kind)
        return f"{100 * (cost.all / before - 1):+.1f} %" if before else "-"

    def write(self, costs: list[Cost]) -> None:
        """These are to be compared with from now on."""
        lines = ["# Instructions a message in the core, mean of many (run --only instructions).",
                 "# A change that costs more says why; one that costs less is kept here (--keep)."]
        lines += [f"{cost.kind}: {cost.all:.0f}" for cost in costs]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
