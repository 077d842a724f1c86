"""systemd-socket-activate(1) starts the proxy once somebody comes, who is then served."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.config import Listener, Server, Settings
from harness.program import Program
from harness.roundabout import READY
from harness.slot import Slot
from harness.steady import request

KINDS = {"tcp": (socket.SOCK_STREAM, []), "udp": (socket.SOCK_DGRAM, ["--datagram"])}


def inodes(path: Path) -> set[str]:
    """The sockets among a process's descriptors."""
    links = (os.readlink(each) for each in path.iterdir())
    return {link for link in links if link.startswith("socket:")}


@pytest.mark.parametrize("transport", KINDS)
def test_who_comes_first_starts_it_and_is_answered(transport: str, slot: Slot, tmp_path: Path,
                                                   binary: str):
    """One listener is handed over; it opens the other one itself."""
    activate = shutil.which("systemd-socket-activate")
    if not activate:
        pytest.skip("systemd-socket-activate is not installed")
    door, asking = Address(slot.ip(2), 5060), Address(slot.ip(3), 5060)
    file = Settings([Listener(name, door) for name in KINDS],
                    [Server("a", [asking.host], ["a.test"], "udp", asking.port)],
                    workers=2, log_level="info").write(tmp_path / "roundabout.toml")
    kind, options = KINDS[transport]
    proxy = Program("roundabout", [activate, *options, "-l", str(door), binary,
                                   "--config", file], tmp_path)
    with proxy:
        proxy.await_line(rf"Listening on {door}")
        given = inodes(Path(f"/proc/{proxy.pid}/fd"))
        assert not any("roundabout" in line for line in proxy.log)
        for name in (transport, *(KINDS.keys() - {transport})):
            with socket.socket(type=KINDS[name][0]) as peer:
                peer.bind((asking.host, asking.port if name == "udp" else 0))
                peer.settimeout(20)
                peer.connect((door.host, door.port))
                peer.send(request("OPTIONS", f"sip:{door}", name, asking))
                assert peer.recv(4096).startswith(b"SIP/2.0 200")
            proxy.await_line(READY)
        assert Path(f"/proc/{proxy.pid}/exe").resolve() == Path(binary).resolve()
        assert given & inodes(Path(f"/proc/{proxy.pid}/fd"))
        assert proxy.stop() == 0
