#!/usr/bin/python3
"""Makes roundabout.toml(5) of the example configuration, which explains every key.

    tools/manual_page.py etc/roundabout.toml VERSION > roundabout.toml.5

There a line that begins with "#" and a space explains the keys that follow; a line that begins with
"#" and a key shows that key. Lines that are indented further are examples, kept as they are. A title
that ends in dashes begins a section of the page. What stands above the second line without words is
about the file alone.
"""

import pathlib
import re
import sys

HEAD = """.TH ROUNDABOUT.TOML 5 "" "roundabout {version}" "Roundabout"
.SH NAME
roundabout.toml \\- configuration of the SIP proxy roundabout
.SH SYNOPSIS
.I /etc/roundabout/roundabout.toml
.SH DESCRIPTION
The file is TOML.
Every key is optional unless its text says otherwise.
Each is shown here as it is written, with its default, or with an example where it has none.
"""
TAIL = """.SH SEE ALSO
.BR roundabout (8),
.BR roundabout\\-ctl (1)
.PP
The same text, as a file to copy from:
.I /usr/share/doc/roundabout/examples/roundabout.toml
"""
KEY = re.compile(r"#?(\[\[?\w+\]\]?|\w+ = .*)$")
TITLE = re.compile(r"# (.*?)\.? -{5,}$")


def escaped(text: str) -> str:
    """Text as troff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    text = text.replace('"', "\\(dq")
    return "\\&" + text if text.startswith((".", "'")) else text


class Page:
    """What has been read of the file and not yet been written, and what has."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.words: list[str] = []
        self.keys: list[str] = []

    def explain(self, line: str) -> None:
        """A line of an explanation; it belongs to the keys after it."""
        if self.keys:
            self.flush()
        self.words.append(line)

    def flush(self) -> None:
        """Writes the keys with their explanation, or an explanation alone."""
        if self.keys:
            self.out.append(".TP")
            for number, key in enumerate(self.keys):
                self.out += ([".TQ"] if number else []) + [f".B {escaped(key)}"]
        elif self.words:
            self.out.append(".PP")
        self._prose()
        self.words, self.keys = [], []

    def _prose(self) -> None:
        sample = False
        for line in self.words:
            sample_starts = line.startswith(("  ", "On the wire"))
            if sample_starts or (sample and line.startswith("to the server:")):
                self.out += ([] if sample else [".nf"]) + [escaped(line)]
                sample = True
                continue
            self.out += ([".fi"] if sample else []) + [escaped(line)]
            sample = False
        self.out += [".fi"] if sample else []

    def section(self, title: str) -> None:
        self.flush()
        self.out.append(f".SH {escaped(title.upper())}")


def page(text: str, version: str) -> str:
    made = Page()
    made.out.append(HEAD.format(version=version).rstrip("\n"))
    lines = text.splitlines()
    about_file = [number for number, line in enumerate(lines) if line in ("", "#")][1]
    for line in lines[about_file:]:
        if title := TITLE.match(line):
            made.section(title[1])
        elif key := KEY.match(line):
            made.keys.append(key[1])
        elif line.startswith("# ") or line.startswith("#  "):
            made.explain(line[2:])
        else:
            made.flush()
    made.flush()
    return "\n".join([*made.out, TAIL.rstrip("\n"), ""])


if __name__ == "__main__":
    sys.stdout.write(page(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]))
