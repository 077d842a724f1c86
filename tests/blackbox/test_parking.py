"""Requests for clients whose connection is gone and who come back, or don't."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.dialog import Dialog
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import ClientTransaction
from harness.certificates import Authority
from harness.proxied import FiveTransports
from harness.site import restart
from harness.slot import Slot

# Where `park` is 60, what comes in time comes because the client did, not because time was up.
STREAMS = ["tcp", "tls", "ws", "wss"]
PLACES = 16
RELOADS = 100
Start = Callable[..., FiveTransports]


@pytest.fixture
def start(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Iterator[Start]:
    """Starts the proxy with the given keys at the top of its configuration."""
    with ExitStack() as stack:
        def started(**keys) -> FiveTransports:
            net = FiveTransports(slot, authority, tmp_path, binary)
            net.settings.more = keys
            stack.enter_context(net.proxy)
            return net
        yield started


async def lose(phone: Phone) -> None:
    """The phone's connections end."""
    for flow in list(phone.endpoint.flows):
        await flow.close()


async def parked(net: FiveTransports, method: str, call_id: str) -> None:
    """The proxy holds that request."""
    pattern = rf"{method} .* parked: .*\[{call_id}\]"
    await asyncio.to_thread(net.proxy.await_line, pattern)


async def hold(net: FiveTransports, request: ClientTransaction) -> None:
    await parked(net, request.request.method, request.request.call_id)


async def call(pbx: Registrar, alice: Phone) -> tuple[Dialog, Dialog]:
    """The server calls the phone; both sides' dialogs."""
    invite = await pbx.call(alice.aor)
    at_alice = await alice.accept(await alice.expect("INVITE"))
    at_pbx = await pbx.confirm(invite)
    await at_alice.expect("ACK")
    return at_pbx, at_alice


def answers(phone: Phone, method: str) -> None:
    """The phone answers every request of that method by itself."""
    phone.service[method] = lambda incoming: phone.respond(incoming, 200)


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_call_waits_for_the_client_that_comes_back(transport: str, start: Start):
    """R24: the caller gets 100; the client rings by its new connection."""
    net = start(park=60)
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await invite.response(100)
        await hold(net, invite)
        await alice.register()
        at_alice = await alice.accept(await alice.ring())
        at_pbx = await pbx.confirm(invite)
        await at_alice.expect("ACK")
        bye = await at_alice.request("BYE")
        await pbx.respond(await at_pbx.expect("BYE"), 200)
        await bye.response(200)


async def test_a_call_goes_to_the_contact_that_replaced_the_old_one(start: Start):
    """R10: the same instance and reg-id with another Contact is the same device."""
    def contact(user: str) -> str:
        return (f"<sip:{user}@{user}.invalid;transport=ws>;reg-id=1"
                ';+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"')

    net = start(park=60)
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        await alice.register(contact=contact("before"))
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await hold(net, invite)
        await alice.register(contact=contact("after"))
        incoming = await alice.ring()
        assert incoming.request.uri == "sip:after@after.invalid;transport=ws"
        at_alice = await alice.accept(incoming)
        await pbx.confirm(invite)
        await at_alice.expect("ACK")


@pytest.mark.parametrize("transport", ["tcp", "wss"])
async def test_a_client_that_does_not_come_back_is_480(transport: str, start: Start):
    """Whatever is asked of it; never 408."""
    net = start(park=0.5)
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_pbx, _ = await call(pbx, alice)
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await hold(net, invite)
        pbx.proxy = net.listeners["udp"]
        options = await pbx.request("OPTIONS", pbx.bindings(alice.aor)[0].uri)
        bye = await at_pbx.request("BYE")
        await bye.response(480)
        await options.response(480)
        await invite.response(480)


@pytest.mark.parametrize("drain", [0, 1])
async def test_a_parked_call_is_480_when_the_proxy_ends(drain: int, start: Start):
    """Nobody else will answer it: no branch of it ever left."""
    net = start(park=60, drain=drain)
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        await alice.register()
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await hold(net, invite)
        await restart(net.proxy, "terminate")
        await invite.response(480)


async def test_a_parked_call_can_be_cancelled(start: Start):
    """R20: 200 and 487 from here; who comes back then hears nothing of it."""
    net = start()
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        await alice.register()
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await hold(net, invite)
        await (await invite.cancel()).response(200)
        await invite.response(487)
        await alice.register()
        await call(pbx, alice)
        assert not alice.untaken()


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_bye_waits_for_the_client_that_comes_back(transport: str, start: Start):
    net = start()
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_pbx, at_alice = await call(pbx, alice)
        await lose(alice)
        bye = await at_pbx.request("BYE")
        await hold(net, bye)
        await alice.register()
        await alice.respond(await at_alice.expect("BYE"), 200)
        await bye.response(200)


@pytest.mark.parametrize("transport", STREAMS)
async def test_an_ack_waits_for_the_client_that_comes_back(transport: str, start: Start):
    """R19: the client was lost between its 200 and the ACK."""
    net = start()
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        answers(alice, "OPTIONS")
        await alice.register()
        invite = await pbx.call(alice.aor)
        at_alice = await alice.accept(await alice.expect("INVITE"))
        ok = await invite.response(200)
        await lose(alice)
        pbx.proxy = net.listeners["udp"]
        # An ACK gets no answer, so something else has to tell that the loss is known.
        await hold(net, await pbx.request("OPTIONS", pbx.bindings(alice.aor)[0].uri))
        await Dialog.as_caller(pbx, invite.request, ok).ack(invite)
        await parked(net, "ACK", invite.request.call_id)
        await alice.register()
        await at_alice.expect("ACK")


async def test_the_seventeenth_request_for_one_client_is_refused(start: Start):
    net = start(park=60)
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        answers(alice, "INVITE")
        await alice.register()
        await lose(alice)
        sent = [await pbx.call(alice.aor) for _ in range(PLACES + 1)]
        ends = [asyncio.ensure_future(invite.final()) for invite in sent]
        done, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        assert [end.result().status for end in done] == [480]
        await alice.register()
        assert [r.status for r in await asyncio.gather(*waiting)] == [200] * PLACES


async def test_a_call_waits_for_a_client_whose_proxy_was_killed(start: Start):
    """The binding outlives the proxy, its connection does not."""
    net = start(park=60)
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        await alice.register()
        await restart(net.proxy, "kill")
        await lose(alice)
        invite = await pbx.call(alice.aor)
        await hold(net, invite)
        await alice.register()
        at_alice = await alice.accept(await alice.ring())
        await pbx.confirm(invite)
        await at_alice.expect("ACK")


async def reload_page(alice: Phone) -> str:
    """A page load: a new connection, Contact and instance, and nothing that ties them to the old
    ones but the address of record. The Contact."""
    await lose(alice)
    user = secrets.token_hex(4)
    uri = f"sip:{user}@{secrets.token_hex(6)}.invalid;transport=ws"
    instance = f"urn:uuid:{secrets.token_hex(16)}"
    await alice.register(contact=f'<{uri}>;reg-id=1;+sip.instance="<{instance}>"')
    return uri


async def test_a_hundred_page_reloads_leave_one_live_branch(start: Start):
    """R10: whether the server forks to all that it knows, or asks for the user. The ghosts are
    refused at once: nobody waits for them while somebody can be rung."""
    net = start(park=60)
    async with await net.registrar("udp") as pbx, await net.phone("wss", "udp") as alice:
        pbx.lists_all = False
        for _ in range(RELOADS):
            live = await reload_page(alice)
        assert len(pbx.bindings(alice.aor)) == RELOADS
        branches = await pbx.fork(alice.aor)
        incoming = await alice.ring()
        assert incoming.request.uri == live
        await alice.accept(incoming)
        ends = sorted([(await branch.final()).status for branch in branches])
        assert ends == [200] + [480] * (RELOADS - 1)
        pbx.proxy = net.listeners["udp"]
        invite = await pbx.request("INVITE", f"sip:alice@{net.listeners['udp']}")
        incoming = await alice.ring()
        assert incoming.request.uri == live
        await alice.accept(incoming)
        await invite.response(200)
        assert not alice.untaken()
