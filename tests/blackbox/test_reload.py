"""A configuration taken up while calls and connections go on, and certificates that are replaced."""

from __future__ import annotations

import asyncio
import itertools
import os
import select
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.endpoint import TRANSPORTS, Address
from agent.user_agent import UserAgent
from harness.certificates import Authority, Issued
from harness.config import Listener, Server
from harness.ctl import Ctl
from harness.proxied import FiveTransports
from harness.slot import Slot

LIMIT = 30.0


class Net(FiveTransports):
    """Five transports, a control socket, and a configuration that changes under way."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        super().__init__(slot, authority, folder, binary)
        self.settings.control = folder / "run" / "control"
        self.ctl = Ctl("--socket", self.settings.control)

    async def reload(self, status: int = 0) -> list[str]:
        """The file written as the settings are now, and taken up; what the proxy says to it."""
        self.settings.write(self.proxy.config)
        return await self.reload_file(status)

    async def reload_file(self, status: int = 0) -> list[str]:
        lines = await asyncio.to_thread(self.ctl.json, "reload", status=status)
        return [line["notice"] for line in lines]

    async def counter(self, name: str) -> int:
        counters, = await asyncio.to_thread(self.ctl.json, "stats")
        return counters[name]


@pytest.fixture
def net(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Net:
    return Net(slot, authority, tmp_path, binary)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Asks again and again, in a thread, for what has no event of its own."""
    limit = time.monotonic() + LIMIT
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < limit, f"{what}: not within {LIMIT} s"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("client", TRANSPORTS)
async def test_a_ringing_call_and_its_connection_survive(client: str, net: Net):
    with net.proxy:
        async with await net.registrar("udp") as pbx, await net.phone(client, "udp") as alice:
            await alice.register()
            invite = await alice.call("sip:bob@udp.pbx.test")
            incoming = await pbx.expect("INVITE")
            await pbx.respond(incoming, 180)
            await invite.response(180)
            # A new entry before all others: no index may be taken for another's.
            net.settings.listeners.insert(0, Listener("udp", Address(net.slot.ip(2), 5070)))
            net.settings.servers.insert(0, Server("first", [net.slot.ip(60)], ["first.test"],
                                                  "udp", 5060))
            lines = await net.reload()
            assert any(line.startswith("+ [[server]] first: ") for line in lines)
            at_pbx = await pbx.accept(incoming)
            at_alice = await alice.confirm(invite)
            await at_pbx.expect("ACK")
            assert not invite.flow.closed.is_set()
            bye = await at_pbx.request("BYE")
            await alice.respond(await at_alice.expect("BYE"), 200)
            await bye.response(200)
            again = await pbx.call(alice.aor)
            await alice.respond(await alice.expect("INVITE", again.request.call_id), 486)
            await again.response(486)
            assert not invite.flow.closed.is_set()


async def test_a_new_server_is_reached_and_a_removed_one_refused(net: Net):
    newcomer = Server("new", [net.slot.ip(60)], ["new.test"], "udp", 5060)
    with net.proxy:
        async with await net.trunk("caller", "udp") as caller, \
                await UserAgent.start("udp", net.slot.ip(60), "sip:new@new.test", port=5060,
                                      proxy=net.listeners["udp"]) as new:
            before = await caller.request("INVITE", "sip:new@new.test")
            assert (await before.final()).status >= 400
            net.settings.servers.insert(0, newcomer)
            await net.reload()
            call = await caller.request("INVITE", "sip:new@new.test")
            await new.respond(await new.expect("INVITE"), 486)
            await call.response(486)
            net.settings.servers.remove(newcomer)
            lines = await net.reload()
            assert '- [[server]] new: name = "new"' in lines
            after = await caller.request("INVITE", "sip:new@new.test")
            assert (await after.final()).status >= 400
            assert not new.untaken()


async def test_a_file_with_faults_changes_nothing_and_says_why(net: Net, authority: Authority):
    with net.proxy:
        async with await net.registrar("udp") as pbx, await net.phone("tls", "udp") as alice:
            await alice.register()
            net.settings.write(net.proxy.config)
            good = net.proxy.config.read_text()

            async def refused(text: str) -> str:
                net.proxy.config.write_text(text)
                return "\n".join(await net.reload_file(status=4))

            assert "not TOML" in await refused(good + "\n[")
            assert "drian" in await refused("drian = 5\n" + good)
            other = authority.issue("other", [net.slot.ip(2)])
            bad_key = good.replace(str(net.settings.key), str(other.key))
            assert "not the key of the certificate" in await refused(bad_key)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
                taken.bind((net.slot.ip(2), 5099))
                text = await refused(
                    good + f'\n[[listen]]\ntransport = "tcp"\nbind = "{net.slot.ip(2)}:5098"\n'
                           f'[[listen]]\ntransport = "udp"\nbind = "{net.slot.ip(2)}:5099"\n')
                assert f"udp {net.slot.ip(2)}:5099: address in use" in text
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((net.slot.ip(2), 5098))
            net.proxy.await_line("nothing has changed")
            call = await pbx.call(alice.aor)
            await alice.respond(await alice.expect("INVITE", call.request.call_id), 486)
            await call.response(486)
            net.proxy.config.write_text(good)
            assert await net.reload_file() == []


async def test_listeners_come_and_go(net: Net):
    more = [Listener(t, Address(net.slot.ip(2), port))
            for t, port in (("tcp", 5070), ("udp", 5070), ("wss", 8444))]
    with net.proxy:
        async with await net.registrar("udp") as pbx:
            for turn in range(2):
                net.settings.listeners[:0] = more
                await net.reload()
                net.listeners.update({each.transport: each.address for each in more})
                for transport in ("tcp", "wss", "udp"):
                    async with await net.phone(transport, "udp",
                                               user=f"{transport}-{turn}") as phone:
                        await phone.register()
                        call = await pbx.call(phone.aor)
                        await phone.respond(
                            await phone.expect("INVITE", call.request.call_id), 486)
                        await call.response(486)
                phone = await net.phone("tcp", "udp", user=f"stays-{turn}")
                await phone.register()
                flow = await phone.endpoint.flow_to(phone.proxy)
                del net.settings.listeners[:len(more)]
                await net.reload()
                await asyncio.wait_for(flow.closed.wait(), LIMIT)
                await phone.endpoint.close()

                def free() -> bool:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                        try:
                            probe.bind((net.slot.ip(2), 5070))
                        except OSError:
                            return False
                    try:
                        socket.create_connection((net.slot.ip(2), 5070)).close()
                    except ConnectionRefusedError:
                        return True
                    return False

                await until(free, "the removed listeners' addresses are free")


async def test_the_kernel_finds_each_datagram_s_worker_at_a_listener_that_came(net: Net):
    net.settings.workers = 3
    many = 60
    with net.proxy, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        added = Listener("udp", Address(net.slot.ip(2), 5071))
        net.settings.listeners.insert(0, added)
        await net.reload()
        if await net.counter("transport_udp_not_steered"):
            pytest.skip("this kernel does not spread datagrams by Call-ID")
        received = await net.counter("transport_received")
        for number in range(many):
            sender.sendto((f"OPTIONS sip:{added.address.host} SIP/2.0\r\n"
                           f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{number}\r\n"
                           f"Max-Forwards: 70\r\nTo: <sip:a@a.test>\r\n"
                           f"From: <sip:b@b.test>;tag={number}\r\nCall-ID: {number}-steered\r\n"
                           f"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode(),
                          (added.address.host, added.address.port))
        limit = time.monotonic() + LIMIT
        while await net.counter("transport_received") < received + many:
            assert time.monotonic() < limit
        assert await net.counter("transport_steered") == 0


async def test_limits_log_and_networks_apply_and_what_needs_a_restart_is_said(net: Net):
    with net.proxy:
        async with await net.registrar("udp"):
            net.settings.client_networks = ["192.0.2.0/24"]
            net.settings.limits = {"connections": 1, "connections_per_source": 1}
            net.settings.log_level = "info"
            net.settings.workers += 1
            lines = await net.reload()
            assert '+ client_networks = ["192.0.2.0/24"]' in lines
            assert "+ [limits] connections = 1" in lines
            assert any(line.startswith("! workers was changed and needs a restart")
                       for line in lines)
            assert await net.counter("workers") == net.settings.workers - 1
            place = (net.slot.ip(2), 5060)
            with socket.create_connection(place) as first, \
                    socket.create_connection(place) as second:
                # Workers take connections side by side: either may be the one too many.
                ended, _, _ = await asyncio.to_thread(
                    select.select, [first, second], [], [], LIMIT)
                assert [one.recv(1) for one in ended] == [b""]
            lines = await net.reload()
            assert [line for line in lines if line[0] in "+-"] == []


async def test_a_hangup_reloads(net: Net):
    with net.proxy:
        net.settings.domains.append("more.test")
        net.settings.write(net.proxy.config)
        os.kill(net.proxy.pid, signal.SIGHUP)
        net.proxy.await_line(r'reload: \+ domains = \["proxy.test", "more.test"\]')
        net.proxy.await_line(r"reload: the configuration of .* is in force")
        net.proxy.config.write_text("nonsense")
        os.kill(net.proxy.pid, signal.SIGHUP)
        net.proxy.await_line("nothing has changed")


@pytest.mark.parametrize("near, far", [("udp", "udp"), ("tcp", "wss")])
async def test_reloads_under_traffic_lose_nothing(near: str, far: str, net: Net):
    """Calls run one after another in several places while the configuration changes to and fro."""
    done = asyncio.Event()

    async with await net.trunk("callee", far) as callee:
        with net.proxy:
            async with await net.trunk("caller", near) as caller:
                async def answer() -> None:
                    while True:
                        await callee.respond(await callee.expect("MESSAGE"), 200)

                async def send() -> int:
                    for count in itertools.count():
                        if done.is_set():
                            return count
                        sent = await caller.request("MESSAGE", f"sip:callee@{far}.callee.test")
                        await sent.response(200)

                answering = asyncio.create_task(answer())
                senders = [asyncio.create_task(send()) for _ in range(4)]
                extra = [Listener("udp", Address(net.slot.ip(2), 5071)),
                         Listener("tcp", Address(net.slot.ip(2), 5071))]
                for _ in range(6):
                    net.settings.listeners[:0] = extra
                    net.settings.servers.insert(0, Server("first", [net.slot.ip(61)],
                                                          ["first.test"], "tls", 5061))
                    await net.reload()
                    del net.settings.listeners[:len(extra)], net.settings.servers[0]
                    await net.reload()

                    def free() -> bool:
                        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                            try:
                                probe.bind((net.slot.ip(2), 5071))
                            except OSError:
                                return False
                        return True

                    await until(free, "the removed listener's address is free")
                done.set()
                counts = await asyncio.gather(*senders)
                answering.cancel()
                assert all(counts)
                assert await net.counter("transaction_client_timeouts") == 0


def shown(address: Address, ca: Path) -> bytes:
    """The certificate that a new handshake gets, DER."""
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = False
    with socket.create_connection((address.host, address.port)) as plain, \
            context.wrap_socket(plain) as tls:
        return tls.getpeercert(binary_form=True)


def der(issued: Issued) -> bytes:
    return ssl.PEM_cert_to_DER_cert(issued.chain.read_text().split("-----END")[0]
                                    + "-----END CERTIFICATE-----\n")


async def test_a_certificate_behind_symbolic_links_is_taken_up_by_itself(
        net: Net, authority: Authority, tmp_path: Path):
    """Key before certificate: the old pair stays until the new one is whole."""
    old = Issued(net.settings.certificate, net.settings.key)
    new = authority.issue("renewed", [net.slot.ip(2)], ["proxy.test"])
    live = Issued(tmp_path / "live.pem", tmp_path / "live.key")

    def point(link: Path, target: Path) -> None:
        step = link.with_suffix(".new")
        step.symlink_to(target)
        step.rename(link)

    point(live.chain, old.chain)
    point(live.key, old.key)
    net.settings.certificate, net.settings.key = live.chain, live.key
    place = net.listeners["tls"]
    with net.proxy:
        net.proxy.await_line(r"the certificate of tls .* expires in \d+ days")
        assert await net.counter(f"certificate_days_left/tls/{place}") <= 2
        async with await net.registrar("udp") as pbx, await net.phone("tls", "udp") as alice:
            await alice.register()
            assert await asyncio.to_thread(shown, place, authority.ca) == der(old)
            point(live.key, new.key)
            await asyncio.to_thread(net.proxy.await_line, "the old ones stay in force")
            assert await asyncio.to_thread(shown, place, authority.ca) == der(old)
            point(live.chain, new.chain)
            for t in ("tls", "wss"):
                await until(lambda at=net.listeners[t]: shown(at, authority.ca) == der(new),
                            "the new certificate is shown")
            call = await pbx.call(alice.aor)
            await alice.respond(await alice.expect("INVITE", call.request.call_id), 486)
            await call.response(486)
