"""What one source uses up: each limit bites, is counted and logged, and others are served on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.message import compose
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import new_branch
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.ctl import Ctl
from harness.proxied import PORTS, workers
from harness.roundabout import Roundabout
from harness.slot import Slot

SERVER, CLIENT, STRANGER = 3, 5, 9
LIMITS = {"connections_per_source": 8, "handshakes_per_source": 3, "message": 20000,
          "header": 4000, "messages_per_source": 1, "messages_burst": 40, "retry_after": 7}


class Site:
    """A proxy with low limits, its server, a client that registers, and a stranger."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 **limits: object) -> None:
        self.slot = slot
        own = authority.issue("limits", [slot.ip(n) for n in (2, SERVER, CLIENT)])
        self.tls = authority.contexts(own)
        self.listeners = {t: Address(slot.ip(2), PORTS[t]) for t in ("udp", "tcp", "tls", "wss")}
        self.proxy = Roundabout(Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [slot.ip(SERVER)], ["pbx.test"], "udp", 5060)],
            default_server="pbx", client_networks=[slot.ip(CLIENT)], workers=workers(),
            certificate=own.chain, key=own.key, ca=authority.ca, control=folder / "run" / "control",
            limits={**LIMITS, **limits}, more={"unknown_source": "reject"}), folder, binary)
        self.ctl = Ctl("--config", self.proxy.config)

    async def counter(self, name: str) -> int:
        counters, = await asyncio.to_thread(self.ctl.json, "stats")
        return counters[name]

    async def phone(self, transport: str, user: str = "alice") -> Phone:
        return await Phone.switch_on(transport, self.slot.ip(CLIENT), f"sip:{user}@pbx.test",
                                     self.listeners[transport], tls=self.tls)

    async def open(self, transport: str, host: int = STRANGER) -> Raw:
        """A bare TCP connection."""
        there = self.listeners[transport]
        return Raw(*await asyncio.open_connection(there.host, there.port,
                                                  local_addr=(self.slot.ip(host), 0)))

    def send_datagrams(self, *datagrams: bytes) -> None:
        """What a stranger sends by UDP without looking at an answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((self.slot.ip(STRANGER), 0))
            for datagram in datagrams:
                sender.sendto(datagram, (self.listeners["udp"].host, self.listeners["udp"].port))

    def request(self, transport: str, method: str = "OPTIONS", rows: int = 0,
                body: bytes = b"") -> bytes:
        """A request of a stranger; `rows` more header rows of 50 bytes."""
        return compose(f"{method} sip:bob@pbx.test SIP/2.0", [
            ("Via", f"SIP/2.0/{transport} {self.slot.ip(STRANGER)};branch={new_branch()};rport"),
            ("Max-Forwards", "70"), ("From", "<sip:eve@evil.test>;tag=1"),
            ("To", "<sip:bob@pbx.test>"), ("Call-ID", new_branch()), ("CSeq", f"1 {method}"),
            *(("X-Filler", "x" * 38) for _ in range(rows))], body)


class Raw:
    """A connection that speaks in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ended(self) -> None:
        """Waits until the proxy closes it."""
        try:
            while await within(self.reader.read(65536), "the end of the connection"):
                pass
        except ConnectionError:
            pass

    async def status(self, request: bytes) -> int:
        """How a request is answered."""
        self.writer.write(request)
        head = await within(self.reader.readuntil(b"\r\n\r\n"), "an answer")
        return int(head.split(b" ")[1])


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Site:
    return Site(slot, authority, tmp_path, binary)


@asynccontextmanager
async def running(site: Site, transport: str = "tcp") -> AsyncIterator[tuple[Registrar, Phone]]:
    """The proxy up, and a client registered."""
    with site.proxy:
        async with await Registrar.start("udp", site.slot.ip(SERVER), "sip:pbx@pbx.test", port=5060,
                                         proxy=site.listeners["udp"]) as pbx, \
                await site.phone(transport) as alice:
            await alice.register()
            yield pbx, alice


async def call(pbx: Registrar, alice: Phone) -> None:
    """A call to the client goes through."""
    invite = await pbx.call(alice.aor)
    dialog = await alice.accept(await alice.expect("INVITE"))
    await pbx.confirm(invite)
    await dialog.expect("ACK")


async def test_connections_of_one_source(site: Site):
    async with running(site) as (pbx, alice):
        mine = [await site.open("tcp") for _ in range(8)]
        for each in mine:
            assert await each.status(site.request("TCP")) == 403
        await (await site.open("tcp")).ended()
        assert await site.counter("transport_accept_limit_source") == 1
        site.proxy.await_line(f"{site.slot.ip(STRANGER)}.* too many connections from one source")
        await call(pbx, alice)
        mine.pop().writer.close()
        while await site.counter("transport_connections") > 8:
            pass
        assert await (await site.open("tcp")).status(site.request("TCP")) == 403


@pytest.mark.parametrize("transport", ["tls", "wss"])
async def test_handshakes_under_way_of_one_source(transport: str, site: Site):
    async with running(site, "wss") as (pbx, alice):
        mine = [await site.open(transport) for _ in range(4)]
        _, waiting = await asyncio.wait([asyncio.create_task(each.ended()) for each in mine],
                                        return_when=asyncio.FIRST_COMPLETED)
        assert len(waiting) == 3
        assert await site.counter("transport_handshake_limit_source") == 1
        site.proxy.await_line("too many handshakes under way from one source")
        async with await site.phone(transport, "carol") as carol:
            await carol.register()
        await call(pbx, alice)
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()


async def test_handshakes_and_messages_that_are_never_ended(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, handshake_time=0.5, message_time=0.5)
    async with running(site) as (pbx, alice):
        shaking, speaking = await site.open("wss"), await site.open("tcp")
        speaking.writer.write(site.request("TCP")[:-10])
        await asyncio.gather(shaking.ended(), speaking.ended())
        assert await site.counter("transport_handshake_timeouts") == 1
        assert await site.counter("transport_closed_unfinished") == 1
        site.proxy.await_line("the handshake was not done in time")
        site.proxy.await_line("a message was begun and not ended in time")
        await call(pbx, alice)


@pytest.mark.parametrize("rows, body", [(100, b""), (0, b"x" * 30000)])
async def test_messages_too_large(rows: int, body: bytes, site: Site):
    async with running(site) as (pbx, alice):
        stream = await site.open("tcp")
        stream.writer.write(site.request("TCP", rows=rows, body=body))
        await stream.ended()
        site.proxy.await_line("connection with tcp .* closed: .*too large")
        site.send_datagrams(site.request("UDP", rows=rows, body=body))
        while await site.counter("transport_refused") < 1:
            pass
        await call(pbx, alice)


async def test_requests_a_second_of_one_source(site: Site):
    async with running(site) as (pbx, alice):
        site.send_datagrams(*(site.request("UDP", "REGISTER") for _ in range(200)))
        site.proxy.await_line(f"{site.slot.ip(STRANGER)}.* too many messages from one source")
        while await site.counter("proxy_source_limit") < 100:
            pass
        assert len(pbx.registers) == 1
        for _ in range(5):
            await call(pbx, alice)


async def test_registered_clients_and_servers_are_no_strangers(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, messages_burst=2)
    async with running(site) as (pbx, alice):
        for _ in range(10):
            asked = await alice.request("OPTIONS", "sip:bob@pbx.test")
            await pbx.respond(await pbx.expect("OPTIONS"), 200)
            await asked.response(200)
            await call(pbx, alice)
        assert await site.counter("proxy_source_limit") == 0


async def test_one_clients_own_rate(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, client_messages=1, client_burst=1)
    async with running(site) as (pbx, alice):
        pbx.service["OPTIONS"] = lambda asked: pbx.respond(asked, 200)
        answers = []
        while not any(answer.status == 503 for answer in answers):
            answers.append(await (await alice.request("OPTIONS", "sip:bob@pbx.test")).final())
        assert answers[-1].get("retry-after") == "7"
        assert await site.counter("proxy_client_limit") == 1
        await call(pbx, alice)


async def test_transactions_under_way(slot: Slot, authority: Authority, tmp_path: Path,
                                      binary: str):
    """All transactions are taken by calls that ring; one of them is then answered and ended."""
    site = Site(slot, authority, tmp_path, binary, transactions=6 * workers())
    async with running(site, "wss") as (pbx, alice):
        calls = []
        for _ in range(6):
            invite = await alice.call("sip:bob@pbx.test")
            there = await pbx.expect("INVITE")
            await pbx.respond(there, 180)
            await invite.response(180)
            calls.append((invite, there))
        refused = await (await alice.call("sip:bob@pbx.test")).final()
        assert refused.status == 503 and refused.get("retry-after") == "7"
        assert await site.counter("proxy_transaction_limit") == 1
        site.proxy.await_line("too many transactions under way")
        invite, there = calls[0]
        await pbx.accept(there)
        dialog = await alice.confirm(invite)
        await within(there.acked.wait(), "the ACK")
        ended = await dialog.request("BYE")
        await pbx.respond(await pbx.expect("BYE"), 200)
        await ended.response(200)
        invite, there = calls[1]
        await (await invite.cancel()).response(200)
        await invite.response(487)
