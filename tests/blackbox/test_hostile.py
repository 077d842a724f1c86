"""Streams that mean no good: each ends, is counted and logged, and a call goes on meanwhile."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.endpoint import TRANSPORTS
from agent.message import compose
from agent.transaction import new_branch
from agent.waiting import within
from harness.certificates import Authority
from harness.ctl import Ctl
from harness.proxied import PORTS, SIDES, FiveTransports
from harness.raw import RawStream, frame, handshake
from harness.slot import Slot

ORIGIN = "https://phone.test"
LIMITS = {"message": 20000, "header": 5000, "http_header": 4096, "message_time": 1,
          "handshake_time": 1, "answer_time": 1, "queue_bytes": 200000}
ATTACKER = 60
SLOWLY = 0.05
"""Seconds between two bytes of one who trickles."""

UNFINISHED = "begun and not ended in time"
TOO_LARGE = "message too large"
BAD_FRAME = "breaks RFC 6455"


class Site:
    """The proxy with its five listeners, two UDP trunks and a control socket."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.slot = slot
        self.net = FiveTransports(slot, authority, folder, binary)
        self.net.settings.control = folder / "run" / "control"
        self.net.settings.limits = LIMITS
        for listener in self.net.settings.listeners:
            if listener.transport in ("ws", "wss"):
                listener.more = {"origins": [ORIGIN], "path": "/sip"}
        self.proxy = self.net.proxy
        self.ctl = Ctl("--config", self.proxy.config)

    def counters(self) -> dict[str, int]:
        return self.ctl.json("stats")[0]

    async def count(self, name: str) -> int:
        return (await asyncio.to_thread(self.counters))[name]

    async def reaches(self, name: str, fits: Callable[[int], bool]) -> None:
        """Waits until that counter is as it should be."""
        async def ask() -> None:
            while not fits(await self.count(name)):
                pass
        await within(ask(), f"{name} as it should be", 20)

    async def raw(self, transport: str, *, inside: bool = True) -> RawStream:
        """A connection to that listener; `inside` false leaves out TLS."""
        secure = inside and transport in ("tls", "wss")
        return await RawStream.open(self.slot.ip(ATTACKER), self.net.listeners[transport],
                                    self.net.tls.client if secure else None)

    async def websocket(self, transport: str) -> RawStream:
        """A connection whose handshake is done."""
        stream = await self.raw(transport)
        await stream.send(handshake(path="/sip"))
        assert (await stream.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return stream


@pytest.fixture(scope="module")
def site(slot: Slot, authority: Authority, tmp_path_factory: pytest.TempPathFactory,
         binary: str) -> Iterator[Site]:
    made = Site(slot, authority, tmp_path_factory.mktemp("hostile"), binary)
    with made.proxy:
        yield made


async def call(site: Site) -> None:
    """A whole call between the two trunks."""
    async with await site.net.trunk("caller", "udp") as caller, \
            await site.net.trunk("callee", "udp") as callee:
        invite = await caller.request("INVITE", f"sip:b@{site.net.domain('callee', 'udp')}")
        there = await callee.accept(await callee.expect("INVITE", invite.request.call_id))
        here = await caller.confirm(invite)
        await there.expect("ACK")
        bye = await here.request("BYE")
        await callee.respond(await there.expect("BYE"), 200)
        await bye.response(200)


@dataclass(frozen=True)
class Attack:
    """What is done on a connection, and what the proxy must make of it."""

    name: str
    act: Callable[[Site, str, asyncio.Event], Awaitable[bytes]]
    """Does it, sets the event once it is under way, and returns what came back until the end."""
    counter: str
    logged: str
    answer: bytes = b""
    """What the answer begins with; empty: none is owed."""


async def endure(site: Site, transport: str, attack: Attack) -> None:
    """The attack and a call at one time; then what is left of it."""
    before = await asyncio.to_thread(site.counters)
    begun = asyncio.Event()
    attacker = asyncio.create_task(attack.act(site, transport, begun))
    began = asyncio.create_task(begun.wait())
    await within(asyncio.wait({attacker, began}, return_when=asyncio.FIRST_COMPLETED), attack.name)
    await call(site)
    answer = await within(attacker, f"the end of: {attack.name}", 30)
    began.cancel()
    assert answer.startswith(attack.answer), answer
    await site.reaches(attack.counter, lambda now: now > before[attack.counter])
    await site.reaches("transport_connections", lambda now: now == 0)
    assert await site.count("transport_unexpected") == 0
    await asyncio.to_thread(site.proxy.await_line, attack.logged)
    await call(site)


# SIP over TCP and TLS.

def request(*rows: tuple[str, str], body: bytes = b"") -> bytes:
    """An OPTIONS with those rows and no Content-Length of its own."""
    return compose("OPTIONS sip:proxy.test SIP/2.0", [
        ("Via", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKhostile;rport"), ("Max-Forwards", "70"),
        ("From", "<sip:mallory@evil.test>;tag=1"), ("To", "<sip:proxy.test>"),
        ("Call-ID", "hostile"), ("CSeq", "1 OPTIONS"), *rows], body, content_length=False)


def says(raw: bytes) -> Callable[[Site, str, asyncio.Event], Awaitable[bytes]]:
    """Sends those bytes and waits for the end."""
    async def act(site: Site, transport: str, begun: asyncio.Event) -> bytes:
        stream = await site.raw(transport)
        await stream.send(raw)
        begun.set()
        answer = await stream.end()
        await stream.close()
        return answer
    return act


def repeats(opens: Callable[[Site, str], Awaitable[RawStream]], first: bytes,
            then: Callable[[], bytes], pause: float = 0.0
            ) -> Callable[[Site, str, asyncio.Event], Awaitable[bytes]]:
    """Sends `first`, then more and more until the proxy has enough of it."""
    async def act(site: Site, transport: str, begun: asyncio.Event) -> bytes:
        stream = await opens(site, transport)
        end = asyncio.create_task(stream.end())
        await stream.send(first)
        begun.set()
        while not stream.ended:
            await stream.send(then())
            await asyncio.sleep(pause)
        answer = await end
        await stream.close()
        return answer
    return act


def length(value: str) -> bytes:
    return request(("Content-Length", value))


SIP_ATTACKS = [
    Attack("a header that never ends", says(b"OPTIONS sip:a SIP/2.0\r\nX: "),
           "transport_closed_unfinished", UNFINISHED),
    Attack("a body that never comes", says(length("100")),
           "transport_closed_unfinished", UNFINISHED),
    Attack("one byte after the other",
           repeats(Site.raw, b"OPTIONS sip:a SIP/2.0\r\nX: ", lambda: b"y", SLOWLY),
           "transport_closed_unfinished", UNFINISHED),
    Attack("a header without bounds",
           repeats(Site.raw, b"OPTIONS sip:a SIP/2.0\r\n", lambda: b"X: " + b"y" * 500 + b"\r\n"),
           "transport_closed_broken", TOO_LARGE),
    Attack("a body beyond the limit", says(request(("Content-Length", "30000"), body=b"x" * 30000)),
           "transport_closed_broken", TOO_LARGE, b"SIP/2.0 513 "),
    Attack("a length of 2^32", says(length("4294967296")),
           "transport_closed_broken", TOO_LARGE, b"SIP/2.0 513 "),
    Attack("a length of 2^64", says(length("18446744073709551616")),
           "transport_closed_broken", TOO_LARGE, b"SIP/2.0 513 "),
    Attack("a negative length", says(length("-1")),
           "transport_closed_broken", "malformed Content-Length", b"SIP/2.0 400 "),
    Attack("two lengths", says(request(("Content-Length", "0"), ("l", "10"))),
           "transport_closed_broken", "contradicting Content-Length", b"SIP/2.0 400 "),
]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("attack", SIP_ATTACKS, ids=lambda attack: attack.name)
async def test_hostile_sip_stream(attack: Attack, transport: str, site: Site):
    """R35, R36."""
    await endure(site, transport, attack)


# WebSocket.

def frames(*raw: bytes) -> Callable[[Site, str, asyncio.Event], Awaitable[bytes]]:
    """Sends those frames after a good handshake and waits for the end."""
    async def act(site: Site, transport: str, begun: asyncio.Event) -> bytes:
        stream = await site.websocket(transport)
        await stream.send(b"".join(raw))
        begun.set()
        answer = await stream.end()
        await stream.close()
        return answer
    return act


def close_of(code: int) -> bytes:
    return b"\x88\x02" + code.to_bytes(2, "big")


FRAME_ATTACKS = [
    Attack("an unmasked frame", frames(frame(1, request(), masked=False)),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a frame beyond the limit", frames(frame(1, b"x" * 21000)),
           "transport_closed_broken", TOO_LARGE, close_of(1009)),
    Attack("a frame of 2^62 bytes", frames(frame(1, b"x", size=1 << 62)),
           "transport_closed_broken", TOO_LARGE, close_of(1009)),
    Attack("fragments for ever",
           repeats(Site.websocket, frame(1, b"x", fin=False), lambda: frame(0, b"y" * 500, fin=False)),
           "transport_closed_broken", TOO_LARGE),
    Attack("a fragment now and then for ever",
           repeats(Site.websocket, frame(1, b"x", fin=False), lambda: frame(0, b"y", fin=False),
                   SLOWLY),
           "transport_closed_unfinished", UNFINISHED),
    Attack("empty fragments for ever",
           repeats(Site.websocket, frame(1, fin=False), lambda: frame(0, fin=False), SLOWLY),
           "transport_closed_unfinished", UNFINISHED),
    Attack("a fragment with pings behind it",
           repeats(Site.websocket, frame(1, b"x", fin=False), lambda: frame(9), SLOWLY),
           "transport_closed_unfinished", UNFINISHED),
    Attack("a frame that never comes whole", frames(frame(1, b"x", size=100)),
           "transport_closed_unfinished", UNFINISHED),
    Attack("a frame's first byte", frames(b"\x81"), "transport_closed_unfinished", UNFINISHED),
    Attack("text that is not UTF-8", frames(frame(1, b"J\xfcrgen")),
           "transport_closed_broken", BAD_FRAME),
    Attack("a ping in fragments", frames(frame(9, b"x", fin=False)),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a ping of 126 bytes", frames(frame(9, b"x" * 126)),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a reserved opcode", frames(frame(3, b"x")),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a reserved control opcode", frames(frame(11, b"x")),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("reserved bits", frames(frame(1, b"x", reserved=4)),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a continuation of nothing", frames(frame(0, b"x")),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
    Attack("a message within another", frames(frame(1, b"x", fin=False), frame(1, b"y")),
           "transport_closed_broken", BAD_FRAME, close_of(1002)),
]

FAILED = "transport_handshake_failures"
HANDSHAKE_ATTACKS = [
    Attack("another subprotocol", says(handshake(protocol="chat", path="/sip")), FAILED,
           "subprotocol sip was not agreed on", b"HTTP/1.1 400 "),
    Attack("no subprotocol", says(handshake(protocol=None, path="/sip")), FAILED,
           "subprotocol sip was not agreed on", b"HTTP/1.1 400 "),
    Attack("an Origin that is not allowed",
           says(handshake(path="/sip", Origin="https://evil.test")), FAILED,
           "not taken: the handshake failed", b"HTTP/1.1 403 "),
    Attack("another path", says(handshake(path="/admin")), FAILED,
           "not taken: the handshake failed", b"HTTP/1.1 404 "),
    Attack("SIP where HTTP is spoken", says(request(("Content-Length", "0"))), FAILED,
           "not taken: the handshake failed", b"HTTP/1.1 400 "),
    Attack("HTTP rows without bounds",
           repeats(Site.raw, b"GET /sip HTTP/1.1\r\n", lambda: b"X: " + b"y" * 500 + b"\r\n"),
           FAILED, TOO_LARGE),
    Attack("a request that never ends", says(b"GET /sip HTTP/1.1\r\nHost: "),
           "transport_handshake_timeouts", "handshake was not done in time"),
]


@pytest.mark.parametrize("transport", ["ws", "wss"])
@pytest.mark.parametrize("attack", FRAME_ATTACKS, ids=lambda attack: attack.name)
async def test_hostile_frames(attack: Attack, transport: str, site: Site):
    """R35, R36."""
    await endure(site, transport, attack)


@pytest.mark.parametrize("transport", ["ws", "wss"])
@pytest.mark.parametrize("attack", HANDSHAKE_ATTACKS, ids=lambda attack: attack.name)
async def test_hostile_websocket_handshake(attack: Attack, transport: str, site: Site):
    """R44."""
    await endure(site, transport, attack)


# TLS.

def below_tls(raw: bytes) -> Callable[[Site, str, asyncio.Event], Awaitable[bytes]]:
    """Sends bytes where a TLS handshake is due."""
    async def act(site: Site, transport: str, begun: asyncio.Event) -> bytes:
        stream = await site.raw(transport, inside=False)
        await stream.send(raw)
        begun.set()
        answer = await stream.end()
        await stream.close()
        return answer
    return act


async def below_tls_slowly(site: Site, transport: str, begun: asyncio.Event) -> bytes:
    """A ClientHello, one byte after the other."""
    async def opens(_: Site, name: str) -> RawStream:
        return await site.raw(name, inside=False)
    hello = iter(client_hello(0x0303))
    return await repeats(opens, b"", lambda: bytes([next(hello, 0)]), SLOWLY)(
        site, transport, begun)


def client_hello(version: int) -> bytes:
    """A ClientHello of that version and no later one, with one cipher suite."""
    body = version.to_bytes(2, "big") + bytes(32) + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16" + version.to_bytes(2, "big") + len(message).to_bytes(2, "big") + message


TLS_ATTACKS = [
    Attack("SIP where TLS is spoken", below_tls(request(("Content-Length", "0"))), FAILED,
           "not taken: the handshake failed"),
    Attack("silence", below_tls(b""), "transport_handshake_timeouts",
           "handshake was not done in time"),
    Attack("half a ClientHello", below_tls(client_hello(0x0303)[:20]),
           "transport_handshake_timeouts", "handshake was not done in time"),
    Attack("a ClientHello byte by byte", below_tls_slowly, "transport_handshake_timeouts",
           "handshake was not done in time"),
    *(Attack(name, below_tls(client_hello(version)), FAILED, "not taken: the handshake failed",
             b"\x15")  # an alert
      for name, version in (("SSL 3.0", 0x0300), ("TLS 1.0", 0x0301), ("TLS 1.1", 0x0302))),
]


@pytest.mark.parametrize("transport", ["tls", "wss"])
@pytest.mark.parametrize("attack", TLS_ATTACKS, ids=lambda attack: attack.name)
async def test_hostile_tls(attack: Attack, transport: str, site: Site):
    await endure(site, transport, attack)


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
async def test_a_client_that_speaks_old_tls_alone_is_refused(version: str, site: Site):
    with quiet():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion[version]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await RawStream.open(site.slot.ip(ATTACKER), site.net.listeners["tls"], context)
    await call(site)


@contextmanager
def quiet() -> Iterator[None]:
    """Old protocols are asked for on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


async def renegotiate(site: Site, transport: str, begun: asyncio.Event) -> bytes:
    """OpenSSL's own client asks for a new handshake within the connection."""
    address = site.net.listeners[transport]
    client = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", str(address), "-tls1_2", "-quiet", "-no_ign_eof",
        "-legacy_renegotiation", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT)
    client.stdin.write(b"R\n")
    begun.set()
    output, _ = await within(client.communicate(b"R\n"), "the end of openssl", 20)
    return output


@pytest.mark.parametrize("transport", ["tls"])
async def test_tls_renegotiation_is_refused(transport: str, site: Site):
    await endure(site, transport, Attack("renegotiation", renegotiate, "transport_closed_broken",
                                         "renegotiation"))


# One that does not read.

def large_message(site: Site, number: int) -> bytes:
    """A MESSAGE from the UDP caller to the TCP callee."""
    target = f"sip:b@{site.net.domain('callee', 'tcp')}"
    via = f"SIP/2.0/UDP {site.slot.ip(SIDES['caller'])}:{PORTS['udp']};branch={new_branch()}"
    return compose(f"MESSAGE {target} SIP/2.0", [
        ("Via", via), ("Max-Forwards", "70"), ("From", "<sip:a@a.test>;tag=1"),
        ("To", f"<{target}>"), ("Call-ID", f"slow-{number}"), ("CSeq", "1 MESSAGE")],
        b"x" * 15000)


async def test_a_slow_peer_loses_its_own_connection_and_nobody_elses(site: Site):
    """The trunk callee-tcp takes our connection and reads nothing; others are served on."""
    before = await asyncio.to_thread(site.counters)
    host = site.slot.ip(SIDES["callee"] + TRANSPORTS.index("tcp"))
    accepted: list[asyncio.StreamWriter] = []

    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        accepted.append(writer)

    slow = await asyncio.start_server(never_read, host, PORTS["tcp"], limit=1024)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.bind((site.slot.ip(SIDES["caller"]), PORTS["udp"]))
            proxy = site.net.listeners["udp"]
            number = 0
            while await site.count("transport_closed_slow") == before["transport_closed_slow"]:
                for number in range(number + 1, number + 41):
                    caller.sendto(large_message(site, number), (proxy.host, proxy.port))
                assert number < 4000
        assert accepted
        await asyncio.to_thread(site.proxy.await_line, "the peer does not read; its queue is full")
        for transport in ("tcp", "tls"):
            async with await site.net.trunk("caller", transport) as one, \
                    await site.net.trunk("callee", "udp") as other:
                sent = await one.request("MESSAGE", f"sip:b@{site.net.domain('callee', 'udp')}")
                await other.respond(await other.expect("MESSAGE", sent.request.call_id), 200)
                await sent.response(200)
        await call(site)
    finally:
        slow.close()
        for writer in accepted:
            writer.transport.abort()
