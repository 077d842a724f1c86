"""A start with very many bindings: the proxy serves while it reads them.

ROUNDABOUT_BINDINGS=1000000 in the environment shows it for a million.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.bindings import browser, fill
from harness.config import Listener, Server, Settings
from harness.ctl import CTL, Ctl
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot
from harness.table import Table

COUNT = int(os.environ.get("ROUNDABOUT_BINDINGS", "50000"))
DOMAIN = "pbx.test"
CALL = """INVITE sip:{user}@{proxy} SIP/2.0\r
Via: SIP/2.0/UDP {server};branch=z9hG4bK{user}\r
Max-Forwards: 70\r
From: <sip:pbx@pbx.test>;tag=f\r
To: <sip:{user}@{proxy}>\r
Call-ID: call-{user}\r
CSeq: 1 INVITE\r
Contact: <sip:pbx@{server}>\r
Content-Length: 0\r
\r
"""
TIME_LIMIT = 30.0


def udp(address: Address) -> socket.socket:
    """A bound socket; whoever waits on it does not wait for ever."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address.host, address.port))
    made.settimeout(TIME_LIMIT)
    return made


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def longest_turn(metrics: Address) -> str:
    """What no turn of a worker's loop was longer than, and how many turns there were."""
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=TIME_LIMIT) as answer:
        text = answer.read().decode()
    within: dict[str, int] = defaultdict(int)
    for bound, count in re.findall(r'roundabout_loop_busy_seconds_bucket\{.*?le="(.*?)"\} (\d+)',
                                   text):
        within[bound] += int(count)
    all_turns = within["+Inf"]
    bound = next(bound for bound, count in within.items() if count == all_turns)
    return f"{float(bound) * 1000:g} ({all_turns} turns)"


def phone_row(number: int, user: str, at: Address, listener: Address) -> dict[str, object]:
    return browser(number, DOMAIN, "pbx") | {
        "aor": f"sip:{user}@{DOMAIN}", "contact_uri": f"sip:{user}@{at}", "user": user,
        "transport": "udp", "remote": str(at), "local": str(listener),
        "listener": f"udp {listener}", "instance": "", "reg_id": 0}


@pytest.fixture
def settings(slot: Slot, tmp_path: Path) -> Settings:
    if not os.environ.get(CTL):
        pytest.skip(f"{CTL} does not name roundabout-ctl")
    return Settings([Listener("udp", Address(slot.ip(2), 5060))],
                    [Server("pbx", [slot.ip(3)], [DOMAIN], "udp", 5060)], default_server="pbx",
                    workers=workers(), control=tmp_path / "control", log_level="info",
                    metrics=Address(slot.ip(2), 9507))


def test_calls_reach_their_clients_while_bindings_are_read(
        slot: Slot, tmp_path: Path, binary: str, settings: Settings, tables: list[Table]):
    proxy = Roundabout(settings, tmp_path, binary)
    listener, server, phone = (Address(slot.ip(host), 5060) for host in (2, 3, 4))
    with proxy:
        empty = resident(proxy.pid)
    rows = (phone_row(i, f"phone{i}", phone, listener) if i % (COUNT // 10) == 0
            else browser(i, DOMAIN, "pbx") for i in range(COUNT))
    fill(tmp_path / "clients.db", rows)
    with udp(server) as pbx, udp(phone) as client:
        begun = time.monotonic()
        since = len(proxy.log)
        with proxy:
            ready = time.monotonic() - begun
            for i in range(0, COUNT, COUNT // 10):
                user = f"phone{i}"
                pbx.sendto(CALL.format(user=user, proxy=listener, server=server).encode(),
                           (listener.host, listener.port))
                assert client.recv(65536).startswith(f"INVITE sip:{user}@".encode())
                if i == 0:
                    first = time.monotonic() - begun
            all_calls = time.monotonic() - begun
            line = proxy.await_line(rf"{COUNT} bindings from .* in \d+ ms", since=since)
            ctl = Ctl("--config", proxy.config)
            stats = ctl.json("stats")[0]
            assert stats["bindings"] == COUNT
            assert stats["bindings_complete"] == 1
            assert stats["store_degraded"] == 0
            full = resident(proxy.pid)
            longest = longest_turn(settings.metrics)
    figures = {"ready after (s)": f"{ready:.2f}", "first call forwarded after (s)": f"{first:.2f}",
               "ten calls forwarded after (s)": f"{all_calls:.2f}",
               "all read in (ms)": re.search(r"in (\d+) ms", line)[1],
               "longest turn of a worker's loop (ms, at most)": longest,
               "memory a binding (bytes)": str((full - empty) // COUNT)}
    table = Table(f"A start with {COUNT} bindings", list(figures), ["value"])
    for row, value in figures.items():
        table.put(row, "value", value)
    tables.append(table)


async def test_what_has_expired_leaves_file_and_memory_a_few_at_a_time(
        tmp_path: Path, binary: str, settings: Settings):
    proxy = Roundabout(settings, tmp_path, binary)
    with proxy:
        pass
    now = int(time.time())
    rows = (browser(i, DOMAIN, "pbx") | {"registered": now - 600, "expires": now + 2}
            for i in range(3000))
    fill(tmp_path / "clients.db", rows)
    since = len(proxy.log)
    with proxy:
        ctl = Ctl("--config", proxy.config)
        proxy.await_line("3000 bindings from .*, 0 expired", since=since)
        last = 3000
        async with asyncio.timeout(TIME_LIMIT * 3):
            while last > 0:
                left = ctl.json("stats")[0]["bindings"]
                assert left <= last
                last = left
                await asyncio.sleep(0.2)
        assert ctl.json("stats")[0]["proxy_bindings_confirmed"] == 0
    with proxy:
        proxy.await_line("0 bindings from .*, 0 expired")
