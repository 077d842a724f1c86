"""kill -9 in the middle of things: transactions, registrations, and what a start refuses (R46)."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
from pathlib import Path

import pytest

from agent.endpoint import Address, Flow
from agent.message import Message
from agent.phone import Phone
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.pair import Side, TrunkPair
from harness.program import Program
from harness.proxied import FiveTransports
from harness.site import restart
from harness.slot import Slot

STREAMS = ["tcp", "tls", "ws", "wss"]
PHONES = 24


def make_pair(near: str, far: str, slot: Slot, authority: Authority, folder: Path,
              binary: str) -> TrunkPair:
    """Two trusted servers and the proxy between them."""
    a, b = (Side(name, transport, Address(slot.ip(host), slot.port()),
                 Address(slot.ip(2), slot.port()))
            for name, transport, host in (("a", near, 3), ("b", far, 4)))
    return TrunkPair(a, b, authority, folder, binary)


async def all_closed(*flows: Flow) -> None:
    """The ends of connections to a proxy that is gone."""
    for flow in flows:
        if flow.endpoint.reliable:
            await within(flow.closed.wait(), "end of the connection to the old proxy")


async def answer_from(callee: UserAgent, incoming, proxy: Address) -> None:
    """The callee answers by its own connection anew, if that was lost with the proxy."""
    if callee.endpoint.reliable:
        await all_closed(incoming.flow)
        incoming.flow = await callee.endpoint.flow_to(proxy)


@pytest.mark.parametrize("near, far", [("udp", "udp"), ("tcp", "udp"), ("udp", "tcp"),
                                       ("tls", "wss"), ("wss", "tls"), ("ws", "ws")])
async def test_a_call_that_rings_while_the_proxy_dies_is_answered(
        near: str, far: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """The 200 reaches the calling server: by UDP where its Via says, by a stream at its entry."""
    pair = make_pair(near, far, slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            invite = await caller.request("INVITE", pair.b.uri("b"))
            incoming = await callee.expect("INVITE")
            await callee.respond(incoming, 180)
            await invite.response(180)
            await restart(pair.proxy, "kill")
            await all_closed(invite.flow)
            await answer_from(callee, incoming, pair.b.listener)
            there = await callee.accept(incoming)
            here = await caller.confirm(invite)
            await there.expect("ACK")
            bye = await there.request("BYE")
            await caller.respond(await here.expect("BYE"), 200)
            await bye.response(200)


@pytest.mark.parametrize("client", ["udp", *STREAMS])
async def test_a_client_gets_the_answer_to_its_call_from_before(
        client: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """By UDP at once; by a stream over the connection by which it registered again."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.registrar("udp") as pbx, await net.phone(client, "udp") as alice:
            await alice.register()
            invite = await alice.call("sip:bob@udp.pbx.test")
            incoming = await pbx.expect("INVITE")
            await pbx.respond(incoming, 180)
            await invite.response(180)
            await restart(net.proxy, "kill")
            await all_closed(invite.flow)
            if alice.endpoint.reliable:
                await alice.register()
            at_pbx = await pbx.accept(incoming)
            await alice.confirm(invite)
            await at_pbx.expect("ACK")
            bye = await at_pbx.request("BYE")
            await alice.respond(await alice.expect("BYE"), 200)
            await bye.response(200)


@pytest.mark.parametrize("client", ["tcp", "wss"])
async def test_a_refusal_without_record_route_reaches_the_client_that_is_back(
        client: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.registrar("udp") as pbx, await net.phone(client, "udp") as alice:
            await alice.register()
            invite = await alice.call("sip:bob@udp.pbx.test")
            incoming = await pbx.expect("INVITE")
            await restart(net.proxy, "kill")
            await all_closed(invite.flow)
            await alice.register()
            invite.flow = await alice.endpoint.flow_to(alice.proxy)
            await pbx.respond(incoming, 486)
            await invite.response(486)
            await within(incoming.acked.wait(), "ACK to the 486")


def arrivals(party: UserAgent) -> asyncio.Queue[Message]:
    """What arrives at a party from now on, beside what the party does with it."""
    queue: asyncio.Queue[Message] = asyncio.Queue()
    deal = party.endpoint.on_message

    def note(message: Message, flow: Flow) -> None:
        queue.put_nowait(message)
        deal(message, flow)

    party.endpoint.on_message = note
    return queue


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
async def test_a_request_sent_again_after_a_restart_leaves_with_the_same_branch(
        method: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    pair = make_pair("udp", "udp", slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            sent = await caller.request(method, pair.b.uri("b"))
            incoming = await callee.expect(method)
            await restart(pair.proxy, "kill")
            arriving = arrivals(callee)
            await sent.flow.send(sent.request.raw)
            again = await within(arriving.get(), "the request once more")
            assert again.branch == incoming.request.branch
            await callee.respond(incoming, 486 if method == "INVITE" else 200)
            await sent.final()
            assert not callee.untaken()


@pytest.mark.parametrize("near", ["udp", *STREAMS])
async def test_a_cancel_after_a_restart_ends_the_call_from_before(
        near: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """It bears the branch that the callee knows, and so does the ACK to the 487."""
    pair = make_pair(near, "udp", slot, authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
            invite = await caller.request("INVITE", pair.b.uri("b"))
            incoming = await callee.expect("INVITE")
            await callee.respond(incoming, 180)
            await invite.response(180)
            await restart(pair.proxy, "kill")
            await all_closed(invite.flow)
            invite.flow = await caller.endpoint.flow_to(pair.a.listener)
            await (await invite.cancel()).response(200)
            await invite.response(487)
            assert incoming.cancelled.is_set()
            await within(incoming.acked.wait(), "ACK to the 487")
            heard = [Message(raw) for raw in callee.endpoint.received]
            assert [m.method for m in heard] == ["INVITE", "CANCEL", "ACK"]
            assert {m.branch for m in heard} == {incoming.request.branch}


@pytest.mark.parametrize("client", ["udp", "wss"])
async def test_a_response_to_register_never_outlives_its_transaction(
        client: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """It would tell the client 200 with nothing stored."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.trunk("pbx", "udp") as pbx, await net.phone(client, "udp") as alice:
            sent = await alice.request("REGISTER", alice.registrar,
                                       [("Contact", f"<{alice.contact_uri}>"), ("Expires", "600")],
                                       to=f"<{alice.aor}>")
            incoming = await pbx.expect("REGISTER")
            await restart(net.proxy, "kill")
            await all_closed(sent.flow)
            contact = incoming.request.get("contact")
            await pbx.respond(incoming, 200, [("Contact", f"{contact};expires=600")])
            # The response was dealt with before this request, which came behind it.
            await (await pbx.request("OPTIONS", f"sip:{net.listeners['udp']}")).response(200)
            await (await alice.request("OPTIONS", f"sip:{alice.proxy}")).response(200)
            assert not any(Message(raw).method == "REGISTER" for raw in alice.endpoint.received)
            unknown = await pbx.request("MESSAGE", incoming.request.contact_uri)
            await unknown.response(404)


async def test_every_binding_that_a_client_was_told_of_outlives_kill(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """The kill comes while some have their 200 and others wait for it."""
    net = FiveTransports(slot, authority, tmp_path, binary)
    with net.proxy:
        async with await net.registrar("udp") as pbx:
            phones = [await net.phone("udp", "udp", f"user{n}", host=40 + n) for n in range(PHONES)]
            told: list[Phone] = []

            async def register(phone: Phone) -> None:
                await phone.register()
                told.append(phone)
                if len(told) == PHONES // 2:
                    await asyncio.to_thread(net.proxy.kill)

            asking = [asyncio.create_task(register(phone)) for phone in phones]
            await asyncio.wait(asking, return_when=asyncio.FIRST_EXCEPTION, timeout=20)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            assert len(told) >= PHONES // 2
            await asyncio.to_thread(net.proxy.start)
            for phone in told:
                invite = await pbx.call(phone.aor)
                dialog = await phone.accept(await phone.expect("INVITE"))
                await pbx.confirm(invite)
                await dialog.expect("ACK")
            for phone in phones:
                await phone.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_is_under_way_ends_before_the_proxy_does(
        number: signal.Signals, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """Nothing new is taken; the call that rings is answered; the exit status is 0."""
    pair = make_pair("tcp", "udp", slot, authority, tmp_path, binary)
    pair.proxy.start()
    async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
        invite = await caller.request("INVITE", pair.b.uri("b"))
        incoming = await callee.expect("INVITE")
        await callee.respond(incoming, 180)
        await invite.response(180)
        pair.proxy.signal(number)
        await asyncio.to_thread(pair.proxy.await_line, "stopping: no new requests")
        await caller.request("MESSAGE", pair.b.uri("b"))
        await callee.accept(incoming)
        await invite.response(200)
        assert await asyncio.to_thread(pair.proxy.wait) == 0
        assert not callee.untaken()


async def test_a_call_that_rings_on_does_not_hold_the_proxy_up_for_ever(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """Past `drain` it ends with 0 all the same."""
    pair = make_pair("tcp", "udp", slot, authority, tmp_path, binary)
    pair.proxy.start()
    async with await pair.party(pair.a) as caller, await pair.party(pair.b) as callee:
        invite = await caller.request("INVITE", pair.b.uri("b"))
        await callee.respond(await callee.expect("INVITE"), 180)
        await invite.response(180)
        pair.proxy.signal(signal.SIGTERM)
        assert await asyncio.to_thread(pair.proxy.wait) == 0


class Refused:
    """A proxy that ran once, and what a second start says of what is there now."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.net = FiveTransports(slot, authority, folder, binary)
        self.database, self.key = folder / "clients.db", folder / "clients.db.key"

    async def fill(self) -> None:
        """Stores a binding and stops."""
        with self.net.proxy:
            async with await self.net.registrar("udp"), await self.net.phone("udp", "udp") as alice:
                await alice.register()

    def start(self) -> str:
        """The words of a start that must end by an error, and never say that it is ready."""
        proxy = self.net.proxy
        second = Program("second", proxy.command, proxy.folder)
        second.start()
        assert second.wait() not in (0, None)
        assert not any(re.search("roundabout ready", line) for line in second.log)
        return second.tail()


@pytest.fixture
def refused(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Refused:
    return Refused(slot, authority, tmp_path, binary)


async def test_a_second_daemon_is_refused_with_the_pid_of_the_first(refused: Refused):
    with refused.net.proxy as first:
        assert re.search(rf"\b{first.pid}\b", refused.start())


async def test_a_database_of_a_newer_schema_is_refused(refused: Refused):
    await refused.fill()
    before = refused.database.read_bytes()
    with sqlite3.connect(refused.database) as database:
        known = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute(f"PRAGMA user_version = {known + 1}")
    database.close()
    words = refused.start()
    assert re.search(rf"schema {known + 1}\b", words), words
    with sqlite3.connect(refused.database) as database:
        database.execute(f"PRAGMA user_version = {known}")
    database.close()
    assert len(refused.database.read_bytes()) == len(before)
    with refused.net.proxy:  # nothing is lost
        pass


@pytest.mark.parametrize("fault", ["missing", "damaged", "a folder"])
async def test_a_database_without_its_key_is_refused(fault: str, refused: Refused):
    """Never a silent new key; the words say what is lost. With the key back all is well."""
    await refused.fill()
    kept = refused.key.read_bytes()
    refused.key.unlink()
    if fault == "damaged":
        refused.key.write_bytes(kept[: len(kept) // 2])
        refused.key.chmod(0o600)
    elif fault == "a folder":
        refused.key.mkdir()
    words = refused.start()
    assert str(refused.key) in words, words
    if fault == "missing":
        assert not refused.key.exists()
    elif fault == "damaged":
        assert refused.key.read_bytes() == kept[: len(kept) // 2]
    else:
        refused.key.rmdir()
    refused.key.write_bytes(kept)
    refused.key.chmod(0o600)
    with refused.net.proxy as proxy:
        proxy.await_line(r"\b1 bindings from ")
