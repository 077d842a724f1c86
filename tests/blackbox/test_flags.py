"""Started by flags alone: both example lines with real calls, and what is said at start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from agent.dialog import Dialog
from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.flags import FlagProxy
from harness.program import Program
from harness.roundabout import BINARY
from harness.sipp import Sipp
from harness.slot import Slot

SERVER, PBX = "server.example.com", "pbx.example.com"
TIME_LIMIT = 30.0


class Lines:
    """The example lines, at the addresses A to E of one test."""

    def __init__(self, slot: Slot) -> None:
        self.a, self.b, self.c, self.d, self.e = (slot.ip(host) for host in range(2, 7))
        own = f"-local-ip {self.a} -local-fqdn proxya.example.com " \
              "-strict-host -strict-client -ack-ruri"
        servers = f"-trusted-server {self.b}:{SERVER}:5060:tcp:," \
                  f"{self.c}:{PBX}/srv.tel.example.com:5060:wss:"
        self.trunk = f"{own} {servers}".split()
        self.clients = f"{own} -trusted-client-ip {self.d},{self.e} -trusted-client-mask 32 " \
                       f"{servers} -default-sip-server {self.c}".split()


@pytest.fixture
def lines(slot: Slot) -> Lines:
    return Lines(slot)


def keep_to_the_connection(server: UserAgent, proxy: Address) -> None:
    """Where a WebSocket server sends to `proxy`, it does so by the connection that it has."""
    open_new = server.endpoint.flow_to

    async def flow_to(remote: Address):
        there = [flow for flow in server.endpoint.flows
                 if remote == proxy and flow.remote.host == proxy.host and not flow.closed.is_set()]
        return there[-1] if there else await open_new(remote)

    server.endpoint.flow_to = flow_to


async def call(caller: UserAgent, callee: UserAgent, uri: str) -> None:
    """INVITE, 180, 200, ACK; INFO by the called side; BYE by the calling one."""
    invite = await caller.request("INVITE", uri)
    incoming = await callee.expect("INVITE", invite.request.call_id)
    await callee.respond(incoming, 180)
    await invite.response(180)
    there = await callee.accept(incoming)
    here: Dialog = await caller.confirm(invite)
    await callee.expect("ACK")
    for sender, receiver, method in (there, here, "INFO"), (here, there, "BYE"):
        asked = await sender.request(method)
        await receiver.agent.respond(await receiver.expect(method), 200)
        await asked.response(200)


async def test_the_trunk_line_carries_calls_both_ways(lines: Lines, authority: Authority,
                                                      tmp_path: Path, binary: str):
    tls = authority.contexts(authority.issue("pbx", [lines.c], [PBX]))
    proxy = FlagProxy(lines.trunk, tmp_path, authority.ca, tmp_path / "state")
    with proxy:
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o750
        async with await UserAgent.start(
                "tcp", lines.b, f"sip:server@{SERVER}", port=5060,
                proxy=Address(lines.a, 5060)) as server, await UserAgent.start(
                "wss", lines.c, f"sip:pbx@{PBX}", port=5060, tls=tls) as pbx:
            keep_to_the_connection(pbx, Address(lines.a, 443))
            await call(server, pbx, f"sip:bob@{PBX}")
            await call(server, pbx, "sip:bob@srv.tel.example.com")
            pbx.proxy = Address(lines.a, 443)
            await call(pbx, server, f"sip:alice@{SERVER}")
            stray = await server.request("OPTIONS", "sip:x@stranger.example.com")
            assert (await stray.final()).status == 403
        assert proxy.stop() == 0
    said = "\n".join(proxy.log)
    for words in (f"listening: udp {lines.a}:5060", f"listening: tcp {lines.a}:5060",
                  f"listening: ws {lines.a}:80",
                  f"not listening: tls {lines.a}:5061: no certificate",
                  f"trusted server: address {lines.b}, domains {SERVER}, port 5060, tcp, no routes",
                  f"trusted server: address {lines.c}, domains {PBX}, srv.tel.example.com, "
                  "port 5060, wss, no routes"):
        assert words in said, words
    assert "is off" not in said


async def test_the_clients_line_serves_trusted_clients_alone(lines: Lines, authority: Authority,
                                                             slot: Slot, tmp_path: Path,
                                                             binary: str):
    tls = authority.contexts(authority.issue("pbx", [lines.c], [PBX]))
    there = Address(lines.a, 5060)
    with FlagProxy(lines.clients, tmp_path, authority.ca) as proxy:
        async with await Registrar.start(
                "wss", lines.c, f"sip:pbx@{PBX}", port=5060, tls=tls) as pbx, \
                await Phone.switch_on("udp", lines.d, f"sip:dora@{PBX}", there,
                                      registrar="sip:proxya.example.com") as dora, \
                await Phone.switch_on("tcp", lines.e, f"sip:emil@{PBX}", there) as emil, \
                await Phone.switch_on("udp", slot.ip(7), f"sip:fred@{PBX}", there) as fred:
            keep_to_the_connection(pbx, Address(lines.a, 443))
            await dora.register()
            await emil.register()
            assert [register.uri for register in pbx.registers] == [f"sip:{PBX}"] * 2
            await call(dora, pbx, f"sip:echo@{PBX}")
            for phone in dora, emil:
                invite = await pbx.call(phone.aor)
                await phone.respond(await phone.expect("INVITE"), 486)
                await invite.response(486)
            await fred.request("REGISTER", f"sip:{PBX}", [("Contact", f"<{fred.contact_uri}>")])
            await asyncio.to_thread(proxy.await_line, f"from udp {slot.ip(7)}:.* dropped: unknown")
            assert not any("fred" in register.get("to") for register in pbx.registers)
        assert proxy.stop() == 0


def test_sipp_calls_through_a_line_with_a_route(lines: Lines, tmp_path: Path, binary: str):
    """By a route, to a server that is not there itself."""
    flags = lines.trunk[:7] + [
        "--trusted-server", f"{lines.b}:{SERVER}:5060:tcp:", "--trusted-server",
        f"{lines.c}:{PBX}:5999:udp:{lines.c}:5060"]
    with FlagProxy(flags, tmp_path) as proxy, \
            Sipp("uas", "udp", Address(lines.c, 5060), tmp_path, calls=2) as waiting, \
            Sipp("uac", "tcp", Address(lines.b, 5060), tmp_path, remote=Address(lines.a, 5060),
                 target=PBX, calls=2) as calling:
        calling.finish()
        waiting.finish()
        assert proxy.stop() == 0


def run(folder: Path, *flags: str | Path) -> subprocess.CompletedProcess:
    """A run that ends by itself."""
    return subprocess.run([os.environ[BINARY], *map(str, flags)], cwd=folder, capture_output=True,
                          text=True, timeout=TIME_LIMIT, check=False)


def test_check_turns_a_line_into_a_file_that_means_the_same(lines: Lines, authority: Authority,
                                                            tmp_path: Path, binary: str):
    own = authority.issue("own", [lines.a])
    for flags in (lines.trunk, lines.clients, ["-local-ip", "::1", "-contact-header-fqdn",
                  "-local-fqdn", "a.test", "-tls-cert", own.chain, "-tls-key", own.key]):
        printed = run(tmp_path, *flags, "--check")
        assert printed.returncode == 0, printed.stderr
        file = tmp_path / "roundabout.toml"
        file.write_text(printed.stdout)
        again = run(tmp_path, "--config", file, "--check")
        assert again.returncode == 0, again.stderr
        assert again.stdout == printed.stdout


def test_flags_win_over_the_file(lines: Lines, tmp_path: Path, binary: str):
    file = tmp_path / "roundabout.toml"
    file.write_text(run(tmp_path, *lines.trunk, "--check").stdout)
    done = run(tmp_path, "--config", file, "--check", "--local-fqdn", "other.example.com",
               "-trusted-client-ip", "10.1.2.3")
    assert 'domains = ["other.example.com"]' in done.stdout
    assert 'client_networks = ["10.1.2.3/24"]' in done.stdout
    assert "strict_host = true" in done.stdout and f'name = "{SERVER}"' in done.stdout


def test_what_is_in_the_way_is_printed_and_what_is_relayed(lines: Lines, tmp_path: Path,
                                                           binary: str):
    with socket.create_server((lines.a, 80)):
        with FlagProxy(["-local-ip", lines.a, "-trusted-server", f"{lines.b}::5060:tcp:"],
                       tmp_path) as proxy:
            said = "\n".join(proxy.log)
            assert f"not listening: ws {lines.a}:80: address in use" in said
            assert "warning: command line: -strict-host: is off: requests to any host whatever " \
                   "are relayed, by tcp" in said
            second = run(tmp_path, "-local-ip", lines.a, "-strict-host")
            assert second.returncode == 2
            assert f"not listening: udp {lines.a}:5060: address in use" in second.stderr
            assert "there is no listener" in second.stderr
            assert proxy.stop() == 0


def test_a_malformed_dataset_is_named_with_its_field(lines: Lines, tmp_path: Path, binary: str):
    done = run(tmp_path, "-local-ip", lines.a, "-trusted-server",
               f"{lines.b}::5060:tcp:,{lines.c}:{PBX}:506O:tcp:")
    assert done.returncode == 2
    assert f'-trusted-server: dataset "{lines.c}:{PBX}:506O:tcp:": PORT: "506O" is no port' \
        in done.stderr


async def test_a_reload_listens_where_there_was_something_in_the_way(
        lines: Lines, authority: Authority, tmp_path: Path, binary: str):
    """What was only good for going out takes connections from then on; calls go on meanwhile."""
    own = authority.issue("own", [lines.a], ["proxya.example.com"])
    tls = authority.contexts(authority.issue("pbx", [lines.c], [PBX]))
    flags = [*lines.trunk, "-tls-cert", str(own.chain), "-tls-key", str(own.key)]
    with socket.create_server((lines.a, 443)) as obstacle, \
            FlagProxy(flags, tmp_path, authority.ca) as proxy:
        assert f"not listening: wss {lines.a}:443: address in use" in "\n".join(proxy.log)
        async with await UserAgent.start(
                "tcp", lines.b, f"sip:server@{SERVER}", port=5060,
                proxy=Address(lines.a, 5060)) as server, await UserAgent.start(
                "wss", lines.c, f"sip:pbx@{PBX}", port=5060, tls=tls) as pbx:
            keep_to_the_connection(pbx, Address(lines.a, 443))
            await call(server, pbx, f"sip:bob@{PBX}")
            obstacle.close()
            since = len(proxy.log)
            proxy.signal(signal.SIGHUP)
            await asyncio.to_thread(proxy.await_line, "reload: .* is in force", since=since)
            await call(server, pbx, f"sip:bob@{PBX}")
            await pbx.endpoint.connect(Address(lines.a, 443))
            pbx.proxy = Address(lines.a, 443)
            await call(pbx, server, f"sip:alice@{SERVER}")
        assert proxy.stop() == 0


def test_without_an_address_every_one_of_the_machine_is_listened_at(tmp_path: Path, binary: str):
    """In a network of its own, whose wildcard ports nobody else has."""
    proxy = Program("roundabout", ["unshare", "--net", "env", f"STATE_DIRECTORY={tmp_path}", binary,
                                   "-strict-host", "-trusted-server", "192.0.2.7::5060:udp:"],
                    tmp_path)
    with proxy:
        proxy.await_line("roundabout ready")
        for place in ("udp 0.0.0.0:5060", "tcp 0.0.0.0:5060", "ws 0.0.0.0:80", "udp [::]:5060"):
            assert f"listening: {place}" in proxy.log
        assert proxy.stop() == 0
