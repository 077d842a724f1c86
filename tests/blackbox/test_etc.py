"""What lies in etc/ beside the configuration: manual pages, units, the filter of fail2ban."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.user_agent import UserAgent
from harness.config import Listener, Server, Settings
from harness.roundabout import Roundabout
from harness.slot import Slot

ROOT = Path(__file__).parent.parent.parent
ETC = ROOT / "etc"
TIME_LIMIT = 30.0


def output(*command: str | Path, needs: str) -> subprocess.CompletedProcess:
    """Runs it; skips the test where the machine does not have `needs`."""
    if not shutil.which(needs):
        pytest.skip(f"{needs} is not installed")
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=TIME_LIMIT, check=False)


@pytest.mark.parametrize("name", ["roundabout.8", "roundabout-ctl.1", "roundabout.toml.5"])
def test_a_manual_page_is_sound_troff(name: str, tmp_path: Path):
    page = ETC / "man" / f"{name}.in"
    if name == "roundabout.toml.5":
        page = tmp_path / name
        page.write_text(output(ROOT / "tools" / "manual_page.py", ETC / "roundabout.toml", "1",
                               needs="python3").stdout)
    done = output("man", "--warnings", "--encoding=utf8", "-l", page, needs="man")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "SEE ALSO" in done.stdout


def test_the_manual_page_has_every_flag(binary: str):
    said = output(binary, "--help", needs="env").stdout
    page = (ETC / "man" / "roundabout.8.in").read_text().replace("\\-", "-")
    flags = re.findall(r"^  --([\w-]+)", said, re.MULTILINE)
    assert len(flags) > 20
    assert [flag for flag in flags if not re.search(rf"-{flag}\b", page)] == []


def test_the_units_are_sound_and_the_service_may_do_little(tmp_path: Path, binary: str):
    service, ports = tmp_path / "roundabout.service", tmp_path / "roundabout.socket"
    service.write_text((ETC / "systemd" / "roundabout.service.in").read_text().replace(
        "@CMAKE_INSTALL_FULL_SBINDIR@/roundabout", binary))
    shutil.copy(ETC / "systemd" / ports.name, ports)
    done = output("systemd-analyze", "verify", "--man=no", service, ports, needs="systemd-analyze")
    assert done.returncode == 0 and not done.stderr, done.stderr
    done = output("systemd-analyze", "security", "--offline=true", "--threshold=20", service,
                  needs="systemd-analyze")
    assert done.returncode == 0, done.stdout + done.stderr


async def test_fail2ban_finds_who_was_refused_and_nobody_else(slot: Slot, tmp_path: Path,
                                                              binary: str):
    door, bad, liar, server = (Address(slot.ip(n), 5060) for n in (2, 3, 4, 5))
    proxy = Roundabout(Settings([Listener("udp", door), Listener("tcp", door)],
                                [Server("pbx", [server.host], ["pbx.test"], "udp", 5060)],
                                client_networks=[], log_level="info"), tmp_path, binary)
    with proxy:
        async with await UserAgent.start("tcp", bad.host, "sip:a@b.test", proxy=door) as scanner, \
                await UserAgent.start("udp", server.host, "sip:a@pbx.test", port=5060,
                                      proxy=door) as pbx:
            await scanner.request("OPTIONS", "sip:100@pbx.test",
                                  call_id=f"x]from:udp:{liar.host}:1[y")
            proxy.await_line(f"from tcp {bad.host}:.* dropped: unknown source")
            refused = await pbx.request("OPTIONS", "sip:x@elsewhere.test")
            await refused.response(403)
    log = tmp_path / "log"
    log.write_text("\n".join(line for line in proxy.log if re.match(r"\d{4}-", line)) + "\n"
                   f"2026-01-01 00:00:00.000 info: MESSAGE sip:x from tcp {liar.host}:1 to udp "
                   f"{server.host}:1: y [a from udp {liar.host}:1 dropped: unknown source [b]\n")
    done = output("fail2ban-regex", "-o", "ip", log, ETC / "fail2ban/filter.d/roundabout.conf",
                  needs="fail2ban-regex")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {bad.host}, done.stdout
