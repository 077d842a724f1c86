"""Knowing when a program that does not say so has bound its port."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

from agent.endpoint import Address
from harness.program import START_LIMIT, Program

LISTENING = {"udp": "07", "tcp": "0A"}
LOOK_AGAIN = 0.02


def is_bound(protocol: str, address: Address) -> bool:
    """Whether the kernel's table has a socket listening at that address and port."""
    six = ":" in address.host
    packed = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, address.host)
    words = struct.unpack(f"<{len(packed) // 4}I", packed)
    wanted = "".join(f"{word:08X}" for word in words) + f":{address.port:04X}"
    table = Path(f"/proc/net/{protocol}{'6' if six else ''}")
    lines = table.read_text(encoding="ascii").splitlines()[1:]
    return any(wanted == fields[1] and fields[3] == LISTENING[protocol]
               for fields in map(str.split, lines))


def await_bound(program: Program, protocol: str, address: Address) -> None:
    """Waits until `program` has bound the port; fails when it ends or takes too long."""
    limit = time.monotonic() + START_LIMIT
    while not is_bound(protocol, address):
        if not program.running or time.monotonic() > limit:
            raise AssertionError(f"{program.name} does not bind {address}:\n{program.tail()}")
        time.sleep(LOOK_AGAIN)
