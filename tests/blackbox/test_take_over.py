"""`--take-over`: another process goes on in the place of the running one, which ends what it began.

No datagram is lost and no connection refused; transactions are ended by whoever began them.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.transaction import ClientTransaction, ServerTransaction
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.ctl import Ctl
from harness.manager import Manager
from harness.pair import Side, TrunkPair
from harness.proxied import FiveTransports
from harness.roundabout import Roundabout
from harness.slot import Slot
from harness.steady import Answering, Connecting, Datagrams
from harness.succession import Line, Pretender, Successor, gone
from harness.table import Table

STREAMS = ["tcp", "tls", "ws", "wss"]
WORKERS = [2, 4, 1, 3]
"""One process after the other."""
PORTS = range(6000, 6016)
ENOUGH = 200
TEST_LIMIT = 90.0


class Scene:
    """Two trusted servers, `a` who asks and `b` who answers, and the proxy between them."""

    def __init__(self, slot: Slot, folder: Path, binary: str) -> None:
        self.door = Address(slot.ip(2), 5060)
        self.asking, self.answering = slot.ip(3), Address(slot.ip(4), 5060)
        self.control = folder / "run" / "control"
        self.settings = Settings(
            [Listener("udp", self.door), Listener("tcp", self.door)],
            [Server("a", [self.asking], ["a.test"], "udp", 5060),
             Server("b", [self.answering.host], ["b.test"], "udp", 5060)],
            workers=2, control=self.control, log_level="info")
        self.proxy = Roundabout(self.settings, folder, binary)


class Load:
    """Requests and connections at a steady pace; none may be lost."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.datagrams = Datagrams(scene.door, "sip:x@b.test")
        self.connecting = Connecting(scene.asking, scene.door)

    async def __aenter__(self) -> Load:
        self.server = await Answering.start(self.scene.answering)
        await self.datagrams.start(self.scene.asking, PORTS)
        await self.connecting.start()
        return self

    async def goes_on(self) -> None:
        await self.datagrams.answered(ENOUGH)

    async def __aexit__(self, kind: type | None, *failure: object) -> None:
        if kind is None:
            await self.datagrams.stop()
            await self.connecting.stop()
        self.server.transport.close()
        if kind is None:
            assert len(self.server.got) == len(self.datagrams.sent)
            assert self.connecting.answered


@pytest.fixture
def scene(slot: Slot, tmp_path: Path, binary: str) -> Scene:
    return Scene(slot, tmp_path, binary)


def make_pair(near: str, far: str, slot: Slot, authority: Authority, folder: Path,
              binary: str) -> TrunkPair:
    """Two trusted servers and the proxy between them, on ports of their own."""
    a, b = (Side(name, transport, Address(slot.ip(host), slot.port()),
                 Address(slot.ip(2), slot.port()))
            for name, transport, host in (("a", near, 3), ("b", far, 4)))
    pair = TrunkPair(a, b, authority, folder, binary)
    pair.settings.control = folder / "run" / "control"
    pair.settings.log_level = "info"
    return pair


async def ring(caller: UserAgent, callee: UserAgent,
               uri: str) -> tuple[ClientTransaction, ServerTransaction]:
    """A call that rings at both ends."""
    invite = await caller.request("INVITE", uri)
    incoming = await callee.expect("INVITE")
    await callee.respond(incoming, 180)
    await invite.response(180)
    return invite, incoming


async def test_nothing_is_lost_whatever_the_number_of_workers(scene: Scene, tables: list[Table]):
    steps = [f"{a} to {b} workers" for a, b in zip(WORKERS, WORKERS[1:])]
    late = "slowest answer, ms"
    table = Table("another process takes over under load", steps, [late])
    scene.settings.workers = WORKERS[0]
    async with Line(scene.proxy) as line, Load(scene) as load:
        for step, workers in zip(steps, WORKERS[1:]):
            await load.goes_on()
            load.datagrams.slowest = 0.0
            scene.settings.workers = workers
            before = await line.next()
            await load.goes_on()
            await gone(before)
            await load.goes_on()
            table.put(step, late, f"{1000 * load.datagrams.slowest:.0f}")
    assert load.connecting.cut == 0
    tables.append(table)


async def test_the_kernel_finds_each_datagram_s_worker_among_those_that_came(scene: Scene):
    ctl = Ctl("--socket", scene.control)

    async def counter(name: str) -> int:
        counters, = await asyncio.to_thread(ctl.json, "stats")
        return counters[name]

    scene.settings.workers = WORKERS[0]
    async with Line(scene.proxy) as line, Load(scene) as load:
        await load.goes_on()
        for workers in WORKERS[1:]:
            scene.settings.workers = workers
            before = await line.next()
            await gone(before)
            await load.goes_on()
            if await counter("transport_udp_not_steered"):
                pytest.skip("this kernel does not spread datagrams by Call-ID")
            handed_on = await counter("transport_steered")
            await load.goes_on()
            assert await counter("transport_steered") == handed_on


@pytest.mark.parametrize("near, far", [("udp", "udp"), ("wss", "udp"), ("tcp", "udp"),
                                       ("udp", "tls"), ("tls", "wss")])
async def test_a_call_that_rings_meanwhile_is_answered(
        near: str, far: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """By the process that began it, over its connections; what comes later by the new one."""
    pair = make_pair(near, far, slot, authority, tmp_path, binary)
    async with Line(pair.proxy) as line, await pair.party(pair.a) as caller, \
            await pair.party(pair.b) as callee:
        invite, incoming = await ring(caller, callee, pair.b.uri("b"))
        before = await line.next()
        await callee.respond(incoming, 183)
        await invite.response(183)
        there = await callee.accept(incoming)
        here = await caller.confirm(invite)
        await there.expect("ACK")
        await gone(before)
        bye = await there.request("BYE")
        await caller.respond(await here.expect("BYE"), 200)
        await bye.response(200)
        assert not callee.untaken()


@pytest.mark.parametrize("near", ["udp", "tcp"])
async def test_a_call_that_rings_meanwhile_can_be_cancelled(
        near: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R20: the CANCEL is read by one process and belongs to the other."""
    pair = make_pair(near, "udp", slot, authority, tmp_path, binary)
    async with Line(pair.proxy) as line, await pair.party(pair.a) as caller, \
            await pair.party(pair.b) as callee:
        invite, incoming = await ring(caller, callee, pair.b.uri("b"))
        before = await line.next()
        await (await invite.cancel()).response(200)
        await invite.response(487)
        await within(incoming.acked.wait(), "ACK to the 487")
        await gone(before)


async def test_a_request_sent_again_by_udp_arrives_once(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R28: it belongs to the transaction that the other process has."""
    pair = make_pair("udp", "udp", slot, authority, tmp_path, binary)
    async with Line(pair.proxy) as line, await pair.party(pair.a) as caller, \
            await pair.party(pair.b) as callee:
        sent = await caller.request("MESSAGE", pair.b.uri("b"))
        incoming = await callee.expect("MESSAGE")
        before = await line.next()
        for _ in range(3):
            await sent.flow.send(sent.request.raw)
        # The new process has read them once it answers what came behind them.
        await (await caller.request("OPTIONS", f"sip:{pair.a.listener}")).response(200)
        repeated = callee.transactions.repeated
        await callee.respond(incoming, 200)
        await sent.response(200)
        assert not callee.untaken() and callee.transactions.repeated == repeated
        await gone(before)


@pytest.mark.parametrize("client", ["udp", *STREAMS])
async def test_a_client_stays_registered(client: str, slot: Slot, authority: Authority,
                                         tmp_path: Path, binary: str):
    """One with a connection that nothing uses is sent away from the old process at once, however
    long that still has something to do."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    net.settings.control = tmp_path / "run" / "control"
    async with Line(net.proxy) as line, await net.registrar("udp") as pbx, \
            await net.phone(client, "udp") as alice, \
            await net.trunk("caller", "udp") as other, await net.trunk("callee", "udp") as busy:
        await alice.register()
        lasting, rings = await ring(other, busy, "sip:b@udp.callee.test")
        before = await line.next()
        if alice.endpoint.reliable:
            flow = await alice.endpoint.flow_to(alice.proxy)
            await within(flow.closed.wait(), "end of the connection to the old process")
            await alice.register()
        call = await pbx.call(alice.aor)
        await alice.respond(await alice.expect("INVITE"), 486)
        await call.response(486)
        await busy.respond(rings, 486)
        await lasting.response(486)
        await gone(before)


async def test_a_registration_under_way_is_completed_by_the_new_process(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R46: its REGISTER, sent again, leaves with the same branch; what the client sees as granted
    is stored."""
    pair = make_pair("udp", "udp", slot, authority, tmp_path, binary)
    pair.settings.client_networks = [f"{slot.ip(5)}/32"]
    async with Line(pair.proxy) as line, await pair.party(pair.b) as registrar:
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.bind((slot.ip(5), 0))
            client.settimeout(20)
            own = Address(*client.getsockname())
            raw = "\r\n".join([
                "REGISTER sip:b.test SIP/2.0", f"Via: SIP/2.0/UDP {own};branch=z9hG4bKone;rport",
                "From: <sip:alice@b.test>;tag=1", "To: <sip:alice@b.test>", "Call-ID: reg@over",
                "CSeq: 1 REGISTER", f"Contact: <sip:alice@{own}>", "Expires: 600",
                "Max-Forwards: 70", "Content-Length: 0", "", ""]).encode()
            door = (pair.a.listener.host, pair.a.listener.port)
            client.sendto(raw, door)
            incoming = await registrar.expect("REGISTER")
            before = await line.next()
            contact = incoming.request.get("Contact")
            await registrar.respond(incoming, 200, [("Contact", f"{contact};expires=600")])
            await asyncio.to_thread(client.sendto, raw, door)
            assert (await asyncio.to_thread(client.recv, 4096)).startswith(b"SIP/2.0 200")
        rows = Ctl("--socket", pair.settings.control).json("list")
        assert [row["user"] for row in rows] == ["alice"]
        assert not registrar.untaken()
        await gone(before)


async def test_bindings_that_cannot_be_written_keep_the_place(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """The other process would not find them. Once they are written it takes over."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    net.settings.control = tmp_path / "run" / "control"
    async with Line(net.proxy) as line, await net.registrar("udp") as pbx, \
            await net.phone("udp", "udp") as alice:
        with closing(sqlite3.connect(tmp_path / "clients.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await alice.register()
            late = Successor(net.proxy)
            assert await asyncio.to_thread(late.attempt) == 1
            late.await_line("keeps its place: the database does not take")
            call = await pbx.call(alice.aor)
            await alice.respond(await alice.expect("INVITE"), 486)
            await call.response(486)
            other.execute("ROLLBACK")
        before = await line.next()
        call = await pbx.call(alice.aor)
        await alice.respond(await alice.expect("INVITE"), 486)
        await call.response(486)
        await gone(before)


@pytest.mark.parametrize("moment", ["before it goes", "while nobody reads"])
async def test_where_nobody_takes_over_in_the_end_nothing_is_lost(moment: str, scene: Scene):
    with scene.proxy as proxy:
        async with Load(scene) as load:
            for _ in range(3):
                await load.goes_on()
                since = len(proxy.log)
                pretender = await asyncio.to_thread(Pretender, proxy)
                if moment == "while nobody reads":
                    await asyncio.to_thread(pretender.go)
                pretender.close()
                await asyncio.to_thread(proxy.await_line, "nobody has taken our place",
                                        since=since)
                await load.goes_on()
        Ctl("--socket", scene.control).run("stats")


async def test_one_that_never_serves_is_given_up(scene: Scene):
    """It keeps the link, and everybody waiting, for ten seconds."""
    with scene.proxy as proxy:
        pretender = await asyncio.to_thread(Pretender, proxy)
        await asyncio.to_thread(pretender.go)
        second = await asyncio.to_thread(Pretender, proxy)
        assert "already" in second.answer["reason"]
        await asyncio.to_thread(proxy.await_line, "nobody has taken our place")
        async with Load(scene) as load:
            await load.goes_on()
        pretender.close()


def test_what_cannot_take_over_says_why_and_changes_nothing(scene: Scene, tmp_path: Path):
    with scene.proxy as proxy:
        sound = list(scene.settings.servers)
        scene.settings.servers = [Server("a", [scene.asking], ["not a name"], "udp", 5060)]
        bad = Successor(proxy)
        assert bad.attempt() == 2
        bad.await_line("not a name")
        scene.settings.servers = sound
        scene.settings.store = {"path": tmp_path / "other.db"}
        other = Successor(proxy)
        assert other.attempt() == 1
        other.await_line("not the one of the running process")
        proxy.await_line("nobody has taken our place")
        scene.settings.store = {}
        scene.settings.write(scene.proxy.config)
        Ctl("--socket", scene.control).run("reload")


def test_where_nothing_runs_there_is_nothing_to_take_over(scene: Scene):
    nobody = Successor(scene.proxy)
    assert nobody.attempt() == 1
    nobody.await_line("nothing to take over: no process serves")


def test_a_service_manager_would_miss_the_process(scene: Scene):
    with Manager() as manager:
        manager.start(scene.proxy)
        late = Successor(scene.proxy)
        assert late.attempt() == 1
        late.await_line("runs under a service manager")
        scene.proxy.terminate()


async def test_what_is_offered_ends_with_the_process(scene: Scene):
    """A stop while another process hesitates is a stop."""
    with scene.proxy as proxy:
        pretender = await asyncio.to_thread(Pretender, proxy)
        await asyncio.to_thread(pretender.go)
        await asyncio.to_thread(proxy.terminate)
        pretender.close()
        await asyncio.to_thread(proxy.start)
