"""kill -9 under load, again and again, at random moments: nobody is forgotten, no call rings twice.

Clients of all transports register and call at a steady rate, at a server that speaks UDP and at one
that speaks TLS. ROUNDABOUT_KILLS says how often the proxy is killed, ROUNDABOUT_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from agent.endpoint import TRANSPORTS
from agent.message import Message
from agent.waiting import Missing, within
from harness.certificates import Authority
from harness.crowd import SERVERS, Crowd
from harness.ctl import CTL, Ctl
from harness.lasting_call import FATES, LONG, NOT_SENT, LastingCall, Refused
from harness.proxied import FiveTransports
from harness.slot import Slot
from harness.station import Client, Station
from harness.table import Table

KILLS = int(os.environ.get("ROUNDABOUT_KILLS", "8"))
SEED = int(os.environ.get("ROUNDABOUT_SEED", random.randrange(2**32)))
TEST_LIMIT = 300.0 + 60.0 * KILLS
TICK = 0.02
"""Seconds from one call to the next one."""
RINGING = 10
"""Ticks that a call rings."""
MOMENTS = (0.2, 1.2)
"""Seconds between which the proxy dies, after its start."""
AFTER_A_SEND = 0.003
"""Each second time it dies within this time after something was sent to it."""
COLUMNS = ["calls", "under way", "then ended well", "INVITE lost", "refusal lost",
           "CANCEL lost", "other away", "480", "share lost", "clients told"]
INVITE_LOST = "100 was sent, the INVITE was not"
REFUSAL_LOST = "a refusal, by a connection, went with the proxy"
CANCEL_LOST = "CANCEL lost"
MOST_CANCELS_LOST = 2
OTHER_AWAY = "a refusal or CANCEL, by a connection, came before the other end was back"


class Scene(Crowd):
    """The crowd with newcomers, and the calls that all have under way."""

    def __init__(self, net: FiveTransports, chance: random.Random) -> None:
        super().__init__(net, chance)
        self.newcomers: list[Client] = []
        self.joining: list[asyncio.Task] = []
        self.calls: dict[LastingCall, asyncio.Task] = {}
        self.left: set[str] = set()
        self.sent = threading.Event()

    @property
    def stations(self) -> list[Station]:
        return [*self.servers.values(), *self.residents, *self.newcomers]

    async def load(self, stop: asyncio.Event) -> None:
        """Calls and registrations at a steady rate until `stop` is set."""
        for tick in itertools.count():
            if stop.is_set():
                return
            for call in list(self.calls)[:-RINGING]:
                call.go.set()
            self._start_call(TRANSPORTS[tick % len(TRANSPORTS)])
            if tick % 4 == 0:
                await self._start_newcomer(TRANSPORTS[tick // 4 % len(TRANSPORTS)])
            self.sent.set()
            await asyncio.sleep(TICK)

    def strike(self, after_a_send: bool) -> None:
        """Kills the proxy at a random moment (in a thread, while the load goes on)."""
        time.sleep(self.chance.uniform(*MOMENTS))
        if after_a_send:
            self.sent.clear()
            self.sent.wait(MOMENTS[1])
            time.sleep(self.chance.uniform(0, AFTER_A_SEND))
        self.net.proxy.kill()

    async def leave(self) -> None:
        """The newcomers unregister and go."""
        for client in self.newcomers:
            await client.register(expires=0)
            client.told = False
            self.left.add(client.phone.contact_uri)
            client.forget()
            await client.agent.close()
        self.newcomers.clear()

    def _start_call(self, transport: str) -> None:
        call = self.call(transport, list(FATES))
        self.calls[call] = asyncio.create_task(call.run())

    async def _start_newcomer(self, transport: str) -> None:
        client = await self.client(transport, self.chance.choice(SERVERS))
        self.newcomers.append(client)
        self.joining.append(asyncio.create_task(client.register()))


class Tally:
    """What became of the calls and clients of one transport."""

    def __init__(self) -> None:
        self.calls = self.under_way = self.ended = self.told = 0
        self.lost: Counter[str] = Counter()


class Kill:
    """One kill under load, and all that must hold after it."""

    def __init__(self, scene: Scene, tallies: dict[str, Tally], ctl: Ctl) -> None:
        self.scene, self.tallies, self.ctl = scene, tallies, ctl
        self.established: list[LastingCall] = []
        self.under_way: list[LastingCall] = []

    async def run(self, after_a_send: bool) -> None:
        """Load, kill, start, and everything checked."""
        scene, proxy = self.scene, self.scene.net.proxy
        stop = asyncio.Event()
        load = asyncio.create_task(scene.load(stop))
        await asyncio.to_thread(scene.strike, after_a_send)
        stop.set()
        await load
        for station in scene.stations:
            station.back.clear()
        await asyncio.gather(*(station.settle() for station in scene.stations))
        self._sort()
        await asyncio.to_thread(proxy.start)
        await self._check_list()
        await asyncio.gather(*(self._back(server) for server in scene.servers.values()))
        told = [client for client in [*scene.residents, *scene.newcomers] if client.told]
        late = [client for client in scene.newcomers if not client.told]
        for client in late:
            client.back.set()
        await asyncio.gather(*(self._recover(client) for client in told))
        await within(asyncio.gather(*scene.joining), "the newcomers' 200", LONG)
        await self._end_those_under_way()
        await scene.leave()
        self._forget()

    def _sort(self) -> None:
        """Which calls are there, which are under way, and which of those are lost."""
        for call, task in self.scene.calls.items():
            tally = self._tally(call)
            tally.calls += 1
            call.go.set()
            if task.done():
                task.result()
                if call.established and call.fate == "answered":
                    self.established.append(call)
                continue
            call.lost = self._fault(call)
            if call.lost:
                task.cancel()
            if call.lost != NOT_SENT:
                self.under_way.append(call)
                tally.under_way += 1

    @staticmethod
    def _fault(call: LastingCall) -> str:
        """Why nobody will send again what the proxy alone knew of; empty where somebody will."""
        caller, callee = call.caller, call.callee
        if not call.call_id:
            return NOT_SENT
        if caller.heard(call.call_id, "INVITE") and not callee.rang(call.call_id):
            return INVITE_LOST
        last = call.incoming and call.incoming.last
        refused = last and Message(last).status >= 300
        if refused and callee.reliable and not caller.heard(call.call_id, "INVITE", final=True):
            return REFUSAL_LOST
        return ""

    async def _check_list(self) -> None:
        told = {client.phone.contact_uri for client in
                [*self.scene.residents, *self.scene.newcomers] if client.told}
        rows = await asyncio.to_thread(self.ctl.json, "list")
        listed = {row["contact"] for row in rows}
        assert told <= listed, f"forgotten: {told - listed}"
        assert not listed & self.scene.left, f"back from the dead: {listed & self.scene.left}"

    async def _back(self, station: Station) -> None:
        """A party's connection, and by it its calls from before."""
        await station.reconnect()
        for call in self.scene.calls:
            if not call.lost:
                await call.go_on(station)
        station.back.set()

    async def _recover(self, client: Client) -> None:
        """What a client told of its registration can do: by UDP at once, by streams once back."""
        own = [call for call in self.established if call.client is client]
        by_client, by_server = own[::2], own[1::2]
        await client.reconnect()
        for call in self.scene.calls:
            if call.callee is client and not call.lost:
                await call.go_on(client)
        for call in by_client:  # by streams on the new connection, not yet registered there
            await call.hang_up(by_caller=call.outward)
        if client.reliable:
            await client.phone.register()
        await self._back(client)
        for call in by_server:
            await call.hang_up(by_caller=not call.outward)
        call = LastingCall(client, outward=False)
        call.go.set()
        await call.run()
        await call.hang_up(by_caller=True)
        self.tallies[client.agent.transport].told += 1

    async def _end_those_under_way(self) -> None:
        """They end by what was sent again or forwarded without a transaction; then BYE."""
        for number, call in enumerate(self.under_way):
            if call.unheard and not call.caller.heard(call.call_id, "INVITE", final=True):
                call.lost = OTHER_AWAY
                self.scene.calls[call].cancel()
            try:
                await self.scene.calls[call]
            except asyncio.CancelledError:
                pass
            except Refused:
                # The server sent the INVITE or BYE again before the client was back.
                if call.lost != "480" or not call.client.reliable:
                    raise
            except Missing as missing:
                if call.fate != "cancelled":
                    raise AssertionError(f"{call}: {missing}") from None
                # Its callee's ringing from before the kill is all that anybody heard: no CANCEL
                # goes to who has said nothing to the INVITE that was sent again (RFC 3261 §9.1).
                print(f"never cancelled: {call}")
                call.lost = CANCEL_LOST
            if call.lost:
                self._tally(call).lost[call.lost] += 1
                continue
            self._tally(call).ended += 1
            if call.fate == "answered":
                await call.hang_up(by_caller=bool(number % 2))

    def _forget(self) -> None:
        for station in self.scene.stations:
            station.forget()
        self.scene.calls.clear()
        self.scene.joining.clear()

    def _tally(self, call: LastingCall) -> Tally:
        return self.tallies[call.client.agent.transport]


def report(tallies: dict[str, Tally]) -> Table:
    """The figures by transport of the client."""
    table = Table(f"{KILLS} kills, ROUNDABOUT_SEED={SEED}", list(tallies), COLUMNS)
    for transport, tally in tallies.items():
        share = 100 * tally.lost.total() / tally.under_way if tally.under_way else 0
        cells = [tally.calls, tally.under_way, tally.ended, tally.lost[INVITE_LOST],
                 tally.lost[REFUSAL_LOST], tally.lost[CANCEL_LOST], tally.lost[OTHER_AWAY],
                 tally.lost["480"], f"{share:.1f} %", tally.told]
        for column, cell in zip(COLUMNS, cells):
            table.put(transport, column, str(cell))
    return table


async def test_kills_under_load_forget_no_client_and_no_dialog(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str, tables: list[Table]):
    """R46: what was under way ends too, save where the proxy alone knew of it."""
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    print(f"ROUNDABOUT_SEED={SEED}")
    net = FiveTransports(slot, authority, tmp_path, binary)
    net.settings.control = tmp_path / "run" / "control"
    net.settings.log_level = "info"
    tallies = {transport: Tally() for transport in TRANSPORTS}
    ctl = Ctl("--config", net.proxy.config)
    scene = Scene(net, random.Random(SEED))
    with net.proxy:
        await scene.open()
        for number in range(KILLS):
            await Kill(scene, tallies, ctl).run(after_a_send=bool(number % 2))
            print(f"kill {number + 1}: "
                  + str({t: vars(tally) for t, tally in tallies.items()}))
        await scene.close()
    tables.append(report(tallies))
    assert sum(tally.lost[CANCEL_LOST] for tally in tallies.values()) <= MOST_CANCELS_LOST
    assert any(tally.ended for tally in tallies.values()), "the kills met no call under way"
