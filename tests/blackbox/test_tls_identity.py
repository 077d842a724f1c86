"""Who a server is by its certificate, and which of its connections carry requests back to it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from agent.endpoint import Address, Flow, Tls
from agent.message import Message
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.pair import Side, TrunkPair
from harness.slot import Slot


class Trunk:
    """A proxy between `a`, which speaks UDP, and `b`, of which much is asked or allowed."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 transport: str = "tls", asks: str | None = None, **of_b: object) -> None:
        self.authority = authority
        self.a_side = Side("a", "udp", Address(slot.ip(3), 5060), Address(slot.ip(2), 5060))
        self.b_side = Side("b", transport, Address(slot.ip(4), slot.port()),
                           Address(slot.ip(2), slot.port()), more=of_b)
        self.pair = TrunkPair(self.a_side, self.b_side, authority, folder, binary)
        self.pair.settings.client_networks = []  # nobody passes for a client
        for listener in self.pair.settings.listeners:
            if asks and listener.transport == transport:
                listener.more["client_certificates"] = asks
        self.proxy = self.pair.proxy

    async def a(self) -> UserAgent:
        return await self.pair.party(self.a_side)

    async def b(self) -> UserAgent:
        return await self.pair.party(self.b_side)

    async def at_b(self, tls: Tls) -> UserAgent:
        """Somebody at b's address, with another certificate."""
        return await UserAgent.start(
            self.b_side.transport, self.b_side.server.host, self.b_side.uri("b"),
            proxy=self.b_side.listener, tls=tls, listens=False)


async def deliver(sender: UserAgent, receiver: UserAgent, uri: str) -> Flow:
    """One MESSAGE and its answer; the receiver's flow that it came by."""
    sent = await sender.request("MESSAGE", uri)
    arrived = await receiver.expect("MESSAGE", sent.request.call_id)
    await receiver.respond(arrived, 200)
    await sent.response(200)
    return arrived.flow


async def send_with_via(sender: UserAgent, receiver: UserAgent, uri: str, parameter: str) -> None:
    """One MESSAGE and its answer, with a parameter more in its Via."""
    plain = sender.compose("MESSAGE", uri, f"<{sender.aor}>;tag=1", f"<{uri}>", f"via-{parameter}",
                           1)
    message = Message(plain.raw.replace(b";rport", b";rport;" + parameter.encode(), 1))
    sent = await sender.transactions.send(message, await sender.flow_for(message))
    await receiver.respond(await receiver.expect("MESSAGE", f"via-{parameter}"), 200)
    await sent.response(200)


def without_certificate(tls: Tls, authority: Authority) -> Tls:
    """The contexts of a party, but that it shows no certificate when it connects."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(authority.ca)
    return Tls(tls.server, client)


@pytest.mark.parametrize("transport", ["tls", "wss"])
async def test_attack_the_right_address_with_the_wrong_certificate(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R42: with verify_inbound the address alone makes nobody a trusted server."""
    trunk = Trunk(slot, authority, tmp_path, binary, transport, "optional", verify_inbound=True)
    host = trunk.b_side.server.host
    other = Authority(tmp_path)
    believed = authority.contexts(authority.issue("mallory", [host], ["a.test", "*.test"]))
    foreign = other.contexts(other.issue("b", [host], ["b.test"]))
    foreign.client.load_verify_locations(authority.ca)
    with trunk.proxy:
        async with await trunk.a() as a:
            for tls in (believed, foreign, without_certificate(trunk.pair.tls, authority)):
                async with await trunk.at_b(tls) as mallory:
                    await mallory.request("MESSAGE", "sip:a@a.test")
                    await mallory.request("REGISTER", "sip:a.test")
                    async with await trunk.b() as b:
                        await deliver(b, a, "sip:a@a.test")
                    assert mallory.endpoint.received == []
        assert len(a.endpoint.received) == 3


@pytest.mark.parametrize("transport", ["tls", "wss"])
async def test_where_certificates_are_required_nobody_gets_in_without(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    trunk = Trunk(slot, authority, tmp_path, binary, transport, "required")
    with trunk.proxy:
        async with await trunk.a() as a, await trunk.b() as b:
            await deliver(b, a, "sip:a@a.test")
            stranger = without_certificate(trunk.pair.tls, authority).client
            try:  # by TLS 1.3 a client learns of it only when it reads
                reader, writer = await asyncio.open_connection(
                    trunk.b_side.listener.host, trunk.b_side.listener.port, ssl=stranger)
                assert await within(reader.read(), "end without certificate") == b""
                writer.close()
            except (ConnectionError, ssl.SSLError):
                pass
            await deliver(b, a, "sip:a@a.test")


async def test_what_the_machines_openssl_leaves_out_stays_out(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str,
        monkeypatch: pytest.MonkeyPatch):
    """Neither its suites nor its versions come back by our own order of them."""
    settings = tmp_path / "openssl.cnf"
    settings.write_text("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
                        "[tls]\nMinProtocol = TLSv1.3\n"
                        "Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\n")
    monkeypatch.setenv("OPENSSL_CONF", str(settings))
    trunk = Trunk(slot, authority, tmp_path, binary)
    with trunk.proxy:
        context = ssl.create_default_context(cafile=str(authority.ca))
        context.check_hostname = False
        listener = trunk.b_side.listener
        _, writer = await asyncio.open_connection(listener.host, listener.port, ssl=context)
        assert writer.get_extra_info("cipher")[0] == "TLS_AES_256_GCM_SHA384"
        writer.close()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection(listener.host, listener.port, ssl=context)


@pytest.mark.parametrize("transport", ["tls", "wss"])
async def test_a_proved_servers_own_connection_is_reused_where_it_says_alias(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R40, RFC 5923."""
    trunk = Trunk(slot, authority, tmp_path, binary, transport, "optional")
    with trunk.proxy:
        async with await trunk.a() as a, await trunk.b() as b:
            own = await b.endpoint.flow_to(trunk.b_side.listener)
            await send_with_via(b, a, "sip:a@a.test", "alias")
            assert await deliver(a, b, "sip:b@b.test") is own
            # When it closes, the next request makes a connection of our own (R41).
            await own.close()
            assert await deliver(a, b, "sip:b@b.test") is not own


@pytest.mark.parametrize("transport, asks, parameter", [
    ("tls", "optional", "odd"), ("tls", "none", "alias"), ("tcp", None, "alias"),
    ("wss", "none", "alias")])
async def test_other_connections_of_a_server_are_not_reused(
        transport: str, asks: str | None, parameter: str, slot: Slot, authority: Authority,
        tmp_path: Path, binary: str):
    """R40: neither without `alias`, nor without proof."""
    trunk = Trunk(slot, authority, tmp_path, binary, transport, asks)
    with trunk.proxy:
        async with await trunk.a() as a, await trunk.b() as b:
            own = await b.endpoint.flow_to(trunk.b_side.listener)
            await send_with_via(b, a, "sip:a@a.test", parameter)
            assert await deliver(a, b, "sip:b@b.test") is not own
            assert not own.closed.is_set()


@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_a_server_that_cannot_be_dialled_is_reached_by_its_own_connection(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R40: reuse_inbound = "always", for a server behind a NAT."""
    trunk = Trunk(slot, authority, tmp_path, binary, transport, reuse_inbound="always")
    with trunk.proxy:
        async with await trunk.a() as a, await UserAgent.start(
                transport, trunk.b_side.server.host, trunk.b_side.uri("b"), proxy=trunk.b_side.listener,
                listens=False) as b:
            await (await a.request("MESSAGE", "sip:b@b.test")).response(500)
            await deliver(b, a, "sip:a@a.test")
            own = b.endpoint.flows[0]
            assert await deliver(a, b, "sip:b@b.test") is own
            # It comes back by a new connection, and is reached by that one.
            await own.close()
            await deliver(b, a, "sip:a@a.test")
            assert await deliver(a, b, "sip:b@b.test") is b.endpoint.flows[-1]
