"""The package for Debian: made from a build folder, installed in a root, run by its unit."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.program import Program
from harness.root import SHARED, Root

BUILD = "ROUNDABOUT_BUILD"
BEFORE = "0.0.1"
"""A version older than any; its package has the programs of this one."""
UNIT = "/usr/lib/systemd/system/roundabout.service"
TIME_LIMIT = 120.0
SYSTEMCTL = """#!/bin/sh
case "$*" in
*is-enabled*) exec /usr/bin/systemctl.machine --root=/ is-enabled roundabout.service ;;
*--root=*) exec /usr/bin/systemctl.machine "$@" ;; # of links alone
esac
echo "$*" >>/run/asked
"""
"""Notes what it is asked; no systemd runs there."""


def make(folder: Path, version: str = "") -> Path:
    """Packs what the build folder has."""
    folder.mkdir()
    command = ["cpack", "--config", f"{os.environ[BUILD]}/CPackConfig.cmake", "-B", str(folder)]
    if version:
        command += ["-D", f"CPACK_PACKAGE_VERSION={version}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made, = folder.glob("*.deb")
    return made


class Installation:
    """dpkg in a root, and what the package's scripts ask of systemd."""

    def __init__(self, root: Root) -> None:
        self.root = root
        # Images for containers leave documentation out, and a proxy may be installed here already.
        root.run("sh", "-c", "rm -f /etc/dpkg/dpkg.cfg.d/*")
        root.run("rm", "-f", "/var/lib/man-db/auto-update")  # takes minutes where it has no index
        root.run("dpkg", "--purge", "roundabout")

    def pretend_systemd(self) -> None:
        """Lets the scripts believe that systemd runs, and that they may start what they like."""
        self.root.run("mkdir", "-p", "/run/systemd/system")
        self.root.run("rm", "-f", "/usr/sbin/policy-rc.d")  # containers' images forbid it by that
        self.root.run("mv", "/usr/bin/systemctl", "/usr/bin/systemctl.machine")
        self.root.path("/usr/bin/systemctl").write_text(SYSTEMCTL)
        self.root.path("/usr/bin/systemctl").chmod(0o755)

    def install(self, package: Path) -> str:
        """Installs or upgrades; returns what was said."""
        return self.root.run("dpkg", "--install",
                             f"{SHARED}/{package.relative_to(self.root.shared)}").stdout

    def status(self) -> str:
        """dpkg's word for it: `installed 0.1.0-1`, say."""
        done = self.root.run("dpkg-query", "--show", "--showformat",
                             "${db:Status-Status} ${Version}", "roundabout", status=None)
        return done.stdout

    def owned(self, path: str) -> str:
        """Mode, owner and group of a file or folder."""
        return self.root.run("stat", "--format=%a %U:%G", path).stdout.strip()

    def exists(self, path: str) -> bool:
        """Also of a link that leads nowhere."""
        return os.path.lexists(self.root.path(path))

    @contextmanager
    def asking(self) -> Iterator[list[str]]:
        """What systemd is asked meanwhile, there at the end."""
        asked: list[str] = []
        path = self.root.path("/run/asked")
        path.write_text("")
        yield asked
        asked += [re.sub(r"--(quiet|system) ", "", line) for line in path.read_text().splitlines()]


def keys_of(unit: str) -> dict[str, str]:
    """The last value of each key."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))


class Service(Program):
    """The daemon as the installed unit has it started: its ExecStart line, user and privileges."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._unit = unit = keys_of(root.path(UNIT).read_text())
        kept, bound = (",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}"
                                            for name in unit[key].split())])
                       for key in ("AmbientCapabilities", "CapabilityBoundingSet"))
        assert unit["NoNewPrivileges"] == "yes"
        super().__init__("roundabout", root.command(
            "env", *(f"{name}_DIRECTORY={place}/{unit[key]}" for name, key, place in [
                ("CONFIGURATION", "ConfigurationDirectory", "/etc"),
                ("STATE", "StateDirectory", "/var/lib"), ("RUNTIME", "RuntimeDirectory", "/run")]),
            "sh", "-c", f'umask {unit["UMask"]}; exec "$@"', "sh",
            "setpriv", f"--reuid={unit['User']}", f"--regid={unit['Group']}", "--clear-groups",
            f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={bound}",
            "--no-new-privs", *unit["ExecStart"].split()), root.shared)

    def start(self) -> None:
        """Makes the runtime folder first, as systemd does."""
        unit = self._unit
        self._root.run("install", "--directory", f"--mode={unit['RuntimeDirectoryMode']}",
                       f"--owner={unit['User']}", f"--group={unit['Group']}",
                       f"/run/{unit['RuntimeDirectory']}")
        super().start()

    def facts(self) -> dict[str, str]:
        """What the kernel says of the process."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
