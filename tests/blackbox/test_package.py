"""The package for Debian, from its making to its purge, in a root of its own."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.manager import Manager
from harness.package import BEFORE, UNIT, Installation, Service, make
from harness.root import NoRoot, Root
from harness.slot import Slot

CONFIGURATION, STATE = "/etc/roundabout", "/var/lib/roundabout"
WANTED = "/etc/systemd/system/multi-user.target.wants/roundabout.service"
NET_BIND_SERVICE = f"{1 << 10:016x}"
SHIPPED = """
./usr/sbin/roundabout 755
./usr/sbin/roundabout-ctl 755
./usr/lib/systemd/system/roundabout.service 644
./usr/lib/systemd/system/roundabout.socket 644
./usr/lib/sysusers.d/roundabout.conf 644
./usr/share/man/man8/roundabout.8.gz 644
./usr/share/man/man5/roundabout.toml.5.gz 644
./usr/share/man/man1/roundabout-ctl.1.gz 644
./usr/share/bash-completion/completions/roundabout 644
./usr/share/bash-completion/completions/roundabout-ctl 644
./usr/share/zsh/vendor-completions/_roundabout 644
./usr/share/zsh/vendor-completions/_roundabout-ctl 644
./usr/share/doc/roundabout/copyright 644
./usr/share/doc/roundabout/changelog.Debian.gz 644
./usr/share/doc/roundabout/examples/roundabout.toml 644
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """That of the version before, and this one's, in one folder."""
    folder = tmp_path_factory.mktemp("packages")
    return [make(folder / "before", BEFORE), make(folder / "now")]


@pytest.fixture
def installation(packages: list[Path], tmp_path: Path) -> Iterator[Installation]:
    """Where they may be installed."""
    try:
        with Root(tmp_path, packages[0].parent.parent) as root:
            yield Installation(root)
    except NoRoot as why:
        pytest.skip(str(why))


class Scene:
    """A PBX that speaks UDP; phones by UDP, and by WSS at a port that only root may open."""

    def __init__(self, slot: Slot, authority: Authority, root: Root) -> None:
        self.slot, self.root = slot, root
        self.doors = {"udp": Address(slot.ip(2), 5060), "wss": Address(slot.ip(2), 443)}
        self.pbx = Address(slot.ip(3), 5060)
        self._own = authority.issue("proxy", [slot.ip(2)])
        self._tls = authority.contexts(authority.issue("phones", [slot.ip(4), slot.ip(5)]))
        self._ca = authority.ca

    def configure(self) -> None:
        """What the administrator does once it is installed."""
        folder = self.root.path(CONFIGURATION)
        Settings([Listener(transport, door) for transport, door in self.doors.items()],
                 [Server("pbx", [self.pbx.host], ["pbx.test"], "udp", self.pbx.port)],
                 workers=2, certificate=Path(f"{CONFIGURATION}/chain.pem"),
                 key=Path(f"{CONFIGURATION}/key.pem"), ca=Path(f"{CONFIGURATION}/ca.pem"),
                 log_level="info", store={"path": f"{STATE}/clients.db"},
                 control=Path("/run/roundabout/control.sock")).write(folder / "roundabout.toml")
        for name, source in [("chain.pem", self._own.chain), ("key.pem", self._own.key),
                             ("ca.pem", self._ca)]:
            shutil.copy(source, folder / name)
        self.root.run("sh", "-c", f"cd {CONFIGURATION}; chmod 0640 *; chgrp roundabout *")

    async def registrar(self) -> Registrar:
        return await Registrar.start("udp", self.pbx.host, "sip:pbx@pbx.test", port=self.pbx.port)

    async def phone(self, transport: str, user: str, host: int) -> Phone:
        phone = await Phone.switch_on(transport, self.slot.ip(host), f"sip:{user}@pbx.test",
                                      self.doors[transport], tls=self._tls)
        await phone.register(3600)
        return phone

    def registrations(self) -> list[str]:
        """All, as roundabout-ctl in there lists them."""
        said = self.root.run("roundabout-ctl", "--config", f"{CONFIGURATION}/roundabout.toml",
                             "--json", "list").stdout
        return sorted(re.search(r'"aor": ?"([^"]+)"', line)[1] for line in said.splitlines())


async def call(pbx: Registrar, phone: Phone) -> None:
    """From the PBX, answered and ended."""
    invite = await pbx.call(phone.aor)
    at_phone = await phone.ring()
    answering = asyncio.create_task(phone.answer(at_phone))
    at_pbx = await pbx.confirm(invite)
    await answering
    bye = await at_pbx.request("BYE")
    await phone.hung_up(await answering)
    await bye.response(200)


def test_the_package_has_all_that_debian_expects(packages: list[Path]):
    def said(*words: str) -> str:
        return subprocess.run([*words], capture_output=True, text=True, check=True).stdout

    listed = said("dpkg-deb", "--contents", str(packages[1])).splitlines()
    files = {line.split()[5]: line.split()[:2] for line in listed}
    modes = {"-rwxr-xr-x": "755", "-rw-r--r--": "644"}
    assert {owner for _, owner in files.values()} == {"root/root"}
    assert {mode for mode, _ in files.values()} == {*modes, "drwxr-xr-x"}
    there = {f"{path} {modes[mode]}" for path, (mode, _) in files.items() if mode in modes}
    assert set(SHIPPED.strip().splitlines()) - there == set()
    assert not [path for path in files if path.startswith(("./etc", "./var", "./usr/local"))]
    fields = dict(re.findall(r"^ *([\w-]+): (.*)$", said("dpkg-deb", "--field", str(packages[1])),
                             re.MULTILINE))
    for needed in ("libc6", "libssl3", "libsqlite3-0", "libsystemd0", "libc-ares2"):
        assert re.search(rf"\b{needed}\b", fields["Depends"]), fields
    assert (fields["Package"], fields["Section"]) == ("roundabout", "net")
    before = said("dpkg-deb", "--field", str(packages[0]), "Version").strip()
    assert subprocess.run(["dpkg", "--compare-versions", before, "lt", fields["Version"]],
                          check=False).returncode == 0


async def test_its_life(slot: Slot, authority: Authority, packages: list[Path],
                        installation: Installation):
    root, scene = installation.root, Scene(slot, authority, installation.root)
    installation.pretend_systemd()
    with installation.asking() as asked:
        installation.install(packages[0])
    assert "start roundabout.service" in asked
    look_at_what_is_installed(installation)
    scene.configure()
    with Manager() as manager:
        service = Service(root)
        await asyncio.to_thread(manager.start, service)
        look_at_the_process(service)
        async with await scene.registrar() as pbx, await scene.phone("wss", "alice", 4) as alice, \
                await scene.phone("udp", "bob", 5) as bob:
            await call(pbx, alice)
            before = scene.registrations()
            assert before == [alice.aor, bob.aor]
            with installation.asking() as asked:
                installation.install(packages[1])
            assert "restart roundabout.service" in asked
            assert not [words for words in asked if words.startswith("stop")]
            assert service.running and service.stop() == 0
            await asyncio.to_thread(manager.start, service)
            assert scene.registrations() == before
            await call(pbx, bob)
            alice.endpoint.flows.clear()
            await alice.register()
            await call(pbx, alice)
        assert service.stop() == 0
    look_at_its_end(installation, packages[1], lambda: scene.registrations() == before)


def test_without_systemd_there_is_the_user_all_the_same(installation: Installation,
                                                        packages: list[Path]):
    """And nothing is left of it all in the end."""
    root = installation.root
    root.run("rm", "-f", "/usr/bin/systemd-sysusers")
    installation.install(packages[1])
    assert root.run("getent", "passwd", "roundabout").stdout.split(":")[5:] \
        == [STATE, "/usr/sbin/nologin\n"]
    assert installation.owned(STATE) == "750 roundabout:roundabout"
    said = root.run("dpkg", "--purge", "roundabout")
    assert "still has files" not in said.stderr and not installation.exists(CONFIGURATION)


def look_at_what_is_installed(installation: Installation) -> None:
    root = installation.root
    assert installation.owned(CONFIGURATION) == "750 root:roundabout"
    assert installation.owned(STATE) == "750 roundabout:roundabout"
    assert list(root.path(CONFIGURATION).iterdir()) == []
    assert "/nologin" in root.run("getent", "passwd", "roundabout").stdout
    assert installation.exists(WANTED)
    assert root.run("find", "/etc/systemd/system", "-name", "roundabout.socket").stdout == ""
    assert root.run("dpkg", "--verify", "roundabout").stdout == ""
    debug = root.run("readelf", "--sections", "/usr/sbin/roundabout").stdout
    assert ".text" in debug and ".debug_info" not in debug
    assert "ExecStart=/usr/sbin/roundabout " in root.path(UNIT).read_text()
    page = root.run("zcat", "/usr/share/man/man8/roundabout.8.gz").stdout
    assert UNIT in page.replace("\\", "")


def look_at_the_process(service: Service) -> None:
    """It is nobody in particular, and may open low ports and nothing else."""
    facts = service.facts()
    assert "0" not in facts["Uid"].split() + facts["Gid"].split() + facts["Groups"].split()
    assert {facts[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {NET_BIND_SERVICE}
    assert facts["NoNewPrivs"] == "1"


def look_at_its_end(installation: Installation, package: Path, kept) -> None:
    """Removed it leaves what is the administrator's; purged it leaves what it did not bring."""
    root = installation.root
    with installation.asking() as asked:
        root.run("dpkg", "--remove", "roundabout")
    assert "stop roundabout.socket roundabout.service" in asked
    assert installation.status().startswith("config-files")
    assert not installation.exists("/usr/sbin/roundabout") and not installation.exists(UNIT)
    assert installation.exists(f"{STATE}/clients.db")
    assert installation.exists(f"{CONFIGURATION}/roundabout.toml")
    installation.install(package)
    assert installation.exists(WANTED) and kept()
    assert root.run("find", STATE, "!", "-user", "roundabout").stdout == ""
    said = root.run("dpkg", "--purge", "roundabout")
    assert "still has files" in said.stderr
    assert installation.status() in ("", "not-installed ")
    assert not installation.exists(STATE)
    left = sorted(path.name for path in root.path(CONFIGURATION).iterdir())
    assert left == ["ca.pem", "chain.pem", "key.pem"]
    links = root.run("find", "/etc/systemd", "/var/lib/systemd", "-name", "*roundabout*").stdout
    assert links == ""
    assert root.run("dpkg", "--audit").stdout == ""
