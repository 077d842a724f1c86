"""roundabout-ctl's looks at a running proxy: status, servers, flows, watch, trace and explain."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.digest import Guard
from agent.phone import Phone
from agent.registrar import Registrar
from agent.waiting import within
from harness.certificates import Authority
from harness.ctl import CTL, Ctl
from harness.proxied import FiveTransports
from harness.slot import Slot

MANUAL = Path(__file__).parents[2] / "etc" / "man" / "roundabout-ctl.1.in"
PASSWORD = "5ec4e7"
CALL_SIZE = 6
"""Messages of a call on each side at least: INVITE, 180, 200, ACK, BYE, 200."""


class Look:
    """`roundabout-ctl` that goes on until it is interrupted; its lines as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @classmethod
    async def start(cls, config: Path, *words: str) -> Look:
        process = await asyncio.create_subprocess_exec(
            os.environ[CTL], "--config", str(config), *words, stdout=asyncio.subprocess.PIPE)
        return cls(process)

    async def until(self, *parts: str) -> str:
        """Reads on up to a line with all these parts, and returns it."""
        while True:
            line = (await within(self.process.stdout.readline(), f"a line with {parts}")).decode()
            assert line, f"it ended before {parts}: {self.lines}"
            self.lines.append(line.rstrip("\n"))
            if all(part in line for part in parts):
                return self.lines[-1]

    async def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        await within(self.process.wait(), "its end")


class Site:
    """Servers and a browser-like phone at one of them."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.net = FiveTransports(slot, authority, folder, binary)
        self.net.settings.control = folder / "run" / "control"
        self.ctl = Ctl("--config", self.net.proxy.config)

    async def ask(self, *words: str, status: int = 0) -> list[dict]:
        return documented(await asyncio.to_thread(self.ctl.json, *words, status=status))

    async def say(self, *words: str, status: int = 0) -> str:
        return (await asyncio.to_thread(self.ctl.run, *words, status=status)).stdout

    async def traced(self, *words: str) -> Look:
        """A trace that is under way: the proxy says in its log when it is."""
        since = len(self.net.proxy.log)
        look = await Look.start(self.net.proxy.config, "trace", *words)
        await self.logged("trace by uid", since)
        return look

    async def logged(self, words: str, since: int) -> None:
        await asyncio.to_thread(self.net.proxy.await_line, words, since=since)


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Site:
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    return Site(slot, authority, tmp_path, binary)


@asynccontextmanager
async def registered(site: Site) -> AsyncIterator[tuple[Registrar, Phone]]:
    """The proxy up; alice registered by WSS at a server that speaks UDP."""
    with site.net.proxy:
        async with await site.net.registrar("udp") as pbx, \
                await site.net.phone("wss", "udp", password=PASSWORD) as alice:
            pbx.guard = Guard("udp.pbx.test", {"alice": PASSWORD, "bob": PASSWORD})
            await alice.register()
            yield pbx, alice


async def call(pbx: Registrar, alice: Phone) -> str:
    """From the server to the phone and over; the Call-ID."""
    invite = await pbx.call(alice.aor)
    ringing = await alice.ring()
    ours, theirs = await asyncio.gather(alice.answer(ringing), pbx.confirm(invite))
    bye = await ours.request("BYE")
    await pbx.respond(await theirs.expect("BYE"), 200)
    await bye.response(200)
    return invite.request.call_id


def documented(rows: list[dict]) -> list[dict]:
    """These rows, all of whose keys the manual page has."""
    words = set(re.findall(r"\w+", MANUAL.read_text()))
    for row in rows:
        keys = {key for part in row.values() if isinstance(part, dict) for key in part} | set(row)
        assert keys <= words, keys - words
    return rows


async def test_status_servers_and_flows_say_what_there_is(site: Site):
    async with registered(site) as (_, alice):
        status, *listeners = await site.ask("status")
        assert status["status"]["state"] == "ready"
        assert status["status"]["bindings"] == 1
        assert status["status"]["pid"] == site.net.proxy.pid
        assert {row["listener"]["transport"] for row in listeners} \
            == {"udp", "tcp", "tls", "ws", "wss"}
        assert all("certificate_days_left" in row["listener"] for row in listeners
                   if row["listener"]["transport"] in ("tls", "wss"))
        servers = {row["server"]["name"]: row["server"] for row in await site.ask("servers")}
        assert servers["pbx-udp"]["bindings"] == 1
        assert {row["state"] for row in servers.values()} == {"up"}
        flow, = [row["flow"] for row in await site.ask("flows")]
        assert flow["transport"] == "wss" and flow["direction"] == "incoming"
        assert flow["aors"] == [alice.aor]
        for words in (["status"], ["servers"], ["flows"]):
            text = await site.say(*words)
            assert "state" in text or "TRANSPORT" in text
        assert "pbx-udp" in await site.say("servers")
        assert alice.aor in await site.say("flows")


async def test_watch_shows_what_happens_a_second(site: Site):
    async with registered(site) as (pbx, alice):
        look = await Look.start(site.net.proxy.config, "watch", "--json")
        await look.until('"watch"')
        await call(pbx, alice)
        while True:
            seen = documented([json.loads(await look.until('"watch"'))])[0]["watch"]
            if seen["received_a_second"] > 0:
                break
        assert seen["sent_a_second"] > 0 and seen["bindings"] == 1
        await look.end()
        page = await site.say("watch", "--count", "2")
        assert page.count("state") >= 2 and "a second" in page


async def test_trace_shows_the_ladder_of_both_sides_with_what_changed(site: Site):
    async with registered(site) as (pbx, alice):
        look = await site.traced("--user", "alice")
        async with await site.net.phone("tcp", "udp", "bob", 41, PASSWORD) as bob:
            await bob.register()
        call_id = await call(pbx, alice)
        await look.until("| --200 BYE")
        await look.end()
        text = "\n".join(look.lines)
        assert f"Call-ID {call_id}, INVITE" in text
        assert "bob" not in text
        assert re.search(r"udp \S+ pbx-udp +--INVITE-+> +\|", text)
        assert re.search(rf"\| --INVITE-+> +wss {alice.endpoint.local.host}:", text)
        edits = [line.strip() for line in look.lines if re.match(r" {4}[-+] ", line)]
        assert any(line.startswith("+ Via: SIP/2.0/WSS ") for line in edits)
        assert any(line.startswith("+ Record-Route: ") for line in edits)
        assert any(line.startswith("- INVITE ") for line in edits)


async def test_trace_masks_credentials_and_is_off_again_after_it(site: Site):
    async with registered(site) as (_, alice):
        look = await site.traced("--full", "--source", alice.endpoint.local.host)
        await alice.register()
        await look.until("wss ", "200 REGISTER")
        since = len(site.net.proxy.log)
        await look.end()
        await site.logged("trace by uid .* ended", since)
        text = "\n".join(look.lines)
        assert "REGISTER sip:" in text and "Authorization: Digest ***" in text
        assert "response=" not in text


async def test_a_capture_file_and_a_collector_get_the_decrypted_messages(
        site: Site, tmp_path: Path):
    file = tmp_path / "call.pcap"
    collected: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind((site.net.slot.ip(9), 0))
        collector.setblocking(False)
        async with registered(site) as (pbx, alice):
            address = f"{site.net.slot.ip(9)}:{collector.getsockname()[1]}"
            look = await site.traced("--pcap", str(file), "--hep", address)
            call_id = await call(pbx, alice)
            await look.until("| --200 BYE")
            await look.end()
        while True:
            try:
                collected.append(collector.recv(65535))
            except BlockingIOError:
                break
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = subprocess.run(["tshark", "-r", str(file), "-Y", f'sip.Call-ID == "{call_id}"',
                           "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e",
                           "ip.checksum.status", "-e", "udp.checksum.status", "-o",
                           "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"],
                          capture_output=True, text=True, check=True)
    rows = [row.split("\t") for row in read.stdout.splitlines()]
    assert len(rows) >= 2 * CALL_SIZE, read.stdout
    assert [row[0] for row in rows].count("INVITE") == 2
    assert {row[2] for row in rows} == {"1"} and {row[3] for row in rows} == {"1"}
    assert len(collected) >= len(rows)
    assert all(raw.startswith(b"HEP3") and int.from_bytes(raw[4:6], "big") == len(raw)
               for raw in collected)
    assert any(call_id.encode() in raw and b"INVITE sip:" in raw for raw in collected)


async def test_a_trace_whose_file_cannot_be_written_says_so(site: Site):
    async with registered(site):
        for file in "/dev/full", "/nowhere/call.pcap":
            ended = await asyncio.to_thread(site.ctl.run, "trace", "--pcap", file, status=3)
            assert f"cannot write {file}" in ended.stderr


async def test_explain_tells_what_then_happens(site: Site, tmp_path: Path):
    async with registered(site) as (pbx, alice):
        invite = await pbx.call(alice.aor)
        ringing = await alice.ring()
        received = invite.request.raw
        file = tmp_path / "invite"
        file.write_bytes(received.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx")
                         .replace(invite.request.call_id.encode(), b"another-call"))
        source = str(pbx.endpoint.local)
        decision, target = await site.ask("explain", str(file), "--source", source)
        assert decision["decision"]["verdict"] == "forward"
        assert decision["decision"]["source"] == "trusted server pbx-udp"
        assert alice.aor in target["target"]["target"]
        assert target["target"]["way"].startswith("wss ")
        sent = ringing.request
        start = next(edit for edit in target["target"]["edits"]
                     if edit.startswith("+ INVITE "))
        assert start == f"+ {sent.start}"
        assert any(edit.startswith("+ Via: SIP/2.0/WSS ") for edit in target["target"]["edits"])
        assert "Max-Forwards: 69" in "".join(target["target"]["edits"])
        assert "another-call" not in "\n".join(site.net.proxy.log)
        words = await site.say("explain", str(file), "--source", source)
        assert "it would be forwarded" in words and "wss " in words
        file.write_bytes(received.replace(b"Max-Forwards: 70", b"Max-Forwards: 0"))
        refused = await site.say("explain", str(file), "--source", source)
        assert "it would be answered, with 483" in refused
        await site.say("explain", str(file), status=2)
        await site.say("explain", str(tmp_path / "none"), "--source", source, status=2)
        (tmp_path / "text").write_text("hello", encoding="ascii")
        await site.say("explain", str(tmp_path / "text"), "--source", source, status=4)
        trace = await site.traced("--json")
        await alice.respond(ringing, 486)
        await invite.final()
        assert documented([json.loads(await trace.until('"message"'))])
        await trace.end()
        documented(await site.ask("list"))


async def test_only_those_who_may_change_the_proxy_may_read_what_people_say(
        site: Site, tmp_path: Path):
    async with registered(site):
        site.net.settings.control.chmod(0o666)
        for folder in (site.net.settings.control.parent, *site.net.settings.control.parents):
            if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
                folder.chmod(0o755)
        for command in ('{"command":"trace"}', '{"command":"explain","explain":{"message":"x",'
                        '"source":"192.0.2.1:5060","transport":"udp"}}'):
            said = await asyncio.to_thread(
                subprocess.run,
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3",
                 "-c", "import socket, sys\n"
                 "connection = socket.socket(socket.AF_UNIX)\n"
                 "connection.connect(sys.argv[1])\n"
                 "connection.sendall(sys.argv[2].encode() + b'\\n')\n"
                 "print(connection.makefile().readline())\n",
                 str(site.net.settings.control), command],
                capture_output=True, text=True, check=True)
            assert json.loads(said.stdout)["end"] == "refused"
