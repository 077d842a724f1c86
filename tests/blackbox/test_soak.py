"""Mixed traffic for a while: memory, descriptors and transactions that it took are given back.

ROUNDABOUT_SOAK_SECONDS says how long the traffic lasts, ROUNDABOUT_SEED repeats a run's choices.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import time
from pathlib import Path

import pytest

from agent.endpoint import STREAMS, TRANSPORTS
from harness.certificates import Authority
from harness.crowd import SERVERS, Crowd
from harness.ctl import CTL, Ctl
from harness.lasting_call import LastingCall
from harness.proxied import FiveTransports
from harness.slot import Slot
from harness.station import Client
from harness.table import Table

SECONDS = float(os.environ.get("ROUNDABOUT_SOAK_SECONDS", "20"))
SEED = int(os.environ.get("ROUNDABOUT_SEED", random.randrange(2**32)))
WARM_UP = min(SECONDS / 2, 60)
"""Of these seconds: what memory it costs to have had that traffic at all."""
TEST_LIMIT = 600.0 + 3 * SECONDS
TICK = 0.02
"""Seconds from one thing to the next one."""
RINGING = 10
"""Ticks that a call rings."""
MEMORY_SLACK = (1.1, 4096)
"""Times the warm size, and kB beside, that the size may have in the end."""
SANITIZED = 1 << 30
"""kB of address space that only a sanitizer reserves; it also keeps freed memory."""
GAUGES = ["transaction_live", "proxy_live", "transport_connections", "bindings",
          "bindings_pending", "store_waiting"]
LOOK_AGAIN = 0.5


class Reading:
    """What the proxy holds at one moment."""

    def __init__(self, pid: int, counters: dict[str, int]) -> None:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        sizes = {name: int(kb) for name, kb in re.findall(r"(\w+):\s+(\d+) kB", status)}
        self.memory, self.sanitized = sizes["VmRSS"], sizes["VmSize"] > SANITIZED
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        self.threads = len(os.listdir(f"/proc/{pid}/task"))
        self.gauges = {name: counters[name] for name in GAUGES}
        self.counters = counters

    @property
    def held(self) -> dict[str, int]:
        """All but memory, which no allocator gives back to the byte."""
        return {**self.gauges, "descriptors": self.descriptors, "threads": self.threads}

    @property
    def besides(self) -> dict[str, int]:
        """What is held beside connections, each of which is a descriptor."""
        connections = self.gauges["transport_connections"]
        return {**self.held, "descriptors": self.descriptors - connections,
                "transport_connections": 0}


class Soak:
    """The crowd, what it does, and the proxy as roundabout-ctl and the kernel see it."""

    def __init__(self, crowd: Crowd, ctl: Ctl) -> None:
        self.crowd, self.ctl = crowd, ctl
        self.wanderers: list[Client] = []
        self.intruders: list[Client] = []
        self.done: dict[str, int] = {}
        self._busy: set[Client] = set()
        self._under_way: set[asyncio.Task] = set()
        self._ringing: list[LastingCall] = []

    async def open(self) -> None:
        """Everybody is there and registered, save who will never be."""
        await self.crowd.open(guarded=True)
        for transport, server in itertools.product(TRANSPORTS, SERVERS):
            self.wanderers.append(await self.crowd.client(transport, server))
            await self.wanderers[-1].register()
            self.intruders.append(await self.crowd.client(transport, server, "wrong"))

    async def close(self) -> None:
        for client in [*self.wanderers, *self.intruders]:
            await client.agent.close()
        await self.crowd.close()

    async def traffic(self, seconds: float) -> None:
        """Something new at each tick; returns when all that was begun has ended."""
        end = time.monotonic() + seconds
        for tick in itertools.count():
            if time.monotonic() > end:
                break
            for call in self._ringing[:-RINGING]:
                call.go.set()
            del self._ringing[:-RINGING]
            self._begin(*self._choose(TRANSPORTS[tick % len(TRANSPORTS)]))
            await asyncio.sleep(TICK)
            self._raise_failures()
        for call in self._ringing:
            call.go.set()
        await asyncio.gather(*self._under_way)
        for intruder in self.intruders:
            await self._disconnect(intruder)
        for station in [*self.crowd.servers.values(), *self.crowd.residents, *self.wanderers,
                        *self.intruders]:
            station.forget()

    async def read(self) -> Reading:
        """A reading now."""
        counters, = await asyncio.to_thread(self.ctl.json, "stats")
        return Reading(self.crowd.net.proxy.pid, counters)

    async def quiet(self) -> Reading:
        """A reading once no transaction is left: they linger for 32 s (RFC 3261 §17, RFC 6026)."""
        reading = await self.read()
        while reading.gauges["transaction_live"] or reading.gauges["proxy_live"]:
            await asyncio.sleep(LOOK_AGAIN)
            reading = await self.read()
        return reading

    def _choose(self, transport: str):
        """A name for the table, and what to do."""
        chance = self.crowd.chance
        kind = chance.choices(["call", "refresh", "reconnect", "refused login"], [6, 1, 2, 1])[0]
        if kind == "call":
            call = self.crowd.call(transport, ["hung up", "refused", "cancelled"])
            self._ringing.append(call)
            return f"call {call.fate}", call.run()
        if kind == "refresh":
            resident = chance.choice(self.crowd.residents)
            return kind, resident.phone.register(3600)
        group = self.wanderers if kind == "reconnect" else self.intruders
        idle = [client for client in group
                if client not in self._busy and client.agent.transport in (transport, *STREAMS)]
        if not idle:
            return kind, asyncio.sleep(0)
        client = chance.choice(idle)
        self._busy.add(client)
        return kind, self._reconnect(client) if group is self.wanderers else self._intrude(client)

    def _begin(self, name: str, doing) -> None:
        self.done[name] = self.done.get(name, 0) + 1
        self._under_way.add(asyncio.create_task(doing))

    def _raise_failures(self) -> None:
        for task in [task for task in self._under_way if task.done()]:
            self._under_way.remove(task)
            task.result()

    async def _reconnect(self, client: Client) -> None:
        """A page reload: the connection goes without a word, the client comes by another one."""
        await self._disconnect(client)
        await client.phone.register(3600)
        call = LastingCall(client, outward=False, fate="hung up")
        call.go.set()
        await call.run()
        self._busy.remove(client)

    async def _intrude(self, client: Client) -> None:
        refusal = await client.phone.send_register(
            [("Contact", f"<{client.phone.contact_uri}>"), ("Expires", "3600")])
        assert refusal.status == 401
        await self._disconnect(client)
        self._busy.remove(client)

    @staticmethod
    async def _disconnect(client: Client) -> None:
        endpoint = client.agent.endpoint
        for flow in endpoint.flows:
            await flow.close()
        endpoint.flows.clear()


def report(first: Reading, warm: Reading, last: Reading, done: dict[str, int]) -> Table:
    """The readings side by side, and what was done between them."""
    readings = {"at first": first, "warm": warm, "at last": last}
    rows = ["memory in kB", *first.held, *sorted(done)]
    table = Table(f"{SECONDS:.0f} s of traffic, ROUNDABOUT_SEED={SEED}", rows,
                  [*readings, "how many"])
    for column, reading in readings.items():
        for row, value in {"memory in kB": reading.memory, **reading.held}.items():
            table.put(row, column, str(value))
    for row, count in done.items():
        table.put(row, "how many", str(count))
    return table


async def test_what_traffic_takes_is_given_back(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str, tables: list[Table]):
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    print(f"ROUNDABOUT_SEED={SEED}")
    net = FiveTransports(slot, authority, tmp_path, binary)
    net.settings.control = tmp_path / "run" / "control"
    net.settings.log_level = "warning"
    soak = Soak(Crowd(net, random.Random(SEED)), Ctl("--config", net.proxy.config))
    with net.proxy:
        await soak.open()
        first = await soak.quiet()
        await soak.traffic(WARM_UP)
        warm = await soak.quiet()
        await soak.traffic(SECONDS - WARM_UP)
        last = await soak.quiet()
        tables.append(report(first, warm, last, soak.done))
        assert first.besides == warm.besides == last.besides
        more = last.gauges["transport_connections"] - first.gauges["transport_connections"]
        assert 0 <= more <= net.settings.workers  # each keeps one of its own to the TLS server
        if not last.sanitized:
            times, beside = MEMORY_SLACK
            assert last.memory <= times * warm.memory + beside
        assert last.counters["transport_unexpected"] == 0
        assert last.counters["transaction_events_dropped"] == 0
        await soak.close()
