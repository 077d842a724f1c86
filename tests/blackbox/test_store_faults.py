"""Disks and files that fail under a proxy in use: routing goes on, and nothing stored is lost."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
DISK = 2 << 20
"""Bytes of the disk that is filled."""
PATIENCE = 20.0


class Site:
    """A registrar and the proxy before it, whose database things are done to."""

    def __init__(self, slot: Slot, folder: Path, binary: str, database: Path | None = None) -> None:
        self.slot = slot
        self.listener = Address(slot.ip(2), 5060)
        self.database = database or folder / "clients.db"
        self.settings = Settings(
            [Listener("udp", self.listener)],
            [Server("pbx", [slot.ip(3)], [DOMAIN], "udp", 5060)],
            default_server="pbx", workers=workers(), control=folder / "control",
            store={"path": self.database, "wait": 1})
        self.proxy = Roundabout(self.settings, folder, binary)
        self.ctl = Ctl("--config", self.proxy.config)

    async def registrar(self) -> Registrar:
        return await Registrar.start("udp", self.slot.ip(3), f"sip:pbx@{DOMAIN}", port=5060)

    async def phone(self, user: str, host: int) -> Phone:
        return await Phone.switch_on("udp", self.slot.ip(host), f"sip:{user}@{DOMAIN}",
                                     self.listener)

    async def stats(self) -> dict[str, int]:
        return (await asyncio.to_thread(self.ctl.json, "stats"))[0]

    async def volatile(self) -> dict[str, bool]:
        rows = await asyncio.to_thread(self.ctl.json, "list")
        return {row["user"]: row["volatile"] for row in rows}

    async def await_stats(self, holds: Callable[[dict[str, int]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds(await self.stats()):
                await asyncio.sleep(0.05)

    def aside(self) -> list[Path]:
        """The damaged databases that were kept."""
        return [path for path in self.database.parent.glob(f"{self.database.name}.damaged-*")
                if not path.name.endswith(("-wal", "-shm"))]


@pytest.fixture
def site(slot: Slot, tmp_path: Path, binary: str) -> Site:
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    return Site(slot, tmp_path, binary)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process writes to the database and does not come to an end."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of DISK bytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "roundabout", folder],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


async def test_while_the_database_is_locked_clients_are_served_and_written_afterwards(site: Site):
    async with await site.registrar(), await site.phone("alice", 4) as alice, \
            await site.phone("bob", 5) as bob:
        with site.proxy:
            await alice.register()
            with locked(site.database):
                await bob.register()
                assert await site.volatile() == {"alice": False, "bob": True}
                await site.await_stats(lambda stats: stats["store_degraded"] == 1)
                await asyncio.to_thread(site.proxy.await_line, "not reaching the disk")
            await site.await_stats(lambda stats: stats["store_degraded"] == 0
                                   and stats["store_waiting"] == 0)
            assert await site.volatile() == {"alice": False, "bob": False}
            await asyncio.to_thread(site.proxy.await_line, "reach the disk again")


async def test_on_failure_503_tells_the_client_to_come_again(site: Site):
    site.settings.store["on_failure"] = "503"
    async with await site.registrar(), await site.phone("alice", 4) as alice:
        with site.proxy:
            with locked(site.database):
                refused = await alice.send_register(
                    [("Contact", f"<{alice.contact_uri}>"), ("Expires", "600")])
                assert refused.status == 503
                assert refused.values("retry-after") == ["10"]
                assert await site.volatile() == {"alice": True}
            await alice.register()
            assert (await site.stats())["proxy_refused_unstored"] == 1


async def test_a_deleted_database_is_made_anew_before_anybody_is_forgotten(site: Site):
    async with await site.registrar(), await site.phone("alice", 4) as alice, \
            await site.phone("bob", 5) as bob:
        with site.proxy:
            await alice.register()
            for suffix in ("", "-wal", "-shm"):
                Path(f"{site.database}{suffix}").unlink()
            await asyncio.to_thread(site.proxy.await_line, "deleted or replaced")
            await bob.register()
            site.proxy.kill()
            site.proxy.start()
            assert await site.volatile() == {"alice": False, "bob": False}


async def test_a_ruined_database_is_kept_and_the_proxy_serves(site: Site):
    ruins = b"once a database" + b"x" * 9000
    async with await site.registrar(), await site.phone("alice", 4) as alice:
        with site.proxy:
            await alice.register()
        site.database.write_bytes(ruins)
        with site.proxy:
            await alice.register()
            assert (await site.stats())["store_renewed"] == 1
            await asyncio.to_thread(site.proxy.await_line, "it is kept as")
        assert [path.read_bytes() for path in site.aside()] == [ruins]


async def test_on_a_full_disk_clients_register_on_and_are_written_when_it_is_not_full(
        slot: Slot, tmp_path: Path, binary: str, small_disk: Path):
    site = Site(slot, tmp_path, binary, small_disk / "clients.db")
    filler = small_disk / "filler"
    async with await site.registrar(), await site.phone("alice", 4) as alice, \
            await site.phone("bob", 5) as bob:
        with site.proxy:
            await alice.register()
            with filler.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space"):
                while True:
                    out.write(b"x" * 4096)
            # What SQLite has room for in the WAL that it has is written all the same.
            async with asyncio.timeout(PATIENCE):
                while (await site.stats())["store_degraded"] == 0:
                    await alice.register()
                    await bob.register()
            assert True in (await site.volatile()).values()
            await alice.register()
            filler.unlink()
            await site.await_stats(lambda stats: stats["store_degraded"] == 0)
            assert await site.volatile() == {"alice": False, "bob": False}
            site.proxy.kill()
            site.proxy.start()
            assert await site.volatile() == {"alice": False, "bob": False}
