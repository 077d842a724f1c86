"""The test agent against itself, without a proxy: it must be right before it can judge."""

from __future__ import annotations

import asyncio

import pytest

from agent.conversation import SDP, SDP_TYPE, converse
from agent.datagram import DatagramEndpoint, random_loss
from agent.digest import Credentials, Guard, answer, digest_response
from agent.endpoint import STREAMS, TRANSPORTS, Address, Tls
from agent.framing import Framer
from agent.message import Malformed, Message, compose
from agent.phone import Phone
from agent.registrar import Registrar
from agent.uri import NameAddr, Uri, split_outside
from agent.user_agent import UserAgent
from agent.waiting import Mailbox, Missing
from harness.certificates import Authority
from harness.slot import Slot


@pytest.fixture(scope="module")
def tls(authority: Authority, slot: Slot) -> Tls:
    return authority.contexts(authority.issue("parties", [slot.ip(3), slot.ip(4), "::1"]))


def test_commas_in_quotes_and_brackets_do_not_split():
    value = '"a, b" <sip:x@y;p=1,2>, <sip:z@y>'
    assert split_outside(value, ",") == ['"a, b" <sip:x@y;p=1,2>', "<sip:z@y>"]


def test_uri_parts_are_told_apart():
    uri = Uri.parse("sip:alice;x=1@[2001:db8::1]:5070;transport=TCP;lr?Subject=a")
    assert (uri.user, uri.host, uri.port) == ("alice;x=1", "[2001:db8::1]", 5070)
    assert uri.parameters == {"transport": "TCP", "lr": None}
    assert NameAddr.parse("sip:a@b;tag=1").parameters == {"tag": "1"}


def test_folded_rows_and_compact_names_are_read_and_kept():
    raw = compose("INFO sip:a@b SIP/2.0", [("i", "1"), ("Subject", "one\r\n two")], b"x")
    message = Message(raw)
    assert message.call_id == "1" and message.get("subject") == "one two"
    assert message.rows[1].raw == b"Subject: one\r\n two"


def test_framer_takes_messages_and_keepalives_apart_at_every_cut():
    one = compose("OPTIONS sip:a@b SIP/2.0", [("Call-ID", "1")], b"\r\n\r\nbody")
    stream = b"\r\n\r\n" + one + b"\r\n\r\n" + one
    for size in range(1, len(stream)):
        framer = Framer()
        cut = [stream[i:i + size] for i in range(0, len(stream), size)]
        assert [m for part in cut for m in framer.feed(part)] == [one, one]
    with pytest.raises(Malformed):
        Framer().feed(b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_proves_the_password_and_nothing_else(algorithm: str):
    guard = Guard("r", {"alice": "secret"}, algorithm)
    right = answer(guard.challenge(), Credentials("alice", "secret"), "REGISTER", "sip:r")
    assert guard.admits(right, "REGISTER")
    assert not guard.admits(right, "INVITE")
    wrong = answer(guard.challenge(), Credentials("alice", "wrong"), "REGISTER", "sip:r")
    assert not guard.admits(wrong, "REGISTER")


def test_digest_gives_the_example_of_rfc_2617():
    given = {"realm": "testrealm@host.com", "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
             "uri": "/dir/index.html", "qop": "auth", "nc": "00000001", "cnonce": "0a4f113b"}
    assert digest_response(given, Credentials("Mufasa", "Circle Of Life"), "GET") == (
        "6629fae49393a05397450978507c4ef1")


async def test_a_wait_in_vain_fails_and_names_what_came_instead():
    box: Mailbox[str] = Mailbox()
    box.put("other")
    with pytest.raises(Missing, match="other"):
        await box.take(lambda item: item == "wanted", "wanted", timeout=0.05)
    waiting = asyncio.ensure_future(box.take(lambda item: item == "wanted", "wanted"))
    await asyncio.sleep(0)
    box.put("wanted")
    assert await waiting == "wanted" and box.peek() == ["other"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
async def test_every_method_over_each_transport(transport: str, family: str, slot: Slot, tls: Tls):
    hosts = (slot.ip(3), slot.ip(4)) if family == "ipv4" else ("::1", "::1")
    async with (await UserAgent.start(transport, hosts[0], "sip:a@a.test", tls=tls) as alice,
                await UserAgent.start(transport, hosts[1], "sip:b@b.test", tls=tls) as bob):
        await converse(alice, bob, bob.contact_uri)
        await converse(bob, alice, alice.contact_uri)
        assert not alice.untaken() and not bob.untaken()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_phone_registers_with_digest_and_is_called(transport: str, slot: Slot, tls: Tls):
    async with await Registrar.start(transport, slot.ip(3), "sip:pbx@pbx.test", tls=tls) as pbx:
        pbx.guard = Guard("pbx.test", {"alice": "secret"}, "SHA-256")
        phone = await Phone.switch_on(transport, slot.ip(4), "sip:alice@pbx.test",
                                      pbx.endpoint.local, password="secret", tls=tls)
        async with phone:
            await phone.register()
            await phone.register()
            assert [b.uri for b in pbx.bindings(phone.aor)] == [phone.contact_uri]
            assert len(pbx.registers) == 4
            await phone.unregister()
            assert not pbx.bindings(phone.aor)
            calling = asyncio.ensure_future(phone.call("sip:pbx@pbx.test", SDP, SDP_TYPE,
                                                       challenged=True))
            challenge = [("Proxy-Authenticate", pbx.guard.challenge())]
            await (await pbx.expect("INVITE")).respond(407, challenge)
            incoming = await pbx.expect("INVITE")
            assert pbx.guard.admits(incoming.request.get("proxy-authorization"), "INVITE")
            await pbx.respond(incoming, 180)
            await phone.cancel(await calling)
            assert incoming.cancelled.is_set()


async def test_wrong_password_is_refused(slot: Slot):
    async with await Registrar.start("udp", slot.ip(3), "sip:pbx@pbx.test") as pbx:
        pbx.guard = Guard("pbx.test", {"alice": "secret"})
        async with await Phone.switch_on("udp", slot.ip(4), "sip:alice@pbx.test",
                                         pbx.endpoint.local, password="wrong") as phone:
            with pytest.raises(AssertionError, match="401"):
                await phone.register()
            assert not pbx.bindings(phone.aor)


async def test_registrar_forks_to_all_bindings(slot: Slot):
    async with await Registrar.start("udp", slot.ip(3), "sip:pbx@pbx.test") as pbx:
        phones = [await Phone.switch_on("udp", slot.ip(host), "sip:alice@pbx.test",
                                        pbx.endpoint.local) for host in (4, 5)]
        async with phones[0], phones[1]:
            for phone in phones:
                await phone.register()
            calls = await pbx.fork("sip:alice@pbx.test", SDP, SDP_TYPE)
            rung = [await phone.ring() for phone in phones]
            theirs, ours = await asyncio.gather(phones[0].answer(rung[0]), pbx.confirm(calls[0]))
            await calls[1].cancel()
            await calls[1].response(487)
            bye = await theirs.request("BYE")
            await pbx.respond(await ours.expect("BYE"), 200)
            await bye.response(200)


@pytest.mark.parametrize("seed", range(3))
async def test_calls_survive_loss_by_retransmission(seed: int, slot: Slot):
    async with (await UserAgent.start("udp", slot.ip(3), "sip:a@a.test") as alice,
                await UserAgent.start("udp", slot.ip(4), "sip:b@b.test") as bob):
        assert isinstance(alice.endpoint, DatagramEndpoint)
        alice.endpoint.lose = random_loss(0.3, seed)
        alice.transactions.t1 = bob.transactions.t1 = 0.02
        for _ in range(5):
            invite = await alice.request("INVITE", bob.contact_uri, SDP_TYPE, SDP)
            theirs = await bob.accept(await bob.expect("INVITE"), SDP)
            ours = await alice.confirm(invite)
            await theirs.expect("ACK")
            bye = await ours.request("BYE")
            await bob.respond(await theirs.expect("BYE"), 200)
            await bye.response(200)
        assert alice.transactions.repeated + bob.transactions.repeated > 0


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_closed_connection_is_noticed_and_replaced(transport: str, slot: Slot, tls: Tls):
    async with (await UserAgent.start(transport, slot.ip(3), "sip:a@a.test", tls=tls) as alice,
                await UserAgent.start(transport, slot.ip(4), "sip:b@b.test", tls=tls) as bob):
        first = await alice.request("OPTIONS", bob.contact_uri)
        await bob.respond(await bob.expect("OPTIONS"), 200)
        await first.response(200)
        await bob.endpoint.flows[0].close()
        await asyncio.wait_for(first.flow.closed.wait(), 5)
        second = await alice.request("OPTIONS", bob.contact_uri)
        await bob.respond(await bob.expect("OPTIONS"), 200)
        await second.response(200)
        assert second.flow is not first.flow


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_crlf_ping_on_a_stream_is_answered(transport: str, slot: Slot, tls: Tls):
    async with (await UserAgent.start(transport, slot.ip(3), "sip:a@a.test", tls=tls) as alice,
                await UserAgent.start(transport, slot.ip(4), "sip:b@b.test", tls=tls) as bob):
        flow = await alice.endpoint.flow_to(Address(slot.ip(4), bob.endpoint.local.port))
        await flow.write(b"\r\n\r\n")
        await asyncio.wait_for(flow.pong.wait(), 5)
