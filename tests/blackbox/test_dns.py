"""Servers by host name: A, SRV and NAPTR records from dnsmasq, and addresses that are dead."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent.conversation import converse
from agent.endpoint import Address
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.dnsmasq import Dnsmasq, host, naptr, srv
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

NAME = "sip.b.test"
URI = "sip:bob@b.test"
TRANSPORTS = ("udp", "tcp", "tls")


class NamedServer:
    """The proxy between server `a`, by address, and server `b`, by name, at two addresses."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 transport: str | None, port: int | None = None) -> None:
        self.slot, self.folder, self.transport = slot, folder, transport or "udp"
        self.caller = Address(slot.ip(3), 5060)
        self.first, self.second = (Address(slot.ip(n), slot.port()) for n in (4, 5))
        self.dns = Address(slot.ip(6), slot.port())
        self.listeners = {t: Address(slot.ip(2), 5061 if t == "tls" else 5060) for t in TRANSPORTS}
        own = authority.issue("proxy", [slot.ip(2)], ["proxy.test"])
        self.tls = authority.contexts(authority.issue("b", [], [NAME]))
        self.proxy = Roundabout(Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("a", [self.caller.host], ["a.test"], "udp", self.caller.port),
             Server("b", [NAME], ["b.test"], transport, port)],
            workers=workers(), certificate=own.chain, key=own.key, ca=authority.ca,
            more={"name_servers": [str(self.dns)], "try_next_after": 0.5}), folder, binary)

    def names(self, *records: str, ttl: int = 60) -> Dnsmasq:
        return Dnsmasq(self.dns, {}, self.folder, records, ttl)

    def two_places(self, service: str | None = None) -> Dnsmasq:
        """SRV records: the first place, then the second."""
        service = service or {"udp": "_sip._udp", "tcp": "_sip._tcp",
                              "tls": "_sips._tcp"}[self.transport] + "." + NAME
        return self.names(*host("one.b.test", self.first.host), *host("two.b.test",
                                                                      self.second.host),
                          srv(service, "one.b.test", self.first.port, 10),
                          srv(service, "two.b.test", self.second.port, 20))

    async def alice(self) -> UserAgent:
        return await UserAgent.start("udp", self.caller.host, "sip:alice@a.test",
                                     port=self.caller.port, proxy=self.listeners["udp"])

    async def bob(self, place: Address, transport: str | None = None) -> UserAgent:
        transport = transport or self.transport
        return await UserAgent.start(transport, place.host, URI, port=place.port,
                                     proxy=self.listeners[transport], tls=self.tls)


async def deliver(sender: UserAgent, receiver: UserAgent, uri: str) -> None:
    """One MESSAGE and its answer."""
    sent = await sender.request("MESSAGE", uri)
    arrived = await receiver.expect("MESSAGE", sent.request.call_id)
    await receiver.respond(arrived, 200)
    await sent.response(200)


@contextmanager
def bound(place: Address, kind: int) -> Iterator[socket.socket]:
    """A socket at that place that does nothing."""
    with closing(socket.socket(type=kind)) as bound_socket:
        bound_socket.bind((place.host, place.port))
        bound_socket.setblocking(False)
        yield bound_socket


async def test_addresses_of_a_name_with_a_port(slot: Slot, authority: Authority, tmp_path: Path,
                                               binary: str):
    port = slot.port()
    net = NamedServer(slot, authority, tmp_path, binary, "udp", port)
    place = Address(net.first.host, port)
    with net.names(*host(NAME, place.host)), net.proxy:
        async with await net.alice() as alice, await net.bob(place) as bob:
            await converse(alice, bob, URI)
            await converse(bob, alice, "sip:alice@a.test")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_srv_records_say_address_and_port(transport: str, slot: Slot, authority: Authority,
                                                tmp_path: Path, binary: str):
    net = NamedServer(slot, authority, tmp_path, binary, transport)
    with net.two_places(), net.proxy:
        async with await net.alice() as alice, await net.bob(net.first) as first, \
                await net.bob(net.second) as second:
            await converse(alice, first, URI)
            await converse(first, alice, "sip:alice@a.test")
            assert not second.untaken()
            # It is recognised by the address that no request has gone to so far.
            await deliver(second, alice, "sip:alice@a.test")


async def test_naptr_records_choose_tls(slot: Slot, authority: Authority, tmp_path: Path,
                                        binary: str):
    """The certificate carries the name in the configuration, not that of the SRV target."""
    net = NamedServer(slot, authority, tmp_path, binary, None)
    records = [*host("one.b.test", net.first.host),
               naptr(NAME, 10, 10, "SIPS+D2T", "_sips._tcp.b.test"),
               naptr(NAME, 20, 10, "SIP+D2U", "_sip._udp.b.test"),
               srv("_sips._tcp.b.test", "one.b.test", net.first.port),
               srv("_sip._udp.b.test", "one.b.test", net.first.port)]
    with net.names(*records), net.proxy:
        async with await net.alice() as alice, await net.bob(net.first, "tls") as bob, \
                await net.bob(net.first, "udp") as in_clear:
            await converse(alice, bob, URI)
            await converse(bob, alice, "sip:alice@a.test")
            assert not in_clear.untaken()


async def test_without_naptr_and_srv_the_name_is_enough(slot: Slot, authority: Authority,
                                                        tmp_path: Path, binary: str):
    net = NamedServer(slot, authority, tmp_path, binary, None)
    place = Address(net.first.host, 5060)
    with net.names(*host(NAME, place.host)), net.proxy:
        async with await net.alice() as alice, await net.bob(place) as bob:
            await converse(alice, bob, URI)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_refused_address_is_passed_over(transport: str, slot: Slot, authority: Authority,
                                                tmp_path: Path, binary: str):
    """R32: nobody is there (TCP says so, and ICMP for UDP): the next one, in the same transaction."""
    net = NamedServer(slot, authority, tmp_path, binary, transport)
    with net.two_places(), net.proxy:
        async with await net.alice() as alice, await net.bob(net.second) as bob:
            await converse(alice, bob, URI)


async def test_a_black_hole_is_passed_over_and_remembered(slot: Slot, authority: Authority,
                                                          tmp_path: Path, binary: str):
    net = NamedServer(slot, authority, tmp_path, binary, "udp")
    with bound(net.first, socket.SOCK_DGRAM) as hole, net.two_places(), net.proxy:
        async with await net.alice() as alice, await net.bob(net.second) as bob:
            invite = await alice.request("INVITE", URI)
            incoming = await bob.expect("INVITE")
            there = await bob.accept(incoming)
            here = await alice.confirm(invite)
            await there.expect("ACK")
            assert invite.request.call_id.encode() in hole.recv(65536)
            sent = []
            # By UDP the Call-ID says which worker gets a request, and each learns for itself.
            for _ in range(8 * workers()):
                message = await alice.request("MESSAGE", URI)
                sent.append(message.request.call_id)
                await bob.respond(await bob.expect("MESSAGE"), 200)
                await message.response(200)
            seen = read_all(hole)
            assert sum(any(call.encode() in one for one in seen) for call in sent) < workers()
            bye = await here.request("BYE")
            await bob.respond(await there.expect("BYE"), 200)
            await bye.response(200)


def read_all(sock: socket.socket) -> Sequence[bytes]:
    """Whatever has arrived there."""
    arrived = []
    while True:
        try:
            arrived.append(sock.recv(65536))
        except BlockingIOError:
            return arrived


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_503_is_passed_over(transport: str, slot: Slot, authority: Authority,
                                    tmp_path: Path, binary: str):
    """R32: the next address, and the caller hears nothing of it."""
    net = NamedServer(slot, authority, tmp_path, binary, transport)
    with net.two_places(), net.proxy:
        async with await net.alice() as alice, await net.bob(net.first) as first, \
                await net.bob(net.second) as second:
            invite = await alice.request("INVITE", URI)
            refused = await first.expect("INVITE")
            await first.respond(refused, 100)
            await first.respond(refused, 503)
            incoming = await second.expect("INVITE")
            branches = {one.request.values("via")[0].split("branch=")[1].split(";")[0]
                        for one in (refused, incoming)}
            assert len(branches) == 2
            there = await second.accept(incoming)
            here = await alice.confirm(invite)
            await there.expect("ACK")
            bye = await there.request("BYE")
            await alice.respond(await here.expect("BYE"), 200)
            await bye.response(200)


async def test_a_call_goes_on_while_dns_is_dead(slot: Slot, authority: Authority, tmp_path: Path,
                                                binary: str):
    """With every answer expired and each query unanswered, the last good answers count."""
    net = NamedServer(slot, authority, tmp_path, binary, "udp")
    with net.names(*host("one.b.test", net.first.host),
                   srv(f"_sip._udp.{NAME}", "one.b.test", net.first.port), ttl=1) as dns, net.proxy:
        async with await net.alice() as alice, await net.bob(net.first) as bob:
            invite = await alice.request("INVITE", URI)
            there = await bob.accept(await bob.expect("INVITE"))
            here = await alice.confirm(invite)
            await there.expect("ACK")
            await asyncio.to_thread(dns.kill)
            with bound(net.dns, socket.SOCK_DGRAM) as silent:
                loop = asyncio.get_running_loop()
                # Three questions, each sent twice, then all of it once more: no answer is fresh now.
                for _ in range(6 * workers() + 1):
                    await loop.sock_recv(silent, 65536)
                await deliver(alice, bob, URI)
                await deliver(bob, alice, "sip:alice@a.test")
            bye = await here.request("BYE")
            await bob.respond(await there.expect("BYE"), 200)
            await bye.response(200)


async def test_a_server_is_found_when_dns_comes_up_after_the_proxy(slot: Slot, authority: Authority,
                                                                   tmp_path: Path, binary: str):
    net = NamedServer(slot, authority, tmp_path, binary, "udp")
    with net.proxy:
        async with await net.alice() as alice, await net.bob(net.first) as bob:
            invite = await alice.request("INVITE", URI)
            await invite.response(500)
            bob.service["MESSAGE"] = lambda message: bob.respond(message, 200)
            with net.two_places() as dns:
                for _ in range(8 * workers()):  # each worker asks again by itself
                    since = len(dns.log)
                    sent = await alice.request("MESSAGE", URI)
                    if (await sent.final()).status == 200:
                        break
                    await asyncio.to_thread(dns.await_line, "query", since=since)
                else:
                    pytest.fail("the name server is up, and the server is not found")
