"""Debian's Kamailio as a real server: a registrar without WebSocket, and a secure trunk."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from string import Template

from agent.endpoint import Address
from harness.certificates import Issued
from harness.ports import LOOK_AGAIN, await_bound
from harness.program import START_LIMIT, Program

TEMPLATES = Path(__file__).parent
MODULES = next((str(path) for path in Path("/usr/lib").glob("*/kamailio/modules")), "")


class ConfigTemplate(Template):
    """A template with `%{name}`, since `$` is Kamailio's own."""

    delimiter = "%"


class Kamailio(Program):
    """A Kamailio from a template of `templates`, listening by UDP at `address` at least.

    `memory`: megabytes shared by its processes; `allocator`: what divides them, and each process's
    own. Its default, qm, looks for errors, and searches long lists once much was given back.
    """

    def __init__(self, template: str, address: Address, folder: Path, *,
                 templates: Path = TEMPLATES, memory: int = 64, allocator: str = "qm",
                 **values: object) -> None:
        self.address = address
        place = folder / f"{template}-{address.host}"
        place.mkdir(exist_ok=True)
        self._control = place / "ctl"
        text = (templates / f"{template}.cfg").read_text(encoding="utf-8")
        config = place / "kamailio.cfg"
        config.write_text(ConfigTemplate(text).substitute(
            values, modules=MODULES, control=self._control, host=address.host, port=address.port))
        super().__init__(f"kamailio {template}",
                         ["kamailio", "-DD", "-E", "-f", config, "-m", str(memory), "-M", "8",
                          "-x", allocator, "-X", allocator, "-P", place / "pid", "-Y", place,
                          "-w", place], place)

    def start(self) -> None:
        """Starts it and waits until its listeners are bound and it answers RPC."""
        super().start()
        await_bound(self, "udp", self.address)
        limit = time.monotonic() + START_LIMIT
        while self._kamcmd("core.uptime").returncode:
            if not self.running or time.monotonic() > limit:
                raise AssertionError(f"{self.name} does not answer RPC:\n{self.tail()}")
            time.sleep(LOOK_AGAIN)

    def rpc(self, command: str, *arguments: str) -> str:
        """The output of an RPC command."""
        done = self._kamcmd(command, *arguments)
        if done.returncode:
            raise AssertionError(f"kamcmd {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def _kamcmd(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(["kamcmd", "-s", f"unixs:{self._control}", *command],
                              capture_output=True, text=True, check=False)


class KamailioRegistrar(Kamailio):
    """A registrar and proxy for `domain` by UDP and TCP; everybody's password is `password`.

    `outbound`: it keeps Path, knows outbound, and tells a Service-Route.
    """

    def __init__(self, address: Address, folder: Path, domain: str = "pbx.test",
                 password: str = "secret", outbound: bool = False) -> None:
        self.domain, self.password = domain, password
        super().__init__("registrar", address, folder, domain=domain, password=password,
                         outbound="#!define OUTBOUND" if outbound else "")

    def paths(self, user: str) -> list[str]:
        """The Path of each binding of a user."""
        done = self._kamcmd("ul.lookup", "location", user)
        return re.findall(r"^\s*Path: (<\S+)", done.stdout, re.M)

    def bindings(self, user: str) -> list[str]:
        """The Contact URIs registered for a user now."""
        done = self._kamcmd("ul.lookup", "location", user)
        return re.findall(r"^\s*Address: (\S+)", done.stdout, re.M)


class KamailioTrunk(Kamailio):
    """A server that speaks UDP to the party `inside` and TLS, WS or WSS to the proxy.

    Outside it listens at `ports[transport]` alone. Over WS and WSS it can call only once the
    proxy has connected, that is after a call in the other direction.
    """

    ports = {"tls": 5061, "ws": 8080, "wss": 8443}

    def __init__(self, address: Address, folder: Path, *, transport: str, proxy: Address,
                 inside: Address, certificate: Issued, ca: Path) -> None:
        self.outside = Address(address.host, self.ports[transport])
        """Where the proxy reaches it."""
        super().__init__(
            "trunk", address, folder, transport=transport, proxy=proxy, inside=inside,
            inside_host=inside.host, certificate=certificate.chain, key=certificate.key, ca=ca,
            outside=self.outside, carrier="tcp" if transport == "ws" else "tls")


class KamailioCircle(Kamailio):
    """A misled proxy: sends every request back to where it came from."""

    def __init__(self, address: Address, folder: Path) -> None:
        super().__init__("circle", address, folder)


class KamailioReferee(Kamailio):
    """Answers 200 to what it finds well formed, something else or nothing to the rest."""

    def __init__(self, address: Address, folder: Path) -> None:
        super().__init__("referee", address, folder)
