"""What streams owe whoever keeps the rules: keepalives, framing, the way back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.endpoint import STREAMS, TRANSPORTS
from agent.message import Message, compose
from agent.transaction import new_branch
from agent.waiting import within
from harness.certificates import Authority
from harness.proxied import SIDES, FiveTransports
from harness.raw import RawStream, frame, handshake
from harness.slot import Slot

SECURE = ("tls", "wss")
WEBSOCKET = ("ws", "wss")


@pytest.fixture(scope="module")
def net(slot: Slot, authority: Authority, tmp_path_factory: pytest.TempPathFactory,
        binary: str) -> Iterator[FiveTransports]:
    five = FiveTransports(slot, authority, tmp_path_factory.mktemp("streams"), binary)
    with five.proxy:
        yield five


async def raw_trunk(net: FiveTransports, transport: str) -> RawStream:
    """A connection from the address of the calling trunk of that transport, its handshakes done."""
    stream = await RawStream.open(
        net.slot.ip(SIDES["caller"] + TRANSPORTS.index(transport)), net.listeners[transport],
        net.tls.client if transport in SECURE else None)
    if transport in WEBSOCKET:
        # R44: the subprotocol may stand anywhere in the list, in any case.
        await stream.send(handshake(protocol="mqtt, SIP , xmpp"))
        answer = await stream.read_until(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nsec-websocket-protocol: sip\r\n" in answer.lower()
    return stream


@pytest.mark.parametrize("transport", STREAMS)
async def test_keepalives_are_answered(transport: str, net: FiveTransports):
    """R38: CRLFCRLF by CRLF on every stream, a WebSocket's ping by its pong."""
    stream = await raw_trunk(net, transport)
    for _ in range(2):
        if transport in WEBSOCKET:
            await stream.send(frame(1, b"\r\n\r\n"))
            assert await stream.read_until(b"\r\n") == b"\x81\x02\r\n"
            await stream.send(frame(9, b"there?"))
            assert await stream.read_until(b"there?") == b"\x8a\x06there?"
        else:
            await stream.send(b"\r\n\r\n")
            assert await stream.read_until(b"\r\n") == b"\r\n"
    await stream.close()


@pytest.mark.parametrize("to", ["tcp", "tls", "ws", "udp"])
@pytest.mark.parametrize("transport", WEBSOCKET)
async def test_a_fragmented_message_without_length_leaves_whole_and_with_one(
        transport: str, to: str, net: FiveTransports):
    """R35: binary, a ping between the fragments; Content-Length is added where it frames."""
    uri = f"sip:b@{net.domain('callee', to)}"
    body = bytes(range(256)) * 80
    raw = compose(f"MESSAGE {uri} SIP/2.0", [
        ("Via", f"SIP/2.0/{transport.upper()} x.invalid;branch={new_branch()}"),
        ("Max-Forwards", "70"), ("From", "<sip:a@a.test>;tag=1"), ("To", f"<{uri}>"),
        ("Call-ID", f"fragments-{transport}-{to}"), ("CSeq", "1 MESSAGE")], body,
        content_length=False)
    async with await net.trunk("callee", to) as callee:
        stream = await raw_trunk(net, transport)
        await stream.send(frame(2, raw[:700], fin=False) + frame(0, b"", fin=False)
                          + frame(9, b"") + frame(0, raw[700:]))
        arrived = await callee.expect("MESSAGE", f"fragments-{transport}-{to}")
        assert arrived.request.body == body
        if to in ("tcp", "tls"):
            assert arrived.request.get("content-length") == str(len(body))
        await callee.respond(arrived, 200)
        assert await stream.read_until(b"\x8a\x00") == b"\x8a\x00"
        await stream.read_until(b"SIP/2.0 200 OK\r\n")
        await stream.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_message_in_pieces_and_two_in_one_piece_are_what_they_are(
        transport: str, net: FiveTransports):
    """R35."""
    uri = f"sip:b@{net.domain('callee', 'udp')}"

    def message(call_id: str, body: bytes) -> bytes:
        return compose(f"MESSAGE {uri} SIP/2.0", [
            ("Via", f"SIP/2.0/{transport.upper()} x.test;branch={new_branch()}"),
            ("Max-Forwards", "70"), ("From", "<sip:a@a.test>;tag=1"), ("To", f"<{uri}>"),
            ("Call-ID", call_id), ("CSeq", "1 MESSAGE")], body)

    async with await net.trunk("callee", "udp") as callee:
        stream = await raw_trunk(net, transport)
        first, second, third = (message(f"{transport}-{n}", b"x" * n) for n in (10, 300, 1))
        await stream.send(first[:100])
        await stream.send(first[100:-3])
        await stream.send(first[-3:] + second + b"\r\n" + third)
        for size in (10, 300, 1):
            arrived = await callee.expect("MESSAGE", f"{transport}-{size}")
            assert arrived.request.body == b"x" * size
            await callee.respond(arrived, 200)
        await stream.close()


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_response_takes_the_requests_own_connection(transport: str, net: FiveTransports):
    """R34: not a newer one from the same address."""
    uri = f"sip:b@{net.domain('callee', 'udp')}"
    async with await net.trunk("callee", "udp") as callee, \
            await net.trunk("caller", transport) as caller:
        sent = await caller.request("MESSAGE", uri)
        arrived = await callee.expect("MESSAGE", sent.request.call_id)
        newer = await within(caller.endpoint.connect(net.listeners[transport]), "connection")
        got: list[object] = []
        deliver = caller.endpoint.on_message

        def note(message: Message, flow: object) -> None:
            got.append(flow)
            deliver(message, flow)

        caller.endpoint.on_message = note
        await callee.respond(arrived, 200)
        await sent.response(200)
        assert newer not in got and len(got) == 1


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_response_whose_connection_is_gone_takes_the_clients_newer_one(
        transport: str, net: FiveTransports):
    """R34."""
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        sent = await alice.request("MESSAGE", f"sip:bob@{net.domain('pbx', 'udp')}")
        arrived = await pbx.expect("MESSAGE", sent.request.call_id)
        for flow in list(alice.endpoint.flows):
            await flow.close()
        await alice.register()
        await pbx.respond(arrived, 200)
        await sent.response(200)
