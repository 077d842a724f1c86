"""A root of its own for packages: this machine's files, of which no change stays."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

TIME_LIMIT = 120.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SHARED = "/mnt"
"""Where the folder that both sides see lies in there."""
HOLD = f"""
set -e
mount --make-rprivate / 2>/dev/null || true # a chroot that is no mount point cannot say so
mount -t tmpfs -o mode=0755 roundabout-test "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o lowerdir=/,upperdir="$1/changes",workdir="$1/work" overlay "$1/root"
mount -t tmpfs -o mode=0755 run "$1/root/run"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
mount --bind /dev "$1/root/dev"
mount --bind /proc "$1/root/proc"
mount --bind "$2" "$1/root{SHARED}"
echo held
cat >/dev/null
cd /
umount -R "$1"
"""
"""Until its input ends, as it does with whoever started it, however that ended."""


class NoRoot(Exception):
    """Why there can be none here."""


class Root:
    """The machine's root under an overlay, in a mount namespace that ends with us.

    Its packages are those of the machine and its network is ours, but its /run is empty: no systemd
    runs there, and no other service.
    """

    def __init__(self, mounts: Path, shared: Path) -> None:
        """`mounts` is an empty folder, `shared` is seen in there too."""
        self._mounts, self.shared = mounts, shared
        self._holder: subprocess.Popen | None = None

    def __enter__(self) -> Root:
        if os.geteuid() != 0:
            raise NoRoot("only root can mount")
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "unchanged",
             "sh", "-c", HOLD, "sh", self._mounts, self.shared],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        said = self._holder.stdout.readline()
        if said != "held\n":
            self._end()
            raise NoRoot(f"no overlay can be mounted: {said}")
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def path(self, inside: str) -> Path:
        """A file in there, as seen from here."""
        return Path(f"/proc/{self._holder.pid}/root{self._mounts}/root{inside}")

    def command(self, *words: object) -> list[str]:
        """What runs those words in there; it becomes that program."""
        return ["chroot", str(self.path("")), *map(str, words)]

    def run(self, *words: object, status: int | None = 0) -> subprocess.CompletedProcess:
        """Fails unless it ends with that exit status."""
        running = subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
        try:
            said, complained = running.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # with all that it started
            running.wait()
            raise
        if status is not None and running.returncode != status:
            raise AssertionError(f"{words}: exit status {running.returncode}, not {status}\n"
                                 f"{said}{complained}")
        return subprocess.CompletedProcess(words, running.returncode, said, complained)

    def _end(self) -> None:
        self._holder.stdin.close()
        self._holder.wait(TIME_LIMIT)
        self._holder.stdout.close()
