"""Keys of the configuration that change where a request goes or how its messages speak of us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import ClientTransaction
from agent.uri import Uri
from agent.user_agent import UserAgent
from harness.config import Listener, Server, Settings
from harness.dnsmasq import Dnsmasq
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

NAME = "proxy.test"


class Trunk:
    """Servers a and b by UDP; the listener of each is where it says."""

    def __init__(self, slot: Slot, folder: Path, binary: str, *, bind: str = "",
                 advertised: str | None = None, b_host: str = "", **more: object) -> None:
        self.a, self.b = Address(slot.ip(3), slot.port()), Address(slot.ip(4), slot.port())
        self.at = Address(slot.ip(2), slot.port())
        listener = Address(bind or self.at.host, self.at.port)
        self.proxy = Roundabout(Settings(
            [Listener(t, listener, advertised=advertised and f"{advertised}:{listener.port}")
             for t in ("udp", "tcp")],
            [Server("a", [self.a.host], ["a.test"], "udp", self.a.port),
             Server("b", [b_host or self.b.host], ["b.test"], "udp", self.b.port)],
            workers=workers(), more=more), folder, binary)

    async def party(self, name: str, transport: str = "udp") -> UserAgent:
        place = self.a if name == "a" else self.b
        party = await UserAgent.start(transport, place.host, f"sip:{name}@{name}.test",
                                      port=place.port, proxy=self.at)
        party.hosts[NAME] = self.at.host
        return party


async def answered(sent: ClientTransaction, by: UserAgent) -> UserAgent:
    """The request arrives there, and its 200 comes back."""
    incoming = await by.expect(sent.request.method, sent.request.call_id)
    await by.respond(incoming, 200)
    await sent.response(200)
    return by


@pytest.mark.parametrize("target", ["ruri", "to"])
async def test_where_an_ack_without_route_and_token_goes(target: str, slot: Slot, tmp_path: Path,
                                                         binary: str):
    """ack_target: its R-URI is an address that the peer put there, To names the server."""
    net = Trunk(slot, tmp_path, binary, ack_target=target)
    with net.proxy:
        async with await net.party("a") as a, await net.party("b") as b:
            invite = await a.request("INVITE", "sip:b@b.test")
            await b.respond(await b.expect("INVITE"), 200)
            ok = await invite.response(200)
            ack = a.compose("ACK", "sip:b@192.0.2.77", ok.get("from"), ok.get("to"), ok.call_id,
                            ok.cseq)
            await invite.flow.send(ack.raw)
            if target == "to":
                assert (await b.expect("ACK")).request.uri == "sip:b@192.0.2.77"
            await answered(await a.request("MESSAGE", "sip:b@b.test"), b)
            assert not b.untaken()
            if target == "ruri":
                net.proxy.await_line(r"ACK sip:b@192\.0\.2\.77 .* dropped: strict_host")


@pytest.mark.parametrize("contact_host, advertised, bind, shown", [
    ("ip", None, "", "own"),
    ("ip", NAME, "", "own"),
    ("fqdn", NAME, "", NAME),
    ("ip", None, "0.0.0.0", "reachable"),
    ("ip", NAME, "0.0.0.0", "reachable"),
])
async def test_the_host_in_contacts(contact_host: str, advertised: str | None, bind: str,
                                    shown: str, slot: Slot, tmp_path: Path, binary: str):
    """contact_host: the advertised name, or an address; never the wildcard. Both ends use it."""
    net = Trunk(slot, tmp_path, binary, bind=bind, advertised=advertised,
                contact_host=contact_host)
    with net.proxy:
        async with await net.party("a") as a, await net.party("b") as b:
            invite = await a.request("INVITE", "sip:b@b.test")
            incoming = await b.expect("INVITE")
            at_b = await b.accept(incoming)
            at_a = await a.confirm(invite)
            await at_b.expect("ACK")
            for uri in (Uri.parse(at_a.target), Uri.parse(at_b.target)):
                assert uri.port == net.at.port
                if shown == "reachable":
                    assert uri.host != "0.0.0.0" and re.fullmatch(r"127(\.\d+){3}", uri.host)
                else:
                    assert uri.host == (net.at.host if shown == "own" else shown)
            assert (NAME in incoming.request.values("record-route")[0]) == bool(advertised)
            at_b.routes.clear()  # by the Contact alone
            info = await at_b.request("INFO")
            await a.respond(await at_a.expect("INFO"), 200)
            await info.response(200)
            bye = await at_a.request("BYE")
            await b.respond(await at_b.expect("BYE"), 200)
            await bye.response(200)


async def test_a_wildcard_listener_speaks_of_the_connections_own_address(
        slot: Slot, tmp_path: Path, binary: str):
    """By TCP that is the address that the peer connected to."""
    own, place = Address(slot.ip(2), slot.port()), Address(slot.ip(3), slot.port())
    other = Address(slot.ip(4), slot.port())
    proxy = Roundabout(Settings(
        [Listener(t, Address("0.0.0.0", own.port)) for t in ("udp", "tcp")],
        [Server("a", [place.host], ["a.test"], "tcp", place.port),
         Server("b", [other.host], ["b.test"], "udp", other.port)], workers=workers()),
        tmp_path, binary)
    with proxy:
        async with await UserAgent.start("tcp", place.host, "sip:a@a.test", port=place.port,
                                         proxy=own) as a, \
                await UserAgent.start("udp", other.host, "sip:b@b.test", port=other.port) as b:
            invite = await a.request("INVITE", "sip:b@b.test")
            at_b = await b.accept(await b.expect("INVITE"))
            at_a = await a.confirm(invite)
            await at_b.expect("ACK")
            assert Uri.parse(at_a.target).host == own.host
            bye = await at_a.request("BYE")
            await b.respond(await at_b.expect("BYE"), 200)
            await bye.response(200)


@pytest.mark.parametrize("default, word, expected", [
    (None, "", "tcp"), ("tcp", "", "tcp"), ("udp", "", "udp"), ("udp", ";transport=tcp", "tcp"),
    (None, ";transport=udp", "udp")])
async def test_hosts_that_are_not_configured(default: str | None, word: str, expected: str,
                                             slot: Slot, tmp_path: Path, binary: str):
    """strict_host = false: by the URI's transport, else by default_transport, TCP if not given."""
    more = {"strict_host": False, **({"default_transport": default} if default else {})}
    net = Trunk(slot, tmp_path, binary, **more)
    stranger = Address(slot.ip(7), slot.port())
    with net.proxy:
        async with await net.party("a") as a, await UserAgent.start(
                expected, stranger.host, "sip:x@elsewhere.test", port=stranger.port) as x:
            invite = await a.request("INVITE", f"sip:x@{stranger}{word}")
            at_x = await x.accept(await x.expect("INVITE"))
            at_a = await a.confirm(invite)
            await at_x.expect("ACK")
            bye = await at_x.request("BYE")
            await a.respond(await at_a.expect("BYE"), 200)
            await bye.response(200)
    assert any("strict_host" in line and "warn" in line for line in net.proxy.log)


async def test_each_listener_may_have_a_default_server_of_its_own(slot: Slot, tmp_path: Path,
                                                                  binary: str):
    doors = {name: Address(slot.ip(2), slot.port()) for name in ("a", "b", "c")}
    places = {name: Address(slot.ip(host), slot.port()) for name, host in (("a", 3), ("b", 4))}
    proxy = Roundabout(Settings(
        [Listener("udp", doors["a"]), Listener("udp", doors["b"], more={"default_server": "b"}),
         Listener("tcp", doors["c"], more={"default_server": "b"})],
        [Server(name, [place.host], [f"{name}.test"], "udp", place.port)
         for name, place in places.items()],
        domains=[NAME], default_server="a", workers=workers()), tmp_path, binary)
    with proxy:
        async with await Registrar.start("udp", places["a"].host, "sip:a@a.test",
                                         port=places["a"].port) as a, \
                await Registrar.start("udp", places["b"].host, "sip:b@b.test",
                                      port=places["b"].port) as b:
            for door, transport, server in (("a", "udp", a), ("b", "udp", b), ("c", "tcp", b)):
                async with await Phone.switch_on(transport, slot.ip(5), f"sip:{door}@{NAME}",
                                                 doors[door]) as phone:
                    known = len(server.registers)
                    await phone.register()
                    assert len(server.registers) == known + 1
                    sent = await phone.request("MESSAGE", f"sip:bob@{NAME}")
                    incoming = await server.expect("MESSAGE")
                    assert incoming.request.uri == f"sip:bob@{server.user}.test"
                    await server.respond(incoming, 200)
                    await sent.response(200)


async def test_a_server_given_by_host_name(slot: Slot, tmp_path: Path, binary: str):
    """Asked of name_servers; the server is reached there and recognised by that address."""
    names = Address(slot.ip(9), slot.port())
    net = Trunk(slot, tmp_path, binary, b_host="sip.b.test", name_servers=[str(names)])
    with Dnsmasq(names, {"sip.b.test": net.b.host}, tmp_path), net.proxy:
        async with await net.party("a") as a, await net.party("b") as b:
            await answered(await a.request("MESSAGE", "sip:b@b.test"), b)
            await answered(await b.request("MESSAGE", "sip:a@a.test"), a)
            await answered(await a.request("MESSAGE", "sip:b@sip.b.test"), b)


@pytest.mark.parametrize("allowed", [True, False])
async def test_another_server_calls_a_client_only_where_it_may(allowed: bool, slot: Slot,
                                                               tmp_path: Path, binary: str):
    """may_call_clients of the server that granted the binding."""
    door = Address(slot.ip(2), slot.port())
    places = {name: Address(slot.ip(host), slot.port())
              for name, host in (("pbx", 3), ("carrier", 4))}
    more = {"may_call_clients": ["carrier"]} if allowed else {}
    proxy = Roundabout(Settings(
        [Listener("udp", door)],
        [Server("pbx", [places["pbx"].host], ["pbx.test"], "udp", places["pbx"].port, more=more),
         Server("carrier", [places["carrier"].host], ["carrier.test"], "udp",
                places["carrier"].port)], workers=workers()), tmp_path, binary)
    with proxy:
        async with await Registrar.start("udp", places["pbx"].host, "sip:pbx@pbx.test",
                                         port=places["pbx"].port) as pbx, \
                await UserAgent.start("udp", places["carrier"].host, "sip:c@carrier.test",
                                      port=places["carrier"].port, proxy=door) as carrier, \
                await Phone.switch_on("udp", slot.ip(5), "sip:alice@pbx.test", door) as alice:
            await alice.register()
            invite = await carrier.request("INVITE", pbx.bindings(alice.aor)[0].uri)
            if not allowed:
                await invite.response(404)
                assert not alice.untaken()
                return
            at_alice = await alice.accept(await alice.expect("INVITE"))
            at_carrier = await carrier.confirm(invite)
            await at_alice.expect("ACK")
            bye = await at_alice.request("BYE")
            await carrier.respond(await at_carrier.expect("BYE"), 200)
            await bye.response(200)
