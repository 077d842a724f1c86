"""Users with several devices, called by user: all at once, one after the other, and in circles."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.mirror import Mirror
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import ClientTransaction
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.kamailio import KamailioCircle
from harness.proxied import FiveTransports, workers
from harness.roundabout import Roundabout
from harness.slot import Slot


@pytest.fixture
def net(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    five = FiveTransports(slot, authority, tmp_path, binary)
    with five.proxy:
        yield five


async def register(phone: Phone, q: str) -> None:
    await phone.register(contact=f"<{phone.contact_uri}>;q={q}")


def all_devices(net: FiveTransports) -> str:
    """The R-URI that names alice's devices by her user."""
    return f"sip:alice@{net.listeners['udp']}"


async def call_alice(net: FiveTransports, pbx: Registrar, rows=()) -> ClientTransaction:
    pbx.proxy = net.listeners["udp"]
    return await pbx.request("INVITE", all_devices(net), rows)


@pytest.mark.parametrize("first, second", [("udp", "udp"), ("wss", "tcp"), ("tls", "ws")])
async def test_two_devices_ring_and_one_answers(first: str, second: str, net: FiveTransports):
    """R20 R26: the other is cancelled, and its 487 stays at the proxy."""
    async with await net.registrar("udp") as pbx, \
            await net.phone(first, "udp", host=40) as desk, \
            await net.phone(second, "udp", host=41) as mobile:
        await register(desk, "1.0")
        await register(mobile, "1.0")
        invite = await call_alice(net, pbx)
        at_desk, at_mobile = await asyncio.gather(desk.ring(), mobile.ring())
        dialog = await mobile.accept(at_mobile)
        answered = await pbx.confirm(invite)
        await dialog.expect("ACK")
        await within(at_desk.cancelled.wait(), "CANCEL at the other device")
        bye = await answered.request("BYE")
        await mobile.respond(await dialog.expect("BYE"), 200)
        await bye.response(200)


async def test_devices_are_called_in_the_order_of_their_q(net: FiveTransports):
    """R32: the next is called when the one before has failed, and nobody after an answer."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("tcp", "udp", host=40) as last, \
            await net.phone("wss", "udp", host=41) as first, \
            await net.phone("udp", "udp", host=42) as second:
        await register(last, "0.1")
        await register(first, "1.0")
        await register(second, "0.5")
        invite = await call_alice(net, pbx)
        at_first = await first.ring()
        await invite.response(180)
        assert not second.untaken() and not last.untaken()
        await first.respond(at_first, 486)
        dialog = await second.accept(await second.expect("INVITE"))
        await pbx.confirm(invite)
        await dialog.expect("ACK")
        assert not last.untaken()


async def test_a_declined_call_is_not_offered_to_the_next(net: FiveTransports):
    """R32: 6xx ends the search."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as first, \
            await net.phone("udp", "udp", host=41) as second:
        await register(first, "0.9")
        await register(second, "0.2")
        invite = await call_alice(net, pbx)
        await first.respond(await first.expect("INVITE"), 603)
        await invite.response(603)
        assert not second.untaken()


async def test_a_cancelled_call_is_not_offered_to_the_next(net: FiveTransports):
    """R20 R32: CANCEL ends the search."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as first, \
            await net.phone("udp", "udp", host=41) as second:
        await register(first, "0.9")
        await register(second, "0.2")
        invite = await call_alice(net, pbx)
        at_first = await first.ring()
        await invite.response(180)
        await (await invite.cancel()).response(200)
        await within(at_first.cancelled.wait(), "CANCEL at the first device")
        await invite.response(487)
        assert not second.untaken()


async def test_a_6xx_of_one_device_stops_the_others(net: FiveTransports):
    """R32: it goes up when the others have ended."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as one, \
            await net.phone("tcp", "udp", host=41) as other:
        await register(one, "1.0")
        await register(other, "1.0")
        invite = await call_alice(net, pbx)
        at_one, at_other = await asyncio.gather(one.ring(), other.ring())
        await one.respond(at_one, 603)
        await within(at_other.cancelled.wait(), "CANCEL at the other device")
        await invite.response(603)


async def test_the_challenges_of_all_devices_reach_the_caller(net: FiveTransports):
    """R32: RFC 3261 §16.7 step 7, each row as it was."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as one, \
            await net.phone("udp", "udp", host=41) as other:
        await register(one, "1.0")
        await register(other, "1.0")
        invite = await call_alice(net, pbx)
        at_one, at_other = await asyncio.gather(one.expect("INVITE"), other.expect("INVITE"))
        ours = [("WWW-Authenticate", 'Digest realm="one", nonce="1"'),
                ("WWW-Authenticate", 'Digest realm="two", nonce="2"')]
        theirs = [("Proxy-Authenticate", 'Digest realm="three", nonce="3"')]
        await one.respond(at_one, 401, ours)
        await other.respond(at_other, 407, theirs)
        refusal = await invite.final()
        assert refusal.status in (401, 407)
        rows = [(row.name, row.value) for row in refusal.rows if row.name.endswith("authenticate")]
        expected = [(name.lower(), value) for name, value in (
            ours + theirs if refusal.status == 401 else theirs + ours)]
        assert rows == expected


async def test_max_breadth_is_shared_and_refused_where_it_does_not_suffice(net: FiveTransports):
    """R29: RFC 5393 §5.3.3."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as one, \
            await net.phone("udp", "udp", host=41) as other:
        await register(one, "1.0")
        await register(other, "1.0")
        for given, shares in (([], ["30", "30"]), ([("Max-Breadth", "3")], ["1", "2"])):
            invite = await call_alice(net, pbx, given)
            calls = await asyncio.gather(one.expect("INVITE"), other.expect("INVITE"))
            assert sorted(call.request.get("max-breadth") for call in calls) == shares
            for phone, call in zip((one, other), calls):
                await phone.respond(call, 486)
            await invite.response(486)
        invite = await call_alice(net, pbx, [("Max-Breadth", "1")])
        await invite.response(440)
        assert not one.untaken() and not other.untaken()


class Circle:
    """A trunk whose far end sends every request back."""

    def __init__(self, slot: Slot, folder: Path, binary: str) -> None:
        self.near, self.far = Address(slot.ip(3), 5060), Address(slot.ip(4), slot.port())
        self.address = Address(slot.ip(2), 5060)
        self.proxy = Roundabout(Settings(
            [Listener("udp", self.address)],
            [Server("a", [self.near.host], ["a.test"], "udp", self.near.port),
             Server("b", [self.far.host], ["b.test"], "udp", self.far.port)],
            workers=workers()), folder, binary)

    async def caller(self) -> UserAgent:
        return await UserAgent.start("udp", self.near.host, "sip:a@a.test", port=self.near.port,
                                     proxy=self.address)


async def test_a_server_that_sends_requests_back_gets_482(slot: Slot, tmp_path: Path, binary: str):
    """R29: at the second time round, long before Max-Forwards is used up."""
    net = Circle(slot, tmp_path, binary)
    with net.proxy:
        async with await net.caller() as caller, \
                await Mirror.start(net.far.host, net.far.port) as mirror:
            for _ in range(3):
                before = mirror.invites
                invite = await caller.request("INVITE", "sip:x@b.test")
                await invite.response(482)
                assert mirror.invites - before == 2


async def test_a_kamailio_that_sends_requests_back_gets_482(slot: Slot, tmp_path: Path,
                                                            binary: str):
    """R29: and not 483, which it would get at the end of Max-Forwards."""
    net = Circle(slot, tmp_path, binary)
    with KamailioCircle(net.far, tmp_path), net.proxy:
        async with await net.caller() as caller:
            for method in ("INVITE", "MESSAGE"):
                sent = await caller.request(method, "sip:x@b.test")
                await sent.response(482)


async def test_a_request_that_comes_back_with_another_uri_is_a_spiral(slot: Slot, tmp_path: Path,
                                                                      binary: str):
    """R29: it passes."""
    net = Circle(slot, tmp_path, binary)
    with net.proxy:
        async with await net.caller() as caller, \
                await Mirror.start(net.far.host, net.far.port) as mirror:
            mirror.retarget = lambda uri: "sip:a@a.test"
            sent = await caller.request("MESSAGE", "sip:x@b.test")
            arrived = await caller.expect("MESSAGE")
            assert len(arrived.request.values("via")) == 4
            await caller.respond(arrived, 200)
            await sent.response(200)
