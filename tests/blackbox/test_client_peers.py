"""Clients of a Kamailio that speaks UDP and TCP only, through the proxy; and restarts between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.conversation import SDP, SDP_TYPE, TEXT_TYPE
from agent.endpoint import TRANSPORTS
from agent.phone import Phone
from agent.waiting import within
from harness.certificates import Authority
from harness.site import Site, restart, running
from harness.slot import Slot

REFRESHES = 20


async def call(caller: Phone, callee: Phone) -> None:
    """A call that the called side ends, and a message."""
    invite = await caller.call(callee.aor, SDP, SDP_TYPE)
    incoming = await callee.ring()
    await invite.response(180)
    theirs, ours = await asyncio.gather(callee.answer(incoming, SDP), caller.confirm(invite))
    await asyncio.gather(callee.hang_up(theirs), caller.hung_up(ours))
    message = await caller.request("MESSAGE", callee.aor, TEXT_TYPE, b"hello")
    incoming = await callee.expect("MESSAGE", message.request.call_id)
    assert incoming.request.body == b"hello"
    await callee.respond(incoming, 200)
    await message.response(200)


@pytest.mark.parametrize("server", ["udp", "tcp"])
@pytest.mark.parametrize("client", TRANSPORTS)
async def test_client_registers_is_called_and_calls(client: str, server: str, slot: Slot,
                                                    authority: Authority, tmp_path: Path,
                                                    binary: str):
    async with running(Site(slot, authority, tmp_path, binary, server)) as site:
        async with await site.phone(client, "alice", 4) as alice, \
                await site.desk_phone("bob") as bob:
            await alice.register()
            contact, = site.pbx.bindings("alice")
            assert str(site.listeners[server]) in contact
            await call(bob, alice)
            await call(alice, bob)
            await alice.unregister()
            assert not site.pbx.bindings("alice")


async def test_client_that_registers_at_the_proxy_itself_reaches_the_default_server(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    async with running(Site(slot, authority, tmp_path, binary, "udp")) as site:
        at_proxy = f"sip:{site.listeners['tcp']};transport=tcp"
        async with await site.phone("tcp", "alice", 4, registrar=at_proxy) as alice, \
                await site.desk_phone("bob") as bob:
            await alice.register()
            await call(bob, alice)


@pytest.mark.parametrize("first, second", [("wss", "ws"), ("tls", "udp"), ("tcp", "wss")])
async def test_clients_call_each_other_through_the_server(first: str, second: str, slot: Slot,
                                                          authority: Authority, tmp_path: Path,
                                                          binary: str):
    async with running(Site(slot, authority, tmp_path, binary, "udp")) as site:
        async with await site.phone(first, "alice", 4) as alice, \
                await site.phone(second, "bob", 5) as bob:
            await alice.register()
            await bob.register()
            await call(alice, bob)
            await call(bob, alice)


@pytest.mark.parametrize("ending", ["terminate", "kill"])
async def test_a_binding_outlives_the_proxy(ending: str, slot: Slot, authority: Authority,
                                            tmp_path: Path, binary: str):
    async with running(Site(slot, authority, tmp_path, binary, "udp")) as site:
        async with await site.phone("udp", "alice", 4) as alice, \
                await site.desk_phone("bob") as bob:
            await alice.register()
            await restart(site.proxy, ending)
            await call(bob, alice)


@pytest.mark.parametrize("client", ["udp", "wss"])
async def test_refreshes_keep_one_row_across_a_restart(client: str, slot: Slot,
                                                       authority: Authority, tmp_path: Path,
                                                       binary: str):
    async with running(Site(slot, authority, tmp_path, binary, "udp")) as site:
        async with await site.phone(client, "alice", 4) as alice:
            await alice.register()
            first = site.pbx.bindings("alice")
            assert len(first) == 1
            for _ in range(REFRESHES):
                await alice.register()
            await restart(site.proxy, "terminate")
            for flow in alice.endpoint.flows if alice.endpoint.reliable else []:
                await within(flow.closed.wait(), "end of the connection to the old proxy")
            await alice.register()
            assert site.pbx.bindings("alice") == first
