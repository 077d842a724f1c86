"""What belongs to a transaction of one worker and comes by a connection of another one.

The kernel spreads connections over the workers, so each test uses enough of them to meet others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.transaction import ClientTransaction
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.pair import Side, TrunkPair
from harness.proxied import FiveTransports
from harness.slot import Slot

CONNECTIONS = 6
STREAMS = ["tcp", "tls", "ws", "wss"]


def make_pair(near: str, far: str, slot: Slot, authority: Authority, folder: Path,
              binary: str) -> TrunkPair:
    """Two trusted servers on ports of their own, so that tests may follow each other closely."""
    a, b = (Side(name, transport, Address(slot.ip(host), slot.port()),
                 Address(slot.ip(2), slot.port()))
            for name, transport, host in (("a", near, 3), ("b", far, 4)))
    return TrunkPair(a, b, authority, folder, binary)


async def come_back(caller: UserAgent, proxy: Address, sent: ClientTransaction) -> None:
    """The caller loses the connection of a transaction and goes on by a new one."""
    lost, sent.flow = sent.flow, await caller.endpoint.connect(proxy)
    await lost.close()


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_cancel_by_another_connection_ends_its_call(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R20: and the 487 comes by that connection, which also brings the ACK."""
    pair = make_pair(transport, "udp", slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            for _ in range(CONNECTIONS):
                invite = await caller.request("INVITE", pair.b.uri("b"))
                incoming = await callee.expect("INVITE", invite.request.call_id)
                await callee.respond(incoming, 180)
                await invite.response(180)
                await come_back(caller, pair.a.listener, invite)
                await (await invite.cancel()).response(200)
                await invite.response(487)
                await within(incoming.acked.wait(), "ACK to the 487")
            assert not callee.untaken()


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
async def test_a_request_sent_again_by_other_connections_arrives_once(
        method: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """And its response comes by the newest of them, the others being closed."""
    pair = make_pair("tcp", "udp", slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            sent = await caller.request(method, pair.b.uri("b"))
            incoming = await callee.expect(method)
            for _ in range(CONNECTIONS):
                await come_back(caller, pair.a.listener, sent)
                await sent.flow.send(sent.request.raw)
                # The proxy has read it once it answers what came behind it.
                await (await caller.request("OPTIONS", f"sip:{pair.a.listener}")).response(200)
            await callee.respond(incoming, 486 if method == "INVITE" else 200)
            await sent.final()
            if method == "INVITE":
                await within(incoming.acked.wait(), "ACK to the 486")
            assert not callee.untaken() and callee.transactions.repeated == 0


async def test_a_non_2xx_is_acknowledged_by_another_connection(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R19: that ACK is absorbed, wherever it comes in."""
    pair = make_pair("tcp", "udp", slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            for _ in range(CONNECTIONS):
                invite = await caller.request("INVITE", pair.b.uri("b"))
                incoming = await callee.expect("INVITE", invite.request.call_id)
                await callee.respond(incoming, 180)
                await invite.response(180)
                first, invite.flow = invite.flow, await caller.endpoint.connect(pair.a.listener)
                await callee.respond(incoming, 486)
                await invite.response(486)
                await within(incoming.acked.wait(), "the proxy's own ACK")
                await (await caller.request("OPTIONS", f"sip:{pair.a.listener}")).response(200)
                await first.close()
            acks = [raw for raw in callee.endpoint.received if raw.startswith(b"ACK ")]
            assert len(acks) == CONNECTIONS


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_response_by_another_connection_reaches_its_request(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    pair = make_pair("udp", transport, slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            for _ in range(CONNECTIONS):
                sent = await caller.request("MESSAGE", pair.b.uri("b"))
                incoming = await callee.expect("MESSAGE")
                incoming.flow = await callee.endpoint.connect(pair.b.listener)
                await callee.respond(incoming, 200)
                await sent.response(200)
                await incoming.flow.close()


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_client_that_registers_again_gets_the_answer_to_its_call(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R34: by its newer flow; and the dialog goes on over that."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
            for _ in range(CONNECTIONS):
                await alice.register()
                invite = await alice.call("sip:bob@udp.pbx.test")
                incoming = await pbx.expect("INVITE")
                await pbx.respond(incoming, 180)
                await invite.response(180)
                await invite.flow.close()
                await alice.register()
                at_pbx = await pbx.accept(incoming)
                await alice.confirm(invite)
                await at_pbx.expect("ACK")
                bye = await at_pbx.request("BYE")
                await alice.respond(await alice.expect("BYE"), 200)
                await bye.response(200)


async def register_anew(alice: Phone, pbx: UserAgent) -> None:
    """A REGISTER sent, its connection lost, and sent again by a new one; the registrar sees one."""
    sent = await alice.request("REGISTER", alice.registrar,
                               [("Contact", f"<{alice.contact_uri}>"), ("Expires", "600")],
                               to=f"<{alice.aor}>")
    incoming = await pbx.expect("REGISTER", sent.request.call_id)
    await come_back(alice, alice.proxy, sent)
    await sent.flow.send(sent.request.raw)
    await (await alice.request("OPTIONS", f"sip:{alice.proxy}")).response(200)
    await pbx.respond(incoming, 200, [("Contact", f"{incoming.request.get('contact')};expires=600")])
    response = await sent.response(200)
    assert f"<{alice.contact_uri}>" in response.get("contact")


async def test_a_register_sent_again_by_another_connection_makes_one_binding(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.trunk("pbx", "udp") as pbx, await net.phone("tcp", "udp") as alice:
            for _ in range(CONNECTIONS):
                await register_anew(alice, pbx)
            assert not pbx.untaken() and pbx.transactions.repeated == 0
