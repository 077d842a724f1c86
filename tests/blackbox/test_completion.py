"""Completion in bash and zsh: by the shells themselves, and of every option that there is."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness.ctl import CTL

FOLDER = Path(__file__).parent.parent.parent / "etc" / "completion"
TIME_LIMIT = 30.0
ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"$(complete -p "$1" | sed 's/.*-F \([^ ]*\) .*/\1/')"
printf '%s\n' "${COMPREPLY[@]}"
"""
SHOWN = r"<<([^>]*)>>"
STARTUP = """
fpath=({folder} $fpath)
autoload -Uz compinit
compinit -u -d {folder}/dump
roundabout() {{ print -r -- "<<$*>>" }}
roundabout-ctl() {{ print -r -- "<<$*>>" }}
PROMPT='ask me> '
"""


def bash(*words: str, folder: Path = FOLDER) -> list[str]:
    """What bash offers for the last of the words."""
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", FOLDER / f"{words[0]}.bash", *words], cwd=folder,
        capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return sorted(done.stdout.split())


class Zsh:
    """One that somebody types at, with both programs replaced by what shows their words."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("zsh"):
            pytest.skip("zsh is not installed")
        for file in FOLDER.glob("*.zsh"):
            shutil.copy(file, folder / f"_{file.stem}")
        (folder / ".zshrc").write_text(STARTUP.format(folder=folder))
        self._terminal, inside = pty.openpty()
        self._process = subprocess.Popen(
            ["zsh", "--no-globalrcs", "-i"], stdin=inside, stdout=inside, stderr=inside,
            cwd=folder, start_new_session=True,
            env={"PATH": os.environ["PATH"], "TERM": "dumb", "ZDOTDIR": str(folder)})
        os.close(inside)
        self._await("ask me> ")

    def complete(self, line: str) -> str:
        """The words of the program's call, once <Tab> was pressed at the end of the line."""
        os.write(self._terminal, f"{line}\t\n".encode())
        return re.search(SHOWN, self._await(SHOWN))[1].strip()

    def _await(self, pattern: str) -> str:
        limit, text = time.monotonic() + TIME_LIMIT, ""
        while not re.search(pattern, text):
            ready, _, _ = select.select([self._terminal], [], [], limit - time.monotonic())
            assert ready, f"zsh did not come to {pattern!r}: {text!r}"
            text += os.read(self._terminal, 4096).decode(errors="replace")
        return text

    def __enter__(self) -> Zsh:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


def options_of(program: str) -> list[str]:
    """Every option that --help names."""
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  --([\w-]+)", said, re.MULTILINE)


@pytest.mark.parametrize("name", ["roundabout", "roundabout-ctl"])
def test_every_option_is_known_to_both_shells(name: str, binary: str):
    options = options_of(binary if name == "roundabout" else os.environ[CTL])
    assert len(options) > 10
    assert bash(name, "--") == sorted(f"--{option}" for option in options)
    text = (FOLDER / f"{name}.zsh").read_text().replace("{-,--}", "--")
    assert sorted(set(re.findall(r"--([\w-]+)=?['\"]?\[", text))) == sorted(options)


def test_bash_offers_flags_by_the_dashes_that_were_typed():
    assert bash("roundabout", "-loc") == ["-local-fqdn", "-local-ip"]
    assert bash("roundabout", "--loc") == ["--local-fqdn", "--local-ip"]
    assert bash("roundabout", "-strict-host", "-ack") == ["-ack-ruri"]


def test_bash_offers_values_where_it_knows_them():
    assert bash("roundabout", "-default-network", "t") == ["tcp", "tls"]
    assert bash("roundabout", "--new-key", "=", "") == ["ec", "rsa"]
    assert bash("roundabout", "--config", "roundabout.z") == ["roundabout.zsh"]
    assert bash("roundabout", "-local-ip", "") == []
    assert bash("roundabout-ctl", "list", "--transport", "w") == ["ws", "wss"]
    assert bash("roundabout-ctl", "--socket", "roundabout-ctl.b") == ["roundabout-ctl.bash"]
    assert bash("roundabout-ctl", "explain", "roundabout.z") == ["roundabout.zsh"]


def test_bash_offers_commands_once():
    assert bash("roundabout-ctl", "") == ["explain", "flows", "list", "purge", "reload", "servers",
                                          "show", "stats", "status", "trace", "watch"]
    assert bash("roundabout-ctl", "--json", "s") == ["servers", "show", "stats", "status"]
    assert bash("roundabout-ctl", "list", "") == []


@pytest.mark.parametrize("typed, completed", [
    ("roundabout-ctl pu", "purge"),
    ("roundabout-ctl --json pu", "--json purge"),
    ("roundabout-ctl list --tr", "list --transport"),
    ("roundabout-ctl list --transport ud", "list --transport udp"),
    ("roundabout -strict-h", "-strict-host"),
    ("roundabout --strict-h", "--strict-host"),
    ("roundabout -default-network=tl", "-default-network=tls"),
    ("roundabout --config _roundabout-", "--config _roundabout-ctl"),
])
def test_zsh_completes(typed: str, completed: str, tmp_path: Path):
    with Zsh(tmp_path) as zsh:
        assert zsh.complete(typed) == completed
