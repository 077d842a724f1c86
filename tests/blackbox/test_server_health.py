"""Servers that die and come back: where new requests go meanwhile, and what `stats` says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.user_agent import UserAgent
from harness.config import Listener, Server, Settings
from harness.ctl import Ctl
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

URI = "sip:bob@b.test"


class TwoPlaces:
    """The proxy between server `a` and server `b`, which is at two addresses."""

    def __init__(self, slot: Slot, folder: Path, binary: str, transport: str,
                 **server: object) -> None:
        self.transport = transport
        self.caller = Address(slot.ip(3), 5060)
        self.first, self.second = (Address(slot.ip(host), 5070) for host in (4, 5))
        self.near, self.far = Address(slot.ip(2), 5060), Address(slot.ip(2), 5070)
        self.proxy = Roundabout(Settings(
            [Listener("udp", self.near), Listener(transport, self.far)],
            [Server("a", [self.caller.host], ["a.test"], "udp", self.caller.port),
             Server("b", [self.first.host, self.second.host], ["b.test"], transport,
                    self.first.port, more=server)],
            workers=workers(), control=folder / "run" / "control", more={"retry_failed_after": 0.2}), folder, binary)
        self.ctl = Ctl("--config", self.proxy.config)

    async def alice(self) -> UserAgent:
        return await UserAgent.start("udp", self.caller.host, "sip:alice@a.test",
                                     port=self.caller.port, proxy=self.near)

    async def bob(self, place: Address) -> UserAgent:
        bob = await UserAgent.start(self.transport, place.host, URI, port=place.port,
                                    proxy=self.far)
        bob.service["OPTIONS"] = lambda probe: bob.respond(probe, 200)
        return bob

    async def said(self, place: Address, what: str, since: int) -> None:
        """The proxy's log says that of the place."""
        pattern = rf"{self.transport} {re.escape(str(place))} {what}"
        await asyncio.to_thread(self.proxy.await_line, pattern, since=since)

    async def is_up(self, place: Address) -> bool:
        counters, = await asyncio.to_thread(self.ctl.json, "stats")
        return counters[f"server_up/b/{self.transport}/{place}"] == 1


async def ask(alice: UserAgent, *answering: UserAgent) -> UserAgent:
    """A new request of alice's; who of them got and answered it."""
    sent = await alice.request("MESSAGE", URI)
    arrivals = {asyncio.ensure_future(bob.expect("MESSAGE", sent.request.call_id)): bob
                for bob in answering}
    done, others = await asyncio.wait(arrivals, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    arrived = done.pop()
    await arrivals[arrived].respond(arrived.result(), 200)
    await sent.response(200)
    return arrivals[arrived]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_probed_address_dies_and_comes_back(transport: str, slot: Slot, tmp_path: Path,
                                                    binary: str):
    """New requests go to the other one without meeting the dead one; a dialog that began there
    stays there."""
    net = TwoPlaces(slot, tmp_path, binary, transport, probe=0.2)
    first = await net.bob(net.first)  # there before it is asked for the first time
    async with await net.alice() as alice, await net.bob(net.second) as second:
        with net.proxy:
            assert await ask(alice, first, second) is first
            assert await net.is_up(net.first)
            since = len(net.proxy.log)
            await first.close()
            await net.said(net.first, "is down", since)
            assert not await net.is_up(net.first)
            assert await net.is_up(net.second)
            invite = await alice.request("INVITE", URI)
            there = await second.accept(await second.expect("INVITE", invite.request.call_id))
            here = await alice.confirm(invite)
            await there.expect("ACK")
            since = len(net.proxy.log)
            async with await net.bob(net.first) as first:
                await net.said(net.first, "answers again", since)
                assert await net.is_up(net.first)
                assert await ask(alice, first, second) is first
                bye = await here.request("BYE")
                await second.respond(await there.expect("BYE"), 200)
                await bye.response(200)


async def test_without_probes_one_request_tries_an_address_that_failed(slot: Slot, tmp_path: Path,
                                                                       binary: str):
    """The request that meets the refused connection goes on to the other address."""
    net = TwoPlaces(slot, tmp_path, binary, "tcp")
    with net.proxy:
        async with await net.alice() as alice, await net.bob(net.second) as second:
            assert await ask(alice, second) is second
            assert not await net.is_up(net.first)
            async with await net.bob(net.first) as first:
                while await ask(alice, first, second) is not first:
                    pass
                assert await net.is_up(net.first)
                assert await ask(alice, first, second) is first
