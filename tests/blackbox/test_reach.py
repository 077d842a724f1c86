"""Ways that are broken, missing or too narrow, and users with several devices."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.pair import Side, TrunkPair
from harness.proxied import FiveTransports, workers
from harness.roundabout import Roundabout
from harness.slot import Slot


class LargeRequests:
    """A trunk towards a UDP server, with a TCP listener beside the UDP one."""

    def __init__(self, slot: Slot, folder: Path, binary: str, choice: str) -> None:
        self.near, self.far = Address(slot.ip(3), 5060), Address(slot.ip(4), slot.port())
        proxy = Address(slot.ip(2), 5060)
        self.proxy_address = proxy
        self.proxy = Roundabout(Settings(
            [Listener("udp", proxy), Listener("tcp", proxy)],
            [Server("a", [self.near.host], ["a.test"], "udp", self.near.port),
             Server("b", [self.far.host], ["b.test"], "udp", self.far.port,
                    more={"large_requests": choice})], workers=workers()), folder, binary)

    async def caller(self) -> UserAgent:
        return await UserAgent.start("udp", self.near.host, "sip:a@a.test", port=self.near.port,
                                     proxy=self.proxy_address)

    async def callee(self, transport: str) -> UserAgent:
        return await UserAgent.start(transport, self.far.host, "sip:b@b.test", port=self.far.port,
                                     proxy=self.proxy_address)


async def deliver(caller: UserAgent, callee: UserAgent, body: bytes) -> None:
    """One MESSAGE and its answer."""
    sent = await caller.request("MESSAGE", "sip:b@b.test", body=body)
    arrived = await callee.expect("MESSAGE")
    assert arrived.request.body == body
    via = arrived.request.values("via")[0]
    assert via.startswith(f"SIP/2.0/{callee.transport.upper()} "), via
    await callee.respond(arrived, 200)
    await sent.response(200)


@pytest.mark.parametrize("size", [200, 2200, 8000])
@pytest.mark.parametrize("choice", ["udp", "tcp-first"])
async def test_large_requests_to_a_udp_server(choice: str, size: int, slot: Slot, tmp_path: Path,
                                              binary: str):
    """R39: by UDP where the entry says so; else over 1300 bytes by TCP, and its Via tells."""
    net = LargeRequests(slot, tmp_path, binary, choice)
    with net.proxy:
        async with await net.caller() as caller, await net.callee("udp") as datagrams, \
                await net.callee("tcp") as stream:
            expected = stream if choice == "tcp-first" and size > 1300 else datagrams
            await deliver(caller, expected, b"x" * size)


@pytest.mark.parametrize("size", [2200, 8000])
async def test_large_requests_go_by_udp_where_tcp_is_refused(size: int, slot: Slot,
                                                             tmp_path: Path, binary: str):
    net = LargeRequests(slot, tmp_path, binary, "tcp-first")
    with net.proxy:
        async with await net.caller() as caller, await net.callee("udp") as callee:
            for _ in range(2):  # the second one knows
                await deliver(caller, callee, b"x" * size)


@pytest.mark.parametrize("size", [2200, 8000])
async def test_large_requests_go_by_udp_where_tcp_is_a_black_hole(size: int, slot: Slot,
                                                                  tmp_path: Path, binary: str):
    """A listener whose queue is full answers no SYN."""
    net = LargeRequests(slot, tmp_path, binary, "tcp-first")
    with closing(socket.socket()) as hole:
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((net.far.host, net.far.port))
        hole.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((net.far.host, net.far.port))
            fillers.append(filler)
        try:
            with net.proxy:
                async with await net.caller() as caller, await net.callee("udp") as callee:
                    for _ in range(2):  # the second one knows
                        await deliver(caller, callee, b"x" * size)
        finally:
            for filler in fillers:
                filler.close()


@pytest.mark.parametrize("transport", ["tcp", "tls", "ws", "wss"])
async def test_a_broken_server_connection_is_replaced(transport: str, slot: Slot,
                                                      authority: Authority, tmp_path: Path,
                                                      binary: str):
    """R41: the request that meets a connection just closed arrives by a new one."""
    a = Side("a", "udp", Address(slot.ip(3), 5060), Address(slot.ip(2), 5060))
    b = Side("b", transport, Address(slot.ip(4), slot.port()), Address(slot.ip(2), slot.port()))
    pair = TrunkPair(a, b, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(a) as caller, await pair.party(b) as callee:
            for _ in range(5):
                sent = await caller.request("MESSAGE", b.uri("b"))
                arrived = await callee.expect("MESSAGE")
                await callee.respond(arrived, 200)
                await sent.response(200)
                await arrived.flow.close()


async def test_a_server_that_is_gone_is_answered_for_and_found_again(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    a = Side("a", "udp", Address(slot.ip(3), 5060), Address(slot.ip(2), 5060))
    b = Side("b", "tcp", Address(slot.ip(4), slot.port()), Address(slot.ip(2), slot.port()))
    pair = TrunkPair(a, b, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(a) as caller:
            invite = await caller.request("INVITE", b.uri("b"))
            await invite.response(500)  # R32: 503 would speak of all our services
            async with await pair.party(b) as callee:
                sent = await caller.request("MESSAGE", b.uri("b"))
                await callee.respond(await callee.expect("MESSAGE"), 200)
                await sent.response(200)


@pytest.fixture
def net(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """Nobody waits for clients without a connection: that is test_parking's."""
    five = FiveTransports(slot, authority, tmp_path, binary)
    five.settings.more = {"park": 0}
    with five.proxy:
        yield five


async def unreachable(pbx: Registrar, phone: Phone) -> None:
    """Calls until the proxy says 480: what was sent on a closed connection may be under way."""
    async def calling() -> None:
        while (await (await pbx.call(phone.aor)).final()).status != 480:
            pass
    await within(calling(), "480")


@pytest.mark.parametrize("transport", ["tcp", "wss"])
async def test_a_client_that_comes_back_is_asked_before_its_200(transport: str,
                                                                net: FiveTransports):
    """Its old binding is dead, its new one pending: the registrar's OPTIONS goes by the new one."""
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        for flow in list(alice.endpoint.flows):
            await flow.close()
        pbx.proxy = net.listeners["udp"]
        await unreachable(pbx, alice)
        grant, asked = pbx.service["REGISTER"], []

        async def ask_first(register) -> None:
            options = await pbx.request("OPTIONS", register.request.contact_uri)
            asked.append((await options.final()).status)
            await grant(register)

        async def answer(options) -> None:
            await alice.respond(options, 200)

        pbx.service["REGISTER"] = ask_first
        alice.service["OPTIONS"] = answer
        await alice.register()
        assert asked == [200]


@pytest.mark.parametrize("transport", ["tcp", "tls", "ws", "wss"])
async def test_a_client_whose_connection_closed_is_480_at_once(transport: str, net: FiveTransports):
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        for flow in list(alice.endpoint.flows):
            await flow.close()
        pbx.proxy = net.listeners["udp"]
        await unreachable(pbx, alice)
        await alice.register()
        invite = await pbx.call(alice.aor)
        dialog = await alice.accept(await alice.expect("INVITE"))
        await pbx.confirm(invite)
        await dialog.expect("ACK")


async def ring_both(pbx: Registrar, phones: list[Phone], uri: str):
    invite = await pbx.request("INVITE", uri)
    return invite, await asyncio.gather(*(phone.ring() for phone in phones))


async def test_without_token_the_devices_of_one_user_all_ring(net: FiveTransports):
    """R9: the first to answer gets the call, the others a CANCEL."""
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as desk, \
            await net.phone("tcp", "udp", host=41) as mobile:
        await desk.register()
        await mobile.register()
        pbx.proxy = net.listeners["udp"]
        invite, (at_desk, at_mobile) = await ring_both(
            pbx, [desk, mobile], f"sip:alice@{net.listeners['udp']}")
        dialog = await mobile.accept(at_mobile)
        answered = await pbx.confirm(invite)
        await dialog.expect("ACK")
        await within(at_desk.cancelled.wait(), "CANCEL at the other device")
        bye = await answered.request("BYE")
        await mobile.respond(await dialog.expect("BYE"), 200)
        await bye.response(200)


async def test_without_token_a_cancelled_call_stops_ringing_everywhere(net: FiveTransports):
    async with await net.registrar("udp") as pbx, \
            await net.phone("wss", "udp", host=40) as desk, \
            await net.phone("tcp", "udp", host=41) as mobile:
        await desk.register()
        await mobile.register()
        pbx.proxy = net.listeners["udp"]
        invite, ringing = await ring_both(
            pbx, [desk, mobile], f"sip:alice@{net.listeners['udp']}")
        await (await invite.cancel()).response(200)
        await invite.response(487)
        for call in ringing:
            await within(call.cancelled.wait(), "CANCEL at each device")


async def test_without_token_nobody_of_that_name_is_404(net: FiveTransports):
    async with await net.registrar("udp") as pbx:
        pbx.proxy = net.listeners["udp"]
        for uri in ("sip:nobody@proxy.test", "sip:nobody@proxy.test;rb=aaaaaaaaaaaaaaaaaaaa"):
            await (await pbx.request("INVITE", uri)).response(404)


async def test_a_server_and_a_client_share_an_address(slot: Slot, tmp_path: Path, binary: str):
    """Which one speaks is told by the listener: one serves servers, the other clients."""
    inside, outside, host = Address(slot.ip(2), 5070), Address(slot.ip(2), 5060), slot.ip(3)
    proxy = Roundabout(Settings(
        [Listener("udp", inside, serves=["servers"]), Listener("udp", outside, serves=["clients"])],
        [Server("pbx", [host], ["pbx.test"], "udp", 5060)], default_server="pbx",
        workers=workers()), tmp_path, binary)
    with proxy:
        async with await Registrar.start("udp", host, "sip:pbx@pbx.test", port=5060) as pbx, \
                await Phone.switch_on("udp", host, "sip:alice@pbx.test", outside) as alice:
            await alice.register()
            invite = await pbx.call(alice.aor)
            at_alice = await alice.accept(await alice.expect("INVITE"))
            at_pbx = await pbx.confirm(invite)
            await at_alice.expect("ACK")
            bye = await at_alice.request("BYE")
            await pbx.respond(await at_pbx.expect("BYE"), 200)
            await bye.response(200)


async def test_a_servers_routes_lead_by_the_first_of_them(slot: Slot, tmp_path: Path, binary: str):
    """All are put on in order, the first fixes address and transport, the R-URI stays."""
    udp, tcp = Address(slot.ip(2), 5060), Address(slot.ip(2), 5061)
    near, edge = Address(slot.ip(3), 5060), Address(slot.ip(4), slot.port())
    routes = [f"sip:{edge};transport=tcp;lr", "sip:core.b.test;lr"]
    proxy = Roundabout(Settings(
        [Listener("udp", udp), Listener("tcp", tcp)],
        [Server("a", [near.host], ["a.test"], "udp", near.port),
         Server("b", [slot.ip(5)], ["b.test"], "udp", 5060, routes=routes)],
        workers=workers()), tmp_path, binary)
    with proxy:
        async with await UserAgent.start("udp", near.host, "sip:a@a.test", port=near.port,
                                         proxy=udp) as caller, \
                await UserAgent.start("tcp", edge.host, "sip:edge@b.test", port=edge.port) as callee:
            sent = await caller.request("MESSAGE", "sip:bob@b.test")
            arrived = await callee.expect("MESSAGE")
            assert arrived.request.uri == "sip:bob@b.test"
            assert arrived.request.values("route") == [f"<{route}>" for route in routes]
            await callee.respond(arrived, 200)
            await sent.response(200)
