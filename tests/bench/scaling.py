"""What a call costs as work, connections and workers grow."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from proxies import Network, Proxy

PENDING = (1, 10_000, 100_000)
IDLE = (1_000, 5_000, 10_000)
REGISTERED = (1_000, 3_000)
FROM_ONE_ADDRESS = (2_000, 20_000, 100_000)
SOURCES = 256
TICKS = os.sysconf("SC_CLK_TCK")

Load = Callable[..., dict[str, float]]
"""Runs the load generator: proxy, transport, more words."""
Start = Callable[[int, Network], Proxy]
"""Makes Roundabout with that many workers."""


def pending(load: Load, make: Callable[[], Proxy], network: Network, calls: int,
            counts: tuple[int, ...] = PENDING) -> list[dict[str, float]]:
    """Calls by UDP beside that many INVITEs which ring: CPU a call, bytes a pending one."""
    found = []
    for count in counts:
        proxy = make()
        with proxy.program:
            told = load(proxy, "udp", "--callee", network.callee, "--pending", count, "--calls",
                        calls, "--warmup", calls // 5, "--links", 8)
        found.append({"count": count, **told})
    return found


def idle(load: Load, make: Callable[[], Proxy],
         counts: tuple[int, ...] = IDLE) -> list[dict[str, float]]:
    """That many idle WSS connections: bytes and CPU of each."""
    found = []
    for count in counts:
        proxy = make()
        with proxy.program:
            found.append({"count": count, **load(proxy, "wss", "--idle", count)})
    return found


def registers(load: Load, make: Callable[[], Proxy], network: Network,
              counts: tuple[int, ...] = FROM_ONE_ADDRESS) -> list[dict[str, float]]:
    """That many addresses-of-record register from one UDP address: CPU of each REGISTER."""
    found = []
    for count in counts:
        proxy = make()
        with proxy.program:
            found.append({"count": count, **load(
                proxy, "udp", "--register", "--callee", network.callee, "--calls", count,
                "--outstanding", 256)})
    return found


def registered(load: Load, make: Callable[[], Proxy], network: Network,
               counts: tuple[int, int] = REGISTERED) -> float:
    """Bytes that a client by WSS costs, its connection and its binding: what the more of two crowds
    takes beyond the other. At a rate, so that as many transactions linger in both."""
    taken = []
    for count in counts:
        proxy = make()
        with proxy.program:
            told = load(proxy, "wss", "--register", "--callee", network.callee, "--calls", count,
                        "--links", count, "--rate", 200)
        taken.append(told["memory"])
    return (taken[1] - taken[0]) / (counts[1] - counts[0])


def workers(load: Load, start: Start, networks: tuple[Network, Network], transport: str,
            many: bool, given: argparse.Namespace) -> tuple[float, float, float, float]:
    """CPU a call with one worker, with two processes of one worker each that share nothing but the
    machine, and with two workers; and how much of it the busier of two workers had.

    `many`: from 256 addresses; else all by one 4-tuple.
    """
    source = ["--sources", SOURCES, "--links", SOURCES] if many else ["--links", 1]

    def run(proxy: Proxy, network: Network, part: int) -> float:
        return load(proxy, transport, "--callee", network.callee, "--calls", given.calls // part,
                    "--warmup", given.calls // 5 // part, "--outstanding",
                    given.outstanding // part, *source, many=many)["cpu_us_per_call"]

    proxy = start(1, networks[0])
    with proxy.program:
        one = run(proxy, networks[0], 1)
    apart = [start(1, network) for network in networks]
    with apart[0].program, apart[1].program, ThreadPoolExecutor() as threads:
        separate = list(threads.map(run, apart, networks, (2, 2)))
    proxy = start(2, networks[0])
    with proxy.program, busy(proxy.program.pid) as used:
        two = run(proxy, networks[0], 1)
    most = sorted(used, reverse=True)[:2]
    return one, sum(separate) / 2, two, most[0] / (sum(most) or 1)  # less than a tick: 0


@contextmanager
def busy(process: int) -> Iterator[list[float]]:
    """What each thread of the process has used meanwhile, in seconds."""
    before, used = by_thread(process), []
    yield used
    after = by_thread(process)
    used += [cpu - before.get(thread, 0) for thread, cpu in after.items()]


def by_thread(process: int) -> dict[str, float]:
    """CPU seconds of each thread."""
    used = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        used[task.name] = (int(fields[11]) + int(fields[12])) / TICKS
    return used


def factor(values: list[float]) -> str:
    """How the last is to the first."""
    return f"{values[-1] / values[0]:.2f}" if values[0] else "-"
