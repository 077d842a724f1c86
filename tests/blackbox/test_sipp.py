"""sipp against itself (so that the scenarios are right) and against the agent, without a proxy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.conversation import SDP, SDP_TYPE
from agent.endpoint import Address
from agent.user_agent import UserAgent
from harness.sipp import LOSSY_PAIRS, PAIRS, Sipp
from harness.slot import Slot


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("caller, callee", PAIRS)
def test_scenarios_fit_each_other(caller: str, callee: str, transport: str, slot: Slot,
                                  tmp_path: Path):
    here, there = Address(slot.ip(3), 5060), Address(slot.ip(4), 5060)
    with Sipp(callee, transport, there, tmp_path, calls=5) as waiting, Sipp(
            caller, transport, here, tmp_path, remote=there, target=str(there), calls=5) as calling:
        calling.finish()
        waiting.finish()


@pytest.mark.parametrize("caller, callee", [("uac", "uas"), ("uac_bye", "uas_bye")])
def test_scenarios_speak_ipv6(caller: str, callee: str, slot: Slot, tmp_path: Path):
    here, there = Address("::1", slot.port()), Address("::1", slot.port())
    with Sipp(callee, "udp", there, tmp_path) as waiting, Sipp(
            caller, "udp", here, tmp_path, remote=there, target=str(there)) as calling:
        calling.finish()
        waiting.finish()


@pytest.mark.parametrize("caller, callee", LOSSY_PAIRS)
def test_scenarios_survive_loss(caller: str, callee: str, slot: Slot, tmp_path: Path):
    here, there = Address(slot.ip(3), 5060), Address(slot.ip(4), 5060)
    with Sipp(callee, "udp", there, tmp_path, calls=5, loss=10) as waiting, Sipp(
            caller, "udp", here, tmp_path, remote=there, target=str(there), calls=5,
            loss=10) as calling:
        calling.finish()
        waiting.finish()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_calls_the_agent(transport: str, slot: Slot, tmp_path: Path):
    async with await UserAgent.start(transport, slot.ip(4), "sip:bob@b.test", port=5060) as bob:
        with Sipp("uac", transport, Address(slot.ip(3), 5060), tmp_path,
                  remote=bob.endpoint.local, target="b.test") as calling:
            incoming = await bob.expect("INVITE")
            assert incoming.flow.remote.host == slot.ip(3)
            await bob.respond(incoming, 180)
            dialog = await bob.accept(incoming, SDP, SDP_TYPE)
            await dialog.expect("ACK")
            await bob.respond(await dialog.expect("BYE"), 200)
            await asyncio.to_thread(calling.finish)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_agent_calls_sipp(transport: str, slot: Slot, tmp_path: Path):
    there = Address(slot.ip(4), 5060)
    with Sipp("uas", transport, there, tmp_path) as waiting:
        async with await UserAgent.start(transport, slot.ip(3), "sip:a@a.test",
                                         proxy=there) as alice:
            invite = await alice.request("INVITE", "sip:bob@b.test", SDP_TYPE, SDP)
            await invite.response(180)
            dialog = await alice.confirm(invite)
            await (await dialog.request("BYE")).response(200)
            await asyncio.to_thread(waiting.finish)
