"""roundabout-ctl on a running proxy through its socket, and on the file of one that is down."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from harness.config import Listener, Server, Settings
from harness.ctl import CTL, Ctl
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

DOMAIN = "pbx.test"
PURGE_ALL = b'{"command":"purge","all":true}\n'
STRANGER = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(sys.argv[2].encode())
print(connection.makefile().readline())
"""
"""Says a request to the socket as whoever runs it, and prints the answer's first line."""


class Site:
    """A registrar, the proxy before it with a control socket, and phones that come and go."""

    def __init__(self, slot: Slot, folder: Path, binary: str) -> None:
        self.slot = slot
        self.listeners = {t: Address(slot.ip(2), 5060) for t in ("udp", "tcp")}
        self.socket = folder / "run" / "control"
        self.database = folder / "clients.db"
        self.settings = Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [slot.ip(3)], [DOMAIN], "udp", 5060)],
            default_server="pbx", workers=workers(), control=self.socket)
        self.proxy = Roundabout(self.settings, folder, binary)
        self.ctl = Ctl("--config", self.proxy.config)

    async def registrar(self) -> Registrar:
        return await Registrar.start("udp", self.slot.ip(3), f"sip:pbx@{DOMAIN}", port=5060)

    async def phone(self, user: str, transport: str, host: int) -> Phone:
        return await Phone.switch_on(transport, self.slot.ip(host), f"sip:{user}@{DOMAIN}",
                                     self.listeners[transport])

    async def ask(self, *words: str, status: int = 0) -> list[dict]:
        """roundabout-ctl --json, while the parties' loop runs on."""
        return await asyncio.to_thread(self.ctl.json, *words, status=status)


@asynccontextmanager
async def registered(site: Site) -> AsyncIterator[tuple[Registrar, Phone, Phone]]:
    """The proxy up; alice registered by TCP, bob by UDP."""
    with site.proxy:
        async with await site.registrar() as pbx, \
                await site.phone("alice", "tcp", 4) as alice, \
                await site.phone("bob", "udp", 5) as bob:
            await alice.register()
            await bob.register()
            yield pbx, alice, bob


@pytest.fixture
def site(slot: Slot, tmp_path: Path, binary: str) -> Site:
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    return Site(slot, tmp_path, binary)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="roundabout-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def test_list_shows_each_binding_with_its_flow(site: Site):
    async with registered(site) as (_, alice, bob):
        rows = {row["user"]: row for row in await site.ask("list")}
        assert set(rows) == {"alice", "bob"}
        assert rows["alice"]["transport"] == "tcp"
        assert rows["alice"]["aor"] == alice.aor
        assert rows["alice"]["contact"] == alice.contact_uri
        assert rows["alice"]["remote"].startswith(site.slot.ip(4) + ":")
        assert rows["bob"]["remote"] == bob.contact_uri.removeprefix("sip:bob@")
        assert all(0 < row["expires_in"] <= 600 for row in rows.values())
        assert all(row["reachable"] and row["server"] == "pbx" for row in rows.values())


async def test_list_is_filtered(site: Site):
    async with registered(site) as (_, alice, bob):
        async def users(*conditions: str, status: int = 0) -> set[str]:
            return {row["user"] for row in await site.ask("list", *conditions, status=status)}

        assert await users("--user", "alice") == {"alice"}
        assert await users("--aor", bob.aor) == {"bob"}
        assert await users("--transport", "udp") == {"bob"}
        assert await users("--server", "pbx") == {"alice", "bob"}
        assert await users("--server", "other", status=1) == set()
        assert await users("--expiring", "599999") == {"alice", "bob"}
        assert await users("--expiring", "5", status=1) == set()
        assert await users("--expired", status=1) == set()
        assert await users("--user", "alice", "--transport", "udp", status=1) == set()


async def test_the_table_is_aligned_and_show_tells_everything(site: Site):
    async with registered(site):
        table = (await asyncio.to_thread(site.ctl.run, "list")).stdout.splitlines()
        assert len(table) == 3
        at = table[0].index("CONTACT")
        assert all(row[at:].startswith("sip:") and row[at - 1] == " " for row in table[1:])
        row, = await site.ask("list", "--user", "alice")
        for what in (row["id"], row["aor"], row["aor"].removeprefix("sip:")):
            shown = (await asyncio.to_thread(site.ctl.run, "show", what)).stdout
            fields = dict(line.split(maxsplit=1) for line in shown.splitlines())
            assert fields["id"] == row["id"] and fields["contact"] == row["contact"]
            assert fields["Call-ID"] == row["call_id"]
        await site.ask("show", "sip:nobody@pbx.test", status=1)


async def test_a_connection_that_is_gone_makes_its_binding_unreachable(site: Site):
    async with registered(site) as (_, alice, _bob):
        await alice.endpoint.close()
        while (await site.ask("list", "--user", "alice"))[0]["reachable"]:
            pass
        assert (await site.ask("list", "--user", "bob"))[0]["reachable"]


async def test_a_purge_ends_the_binding_in_the_running_proxy_and_in_the_file(site: Site):
    async with registered(site) as (pbx, alice, bob):
        ringing = await pbx.call(alice.aor)
        incoming = await alice.expect("INVITE", ringing.request.call_id)
        await alice.respond(incoming, 486)
        await ringing.response(486)
        row, = await site.ask("list", "--user", "alice")
        assert await site.ask("purge", row["id"]) == [{"purged": 1, "stored": True}]
        site.proxy.await_line(rf"purge of id {row['id']} by uid {os.geteuid()} ")
        await (await pbx.call(alice.aor)).response(404)
        await site.ask("purge", row["id"], status=1)
        await asyncio.to_thread(site.proxy.kill)
        assert [row["user"] for row in await site.ask("list")] == ["bob"]
        await asyncio.to_thread(site.proxy.start)
        call = await pbx.call(bob.aor)
        await bob.respond(await bob.expect("INVITE", call.request.call_id), 486)
        await call.response(486)


async def test_a_purge_ends_what_waits_for_the_binding(site: Site):
    """Its client is away; a call for it is parked, and has nothing to wait for any more."""
    site.settings.more = {"park": 60}
    async with registered(site) as (pbx, alice, _):
        await alice.endpoint.close()
        invite = await pbx.call(alice.aor)
        await asyncio.to_thread(site.proxy.await_line, r"INVITE .* parked: ")
        await site.ask("purge", "--user", "alice")
        await invite.response(480)
        counted, = await site.ask("stats")
        assert [counted[f"proxy_parked{end}"] for end in ("", "_delivered", "_given_up")] == [1, 0, 1]


async def test_a_purge_by_condition_and_of_all(site: Site):
    async with registered(site):
        assert await site.ask("purge", "--transport", "udp") == [{"purged": 1, "stored": True}]
        assert [row["user"] for row in await site.ask("list")] == ["alice"]
        await site.ask("purge", "--all", status=2)  # no terminal to ask on
        assert await site.ask("purge", "--all", "--yes") == [{"purged": 1, "stored": True}]
        await site.ask("list", status=1)


async def test_purge_all_asks_on_a_terminal(site: Site):
    def answer(word: bytes) -> int:
        ours, theirs = pty.openpty()
        os.write(ours, word + b"\n")
        command = [os.environ[CTL], "--config", str(site.proxy.config), "purge", "--all"]
        done = subprocess.run(command, stdin=theirs, capture_output=True, timeout=30, check=False)
        os.close(ours)
        os.close(theirs)
        return done.returncode

    async with registered(site):
        assert await asyncio.to_thread(answer, b"no") == 4
        assert len(await site.ask("list")) == 2
        assert await asyncio.to_thread(answer, b"y") == 0
        await site.ask("list", status=1)


async def test_stats_count(site: Site):
    async with registered(site):
        counters, = await site.ask("stats")
        assert counters["bindings"] == 2 and counters["bindings_pending"] == 0
        assert counters["workers"] == workers()
        assert counters["proxy_requests_forwarded"] >= 2
        assert counters["proxy_bindings_confirmed"] == 2
        assert counters["transaction_servers_started"] >= 2
        assert counters["transaction_clients_started"] >= 2
        assert counters["transport_received"] >= 4
        assert counters["store_rows_written"] == 2
        text = (await asyncio.to_thread(site.ctl.run, "stats")).stdout
        assert dict(line.split() for line in text.splitlines())["bindings"] == "2"


async def test_the_file_is_used_when_the_proxy_is_down(site: Site):
    async with registered(site):
        online = await site.ask("list")
    offline = await site.ask("list")
    assert [row["contact"] for row in offline] == [row["contact"] for row in online]
    assert {row["user"]: row["reachable"] for row in offline} == {"alice": False, "bob": True}
    assert await site.ask("stats") == [{"bindings": 2, "bindings_expired": 0}]
    assert await site.ask("purge", "--user", "alice") == [{"purged": 1, "stored": True}]
    assert [row["user"] for row in await site.ask("list")] == ["bob"]
    assert await site.ask("purge", "--all", "--yes") == [{"purged": 1, "stored": True}]
    await site.ask("list", status=1)
    with site.proxy:
        await site.ask("list", status=1)


async def test_the_file_of_a_running_proxy_is_refused_with_its_pid(site: Site):
    with site.proxy:
        direct = Ctl("--database", site.database)
        done = await asyncio.to_thread(lambda: direct.run("purge", "--all", "--yes", status=3))
        assert str(site.proxy.pid) in done.stderr


def test_a_killed_proxys_socket_is_replaced_and_a_living_ones_is_not(site: Site, tmp_path: Path,
                                                                   binary: str):
    site.proxy.start()
    site.proxy.kill()
    assert stat.S_ISSOCK(site.socket.lstat().st_mode)
    site.ctl.run("stats")  # refused there, so the file answers
    with site.proxy:
        assert "workers" in site.ctl.json("stats")[0]
        folder = tmp_path / "second"
        folder.mkdir()
        settings = Settings([Listener("udp", Address(site.slot.ip(9), 5060))],
                            control=site.socket)
        config = settings.write(folder / "roundabout.toml")
        second = subprocess.run([binary, "--config", config], capture_output=True, text=True,
                                timeout=30, check=False)
        assert second.returncode == 1 and str(site.socket) in second.stderr
        assert "workers" in site.ctl.json("stats")[0]
    assert not site.socket.exists()


def test_the_socket_is_for_owner_and_group(site: Site):
    with site.proxy:
        assert stat.S_IMODE(site.socket.stat().st_mode) == 0o660
        assert stat.S_IMODE(site.socket.parent.stat().st_mode) == 0o750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_another_user_of_the_group_may_look_but_not_purge(site: Site, open_folder: Path):
    site.settings.control = site.socket = open_folder / "run" / "control"
    site.settings.control_group = "nogroup"

    def stranger(request: bytes, group: str = "nogroup") -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-c", STRANGER, site.socket, request], text=True,
                              user="nobody", group=group, extra_groups=[], capture_output=True,
                              cwd="/", timeout=30, check=False)

    async with registered(site):
        looked = await asyncio.to_thread(stranger, b'{"command":"list"}\n')
        assert "binding" in json.loads(looked.stdout)
        purged = await asyncio.to_thread(stranger, PURGE_ALL)
        assert json.loads(purged.stdout)["end"] == "refused"
        site.proxy.await_line(r"purge of all by uid \d+ \(process \d+\) refused")
        taken = await asyncio.to_thread(stranger, b'{"command":"take-over"}\n')
        assert json.loads(taken.stdout)["end"] == "refused"
        site.proxy.await_line(r"take-over by uid \d+ \(process \d+\) refused")
        assert len(await site.ask("list")) == 2
        outsider = await asyncio.to_thread(stranger, PURGE_ALL, "daemon")
        assert "PermissionError" in outsider.stderr


def test_a_client_that_says_nonsense_is_told_so(site: Site):
    with site.proxy:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(site.socket))
        connection.sendall(b'{"command":"purge"}\n')
        answer = json.loads(connection.makefile().readline())
        assert answer["end"] == "malformed" and answer["reason"]
        connection.close()


def test_exit_codes(site: Site, tmp_path: Path):
    site.ctl.run("--help")
    site.settings.write(site.proxy.config)
    for words in ([], ["explain"], ["list", "--colour"], ["list", "--transport", "sctp"],
                  ["show"], ["show", "bob"], ["purge"], ["purge", "--all", "--user", "x"],
                  ["list", "--all"], ["stats", "--user", "x"], ["list", "more"],
                  ["list", "--expiring", "-1"]):
        site.ctl.run(*words, status=2)
    Ctl("--config", tmp_path / "absent.toml").run("list", status=2)
    Ctl("--socket", tmp_path / "absent").run("list", status=3)
    site.ctl.run("list", status=3)  # neither a socket nor a database yet
    assert not site.database.exists()
