"""Behind nginx and HAProxy: who is behind them counts, and nobody else can say so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets

from agent.endpoint import Address
from agent.message import Message, compose
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import new_branch
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.front import Front, haproxy, nginx
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

FRONTS = ["nginx", "haproxy tcp send-proxy", "haproxy tcp send-proxy-v2",
          "haproxy tcp send-proxy-v2 proxy-v2-options crc32c,unique-id", "haproxy wss send-proxy",
          "haproxy wss send-proxy-v2"]
PHONE, STRANGER, FRONT = 5, 9, 7


class Site:
    """A proxy that only lets one address register, and listeners that stand behind others."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.slot, self.folder = slot, folder
        self.inside = {"ws": Address(slot.ip(2), 8080), "tcp": Address(slot.ip(2), 5061),
                       "wss": Address(slot.ip(2), 8443)}
        self.issued = authority.issue("front", [slot.ip(2), slot.ip(FRONT)])
        self.tls = authority.contexts(self.issued)
        server_side = Address(slot.ip(2), 5060)
        self.proxy = Roundabout(Settings(
            [Listener("udp", server_side, ["servers"]),
             Listener("ws", self.inside["ws"], ["clients"]),
             Listener("tcp", self.inside["tcp"], ["clients"], more={"proxy_protocol": True}),
             Listener("wss", self.inside["wss"], ["clients"], more={"proxy_protocol": True})],
            [Server("pbx", [slot.ip(3)], ["pbx.test"], "udp", 5060)],
            client_networks=[slot.ip(PHONE)], workers=workers(),
            certificate=self.issued.chain, key=self.issued.key,
            more={"unknown_source": "reject", "trusted_proxies": [slot.ip(FRONT)]}),
            folder, binary)

    def front(self, kind: str) -> tuple[str, Front]:
        """The proxy in front, and what it is spoken to by."""
        if kind == "nginx":
            return "wss", nginx(Address(self.slot.ip(FRONT), 8443), self.inside["ws"], self.issued,
                                self.folder)
        _, transport, option = kind.split(" ", 2)
        return transport, haproxy(Address(self.slot.ip(FRONT), 8443), self.inside[transport],
                                  option, self.folder)

    async def phone(self, host: int, transport: str, there: Address) -> Phone:
        return await Phone.switch_on(transport, self.slot.ip(host), "sip:alice@pbx.test", there,
                                     tls=self.tls)

    def register(self, transport: str) -> bytes:
        """A REGISTER as anybody could write it."""
        return compose("REGISTER sip:pbx.test SIP/2.0", [
            ("Via", f"SIP/2.0/{transport} x.invalid;branch={new_branch()}"),
            ("Max-Forwards", "70"), ("From", "<sip:eve@pbx.test>;tag=1"),
            ("To", "<sip:eve@pbx.test>"), ("Call-ID", new_branch()), ("CSeq", "1 REGISTER"),
            ("Contact", "<sip:eve@x.invalid>")])

    async def status_over_websocket(self, url: str, host: int, forwarded: str,
                                    tls: ssl.SSLContext | None = None) -> int:
        """How a REGISTER is answered that comes with that X-Forwarded-For."""
        async with websockets.connect(url, subprotocols=["sip"], ssl=tls,
                                      local_addr=(self.slot.ip(host), 0),
                                      extra_headers={"X-Forwarded-For": forwarded}) as socket:
            await socket.send(self.register("WS").decode())
            answer = await within(socket.recv(), "an answer")
            return Message(answer if isinstance(answer, bytes) else answer.encode()).status

    async def answer_to(self, transport: str, host: int, opening: bytes) -> bytes:
        """All that comes back on a connection to a listener behind proxies, until it ends."""
        there = self.inside[transport]
        reader, writer = await asyncio.open_connection(there.host, there.port,
                                                       local_addr=(self.slot.ip(host), 0))
        writer.write(opening)
        try:
            return await within(reader.read(), "the end of the connection")
        except ConnectionError:
            return b""
        finally:
            writer.close()


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Site:
    return Site(slot, authority, tmp_path, binary)


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Registrar]:
    with site.proxy:
        async with await Registrar.start("udp", site.slot.ip(3), "sip:pbx@pbx.test", port=5060,
                                         proxy=Address(site.slot.ip(2), 5060)) as pbx:
            yield pbx


@pytest.mark.parametrize("kind", FRONTS)
async def test_who_is_behind_a_trusted_proxy_counts(kind: str, site: Site):
    transport, front = site.front(kind)
    async with running(site) as pbx:
        with front:
            async with await site.phone(PHONE, transport, front.address) as alice, \
                    await site.phone(STRANGER, transport, front.address) as eve:
                await alice.register()
                via = pbx.registers[-1].values("via")[1]
                assert f"received={site.slot.ip(PHONE)}" in via.split(";")
                refused = await eve.send_register([("Contact", f"<{eve.contact_uri}>")])
                assert refused.status == 403
                invite = await pbx.call(alice.aor)
                dialog = await alice.accept(await alice.expect("INVITE"))
                await pbx.confirm(invite)
                await dialog.expect("ACK")
    assert any(site.slot.ip(STRANGER) in line and "403" in line for line in site.proxy.log)


async def test_x_forwarded_for_means_nothing_from_anybody_else(site: Site):
    async with running(site) as pbx:
        url = f"ws://{site.inside['ws']}/"
        assert await site.status_over_websocket(url, STRANGER, site.slot.ip(PHONE)) == 403
        assert pbx.registers == []


async def test_what_a_client_writes_into_x_forwarded_for_means_nothing(site: Site):
    _, front = site.front("nginx")
    async with running(site) as pbx:
        with front:
            url = f"wss://{front.address}/"
            for spoofed in (site.slot.ip(PHONE), f"{site.slot.ip(PHONE)}, {site.slot.ip(FRONT)}"):
                assert await site.status_over_websocket(url, STRANGER, spoofed,
                                                        site.tls.client) == 403
            assert pbx.registers == []


@pytest.mark.parametrize("transport", ["tcp", "wss"])
async def test_a_proxy_header_from_anybody_else_closes_the_connection(transport: str, site: Site):
    async with running(site) as pbx:
        header = (f"PROXY TCP4 {site.slot.ip(PHONE)} {site.slot.ip(2)} 4711 5060\r\n").encode()
        assert await site.answer_to(transport, STRANGER, header + site.register("TCP")) == b""
        site.proxy.await_line(f"{site.slot.ip(STRANGER)}.* did not come from a trusted proxy")
        assert pbx.registers == []


@pytest.mark.parametrize("opening", [
    b"", b"PROXY TCP4 nonsense\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x12\x00\x00", b"GET / HTTP/1.1\r\n"])
async def test_a_trusted_proxy_without_a_proper_header_is_closed(opening: bytes, site: Site):
    async with running(site) as pbx:
        assert await site.answer_to("tcp", FRONT, opening + site.register("TCP")) == b""
        site.proxy.await_line(f"{site.slot.ip(FRONT)}.* no PROXY header, or a malformed one")
        assert pbx.registers == []
