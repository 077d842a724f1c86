"""Kamailio against the agent, without a proxy: registrar by UDP and TCP, trunk by TLS, WS, WSS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.conversation import SDP, SDP_TYPE, converse
from agent.endpoint import Address
from agent.phone import Phone
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.kamailio import KamailioRegistrar, KamailioTrunk
from harness.slot import Slot


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_phones_register_and_call_each_other(transport: str, slot: Slot, tmp_path: Path):
    place = Address(slot.ip(3), 5060)
    with KamailioRegistrar(place, tmp_path) as pbx:
        alice, bob = [await Phone.switch_on(transport, slot.ip(host), f"sip:{user}@{pbx.domain}",
                                            place, password=pbx.password, listens=True)
                      for host, user in ((4, "alice"), (5, "bob"))]
        async with alice, bob:
            for phone in (alice, bob):
                await phone.register()
                await phone.register()
                assert pbx.bindings(phone.user) == [phone.contact_uri]
            invite = await alice.call(bob.aor, SDP, SDP_TYPE)
            theirs, ours = await asyncio.gather(bob.answer(await bob.ring(), SDP),
                                                alice.confirm(invite))
            await asyncio.gather(bob.hang_up(theirs), alice.hung_up(ours))
            await alice.unregister()
            assert not pbx.bindings("alice")


async def test_wrong_password_leaves_no_binding(slot: Slot, tmp_path: Path):
    place = Address(slot.ip(3), 5060)
    with KamailioRegistrar(place, tmp_path) as pbx:
        async with await Phone.switch_on("udp", slot.ip(4), "sip:alice@pbx.test", place,
                                         password="wrong") as alice:
            with pytest.raises(AssertionError, match="401"):
                await alice.register()
            assert not pbx.bindings("alice")


@pytest.mark.parametrize("transport", ["tls", "ws", "wss"])
async def test_trunk_carries_every_method_both_ways(transport: str, slot: Slot, tmp_path: Path,
                                                    authority: Authority):
    hosts = [slot.ip(host) for host in (2, 3, 4)]
    issued = authority.issue("kamailio", hosts)
    tls = authority.contexts(issued)
    outside_port = KamailioTrunk.ports[transport]
    with KamailioTrunk(Address(hosts[1], 5060), tmp_path, transport=transport,
                       proxy=Address(hosts[0], outside_port), inside=Address(hosts[2], 5060),
                       certificate=issued, ca=authority.ca) as trunk:
        async with (await UserAgent.start(transport, hosts[0], "sip:out@a.test", tls=tls,
                                          port=outside_port, proxy=trunk.outside) as outside,
                    await UserAgent.start("udp", hosts[2], "sip:in@b.test", port=5060,
                                          proxy=trunk.address) as inside):
            await converse(outside, inside, "sip:in@b.test")
            await converse(inside, outside, "sip:out@a.test")
