"""`--take-over` while clients of all transports call and register: no call notices.

ROUNDABOUT_SEED repeats a run's choices.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from pathlib import Path

from agent.endpoint import TRANSPORTS
from harness.certificates import Authority
from harness.crowd import Crowd
from harness.ctl import Ctl
from harness.lasting_call import FATES, LastingCall
from harness.proxied import FiveTransports
from harness.slot import Slot
from harness.station import CONNECTION_LOST, Client, Station
from harness.succession import Line, gone
from harness.table import Table

SEED = int(os.environ.get("ROUNDABOUT_SEED", random.randrange(2**32)))
WORKERS = [2, 3, 1]
"""One process after the other."""
TICK = 0.02
"""Seconds from one call to the next one."""
RINGING = 20
"""Ticks that a call rings."""
MOMENTS = (15, 40)
"""Ticks between which the next process is started."""
AFTERWARDS = 40
"""Ticks of load after it serves."""
TEST_LIMIT = 180.0


class Scene(Crowd):
    """The crowd as in life: who loses a connection comes back by another one."""

    def __init__(self, net: FiveTransports, chance: random.Random) -> None:
        super().__init__(net, chance)
        self.calls: dict[LastingCall, asyncio.Task] = {}
        self.came_back: Counter[str] = Counter()
        self._watching: list[asyncio.Task] = []

    async def open(self, guarded: bool = False) -> None:
        await super().open(guarded)
        for station in [*self.servers.values(), *self.residents]:
            if station.reliable:
                self._watching.append(asyncio.create_task(self._watch(station)))

    async def close(self) -> None:
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        for station in [*self.servers.values(), *self.residents]:
            failures = station.agent.endpoint.failures
            failures[:] = [failure for failure in failures
                           if not isinstance(failure, CONNECTION_LOST)]
        await super().close()

    async def load(self, ticks: int) -> None:
        """A call a tick; each rings for a while."""
        for tick in itertools.count():
            for call in list(self.calls)[:-RINGING]:
                call.go.set()
            if tick == ticks:
                return
            call = self.call(TRANSPORTS[tick % len(TRANSPORTS)], list(FATES))
            if not call.outward and call.fate == "cancelled":
                call.fate = "refused"  # one that is parked would be cancelled before it arrives
            self.calls[call] = asyncio.create_task(call.run())
            await asyncio.sleep(TICK)

    async def end(self) -> int:
        """Returns how many calls there were, when each has ended as it was to."""
        for call in self.calls:
            call.go.set()
        await asyncio.gather(*self.calls.values())
        for number, call in enumerate(self.calls):
            assert not call.lost, f"{call.lost}: {call}"
            if call.fate == "answered":
                await call.hang_up(by_caller=bool(number % 2))
        count = len(self.calls)
        for station in [*self.servers.values(), *self.residents]:
            station.forget()
        self.calls.clear()
        return count

    async def _watch(self, station: Station) -> None:
        while True:
            flow = await station.agent.endpoint.flow_to(station.proxy)
            await flow.closed.wait()
            station.back.clear()
            await station.reconnect()
            for call in self.calls:
                await call.go_on(station)
            if isinstance(station, Client):
                await station.register()
            station.back.set()
            self.came_back[station.agent.transport] += 1


async def test_no_call_of_any_transport_notices(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str, tables: list[Table]):
    """R46: not even one that is being set up, cancelled or refused; nobody rings twice."""
    print(f"ROUNDABOUT_SEED={SEED}")
    net = FiveTransports(slot, authority, tmp_path, binary)
    net.settings.control = tmp_path / "run" / "control"
    net.settings.log_level = "info"
    # A busy server keeps its connection to the older process, and clients are called by both.
    net.settings.more = {"drain": 20, "park": 20}
    net.settings.workers = WORKERS[0]
    steps = [f"{a} to {b} workers" for a, b in zip(WORKERS, WORKERS[1:])]
    columns = ["calls", *TRANSPORTS[1:]]
    table = Table(f"calls, and connections made anew, ROUNDABOUT_SEED={SEED}", steps, columns)
    scene = Scene(net, random.Random(SEED))
    async with Line(net.proxy) as line:
        await scene.open()
        for step, workers in zip(steps, WORKERS[1:]):
            scene.came_back.clear()
            net.settings.workers = workers
            await scene.load(scene.chance.randint(*MOMENTS))
            taking_over = asyncio.create_task(line.next())
            await scene.load(AFTERWARDS)
            before = await taking_over
            await scene.load(AFTERWARDS)
            table.put(step, "calls", str(await scene.end()))
            await gone(before)
            for transport in TRANSPORTS[1:]:
                table.put(step, transport, str(scene.came_back[transport]))
        rows = await asyncio.to_thread(Ctl("--socket", net.settings.control).json, "list")
        assert len(rows) == len(scene.residents)
        await scene.close()
    tables.append(table)
