"""Keepalives of the proxy's own, and clients behind NATs: what they claim is not where they are."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.ctl import Ctl
from harness.proxied import PORTS, workers
from harness.raw import RawStream, frame, handshake
from harness.roundabout import Roundabout
from harness.slot import Slot

SERVER, CLIENT, OTHER = 3, 5, 6
TRANSPORTS = ("udp", "tcp", "tls")
LIMITS = {"keepalive_interval": 0.3, "keepalive_answer_time": 2, "udp_keepalive_interval": 0.3,
          "websocket_idle_time": 3}
LIE = "10.0.0.9:5099"


class Site:
    """A proxy that asks often, the registrar, and phones."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 **limits: float) -> None:
        self.slot = slot
        own = authority.issue("keepalive", [slot.ip(n) for n in (2, SERVER, CLIENT, OTHER)])
        self.tls = authority.contexts(own)
        self.listeners = {t: Address(slot.ip(2), PORTS[t]) for t in (*TRANSPORTS, "ws")}
        self.proxy = Roundabout(Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [slot.ip(SERVER)], ["pbx.test"], "udp", 5060),
             Server("trunk", [slot.ip(OTHER)], ["trunk.test"], "tcp", 5060)],
            default_server="pbx", workers=workers(), certificate=own.chain, key=own.key,
            ca=authority.ca, control=folder / "run" / "control",
            limits=LIMITS | limits,
            more={"park": 0}), folder, binary)
        self.ctl = Ctl("--config", self.proxy.config)

    async def registrar(self) -> Registrar:
        return await Registrar.start("udp", self.slot.ip(SERVER), "sip:pbx@pbx.test", port=5060,
                                     proxy=self.listeners["udp"])

    async def phone(self, transport: str, user: str = "alice", lies: bool = False) -> Phone:
        """`lies`: Via and Contact name another address than the phone's own."""
        phone = await Phone.switch_on(transport, self.slot.ip(CLIENT), f"sip:{user}@pbx.test",
                                      self.listeners[transport], tls=self.tls)
        if lies:
            phone.contact_uri = phone.contact_uri.replace(phone._place, LIE)
            phone._place = LIE
            assert LIE in phone.contact_uri
        return phone


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    made = Site(slot, authority, tmp_path, binary)
    with made.proxy:
        yield made


class Noted:
    """The keepalives that come to a phone by UDP."""

    def __init__(self, phone: Phone) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        phone.endpoint.lose = self._note

    def _note(self, raw: bytes, outgoing: bool) -> bool:
        if not outgoing and not raw.strip(b"\r\n\0"):
            self.arrived.put_nowait(raw)
        return False

    async def take(self, count: int) -> None:
        for _ in range(count):
            assert await within(self.arrived.get(), "a keepalive") == b"\r\n\r\n"


async def call(pbx: Registrar, alice: Phone) -> None:
    """A call from the server rings at the client and is ended by it."""
    invite = await pbx.call(alice.aor)
    dialog = await alice.accept(await alice.expect("INVITE"))
    callers = await pbx.confirm(invite)
    await dialog.expect("ACK")
    bye = await dialog.request("BYE")
    await pbx.respond(await callers.expect("BYE"), 200)
    await bye.response(200)


async def listed(site: Site, fits: Callable[[dict], bool]) -> None:
    """Waits until the client cache has one binding that fits."""
    async def looking() -> None:
        while True:
            rows = await asyncio.to_thread(site.ctl.json, "list")
            if len(rows) == 1 and fits(rows[0]):
                return
    await within(looking(), "the binding as it is to be")


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_client_that_stops_answering_is_unreachable_at_once(transport: str, site: Site):
    """Its binding stays the server's; the flow is gone, and the next call for it is refused."""
    async with await site.registrar() as pbx, await site.phone(transport) as alice:
        await alice.register()
        flow, = alice.endpoint.flows
        for _ in range(3):
            await within(flow.pings.get(), "a ping")
        await call(pbx, alice)
        flow.answers_pings = False
        await within(flow.closed.wait(), "the end of the connection")
        await listed(site, lambda row: not row["reachable"])
        assert (await (await pbx.call(alice.aor)).final()).status == 480
        await alice.register()
        await call(pbx, alice)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_client_that_never_answers_keeps_its_connection(transport: str, site: Site):
    async with await site.registrar() as pbx, await site.phone(transport) as alice:
        opened = await alice.endpoint.flow_to(alice.proxy)
        opened.answers_pings = False
        await alice.register()
        for _ in range(5):
            await within(opened.pings.get(), "a ping")
        assert not opened.closed.is_set()
        await call(pbx, alice)
        assert alice.endpoint.flows == [opened]


async def test_connections_to_servers_are_pinged(site: Site):
    """By who opened them; the server's answer keeps them, its silence ends them."""
    async with await site.registrar() as pbx, await Registrar.start(
            "tcp", site.slot.ip(OTHER), "sip:trunk@trunk.test", port=5060) as trunk:
        sent = await pbx.request("MESSAGE", "sip:bob@trunk.test")
        arrived = await trunk.expect("MESSAGE")
        await trunk.respond(arrived, 200)
        await sent.response(200)
        for _ in range(3):
            await within(arrived.flow.pings.get(), "a ping")
        arrived.flow.answers_pings = False
        await within(arrived.flow.closed.wait(), "the end of the connection")
        sent = await pbx.request("MESSAGE", "sip:bob@trunk.test")
        await trunk.respond(await trunk.expect("MESSAGE"), 200)
        await sent.response(200)


async def test_a_websocket_without_pong_ends(site: Site):
    """Pinged at half of its idle time; a pong keeps it, silence ends it."""
    stream = await RawStream.open(site.slot.ip(CLIENT), site.listeners["ws"])
    await stream.send(handshake())
    await stream.read_until(b"\r\n\r\n")
    for _ in range(2):
        assert await stream.read_until(b"\x89\x00") == b"\x89\x00"
        await stream.send(frame(10))
    assert await stream.read_until(b"\x89\x00") == b"\x89\x00"
    await stream.end()
    assert stream.ended


async def test_a_client_behind_a_nat_gets_datagrams_until_it_unregisters(site: Site):
    """One whose Via and Contact are where it is gets none."""
    async with await site.registrar() as pbx, await site.phone("udp", lies=True) as alice, \
            await site.phone("udp", "bob") as bob, await site.phone("udp", "carol", True) as carol:
        alices, bobs, carols = Noted(alice), Noted(bob), Noted(carol)
        await alice.register()
        await bob.register()
        await carol.register()
        await alices.take(3)
        await carols.take(3)
        await call(pbx, alice)
        await alice.unregister()
        await carols.take(1)
        while not alices.arrived.empty():  # those that were under way
            alices.arrived.get_nowait()
        await carols.take(3 + carols.arrived.qsize())
        assert alices.arrived.empty()
        assert bobs.arrived.empty()


async def test_a_nat_that_loses_a_mapping_all_the_same_is_given_them_twice_as_often(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """Seen by a refresh from another port; kept over a kill."""
    site = Site(slot, authority, tmp_path, binary, udp_keepalive_interval=8)
    with site.proxy:
        async with await site.registrar(), await site.phone("udp", lies=True) as alice, \
                await site.phone("udp", lies=True) as remapped:
            await alice.register()
            binding, = await asyncio.to_thread(site.ctl.json, "list")
            assert binding["keepalive"] == 0
            remapped._registration = alice._registration
            remapped._registrations = alice._registrations
            await remapped.register()
            binding, = await asyncio.to_thread(site.ctl.json, "list")
            assert binding["keepalive"] == 4
            await asyncio.to_thread(site.proxy.kill)
            await asyncio.to_thread(site.proxy.start)
            binding, = await asyncio.to_thread(site.ctl.json, "list")
            assert binding["keepalive"] == 4
            assert "NAT holds   4 s" in (await asyncio.to_thread(site.ctl.run, "show", binding["id"])).stdout


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_answers_and_calls_go_where_a_client_is(transport: str, site: Site):
    """R34: not where its Via and Contact say; the Contact still leaves the server as it came."""
    async with await site.registrar() as pbx, await site.phone(transport, lies=True) as alice:
        response = await alice.register()
        flow, = alice.endpoint.flows
        via = response.get("via")
        assert LIE in via and f";received={site.slot.ip(CLIENT)}" in via
        source, = await asyncio.to_thread(site.ctl.json, "list")
        assert f";rport={source['remote'].rpartition(':')[2]}" in via
        assert source["remote"].startswith(site.slot.ip(CLIENT))
        assert source["behind_nat"] and LIE in source["contact"]
        await call(pbx, alice)
        assert alice.endpoint.flows == [flow]


@pytest.mark.parametrize("transport, told", [("udp", 1), ("tcp", 1)])
async def test_who_offers_keep_is_told_the_interval(transport: str, told: int, site: Site):
    """RFC 6223, in the Via of the 200; who does not offer it is told nothing."""
    async with await site.registrar(), await site.phone(transport) as alice:
        assert "keep" not in (await alice.register()).get("via")
        place, alice._place = alice._place, alice._place + ";keep"
        via = (await alice.register(contact=f"<{alice.contact_uri}>")).get("via")
        assert re.search(rf"{re.escape(place)};keep={told};", via)


async def test_stun_on_the_sip_port_is_answered(site: Site):
    """R38: with the address that a client's datagrams come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((site.slot.ip(CLIENT), 0))
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        client.connect((site.listeners["udp"].host, site.listeners["udp"].port))
        await loop.sock_sendall(client, bytes.fromhex("000100002112a442") + b"twelve bytes")
        answer = await within(loop.sock_recv(client, 2048), "the answer")
        host, port = client.getsockname()
    assert answer[:2] == b"\x01\x01" and answer[8:20] == b"twelve bytes"
    at = answer.index(b"\x00\x20\x00\x08") + 4
    assert int.from_bytes(answer[at + 2:at + 4], "big") ^ 0x2112 == port
    mixed = int.from_bytes(answer[at + 4:at + 8], "big") ^ 0x2112A442
    assert socket.inet_ntoa(mixed.to_bytes(4, "big")) == host
