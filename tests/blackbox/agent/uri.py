"""URIs, name-addr values and comma lists, read the way the agent needs them (RFC 3261 §25.1).

Written apart from the proxy's parser on purpose: a mistake there must not repeat itself here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


def split_outside(text: str, separator: str) -> list[str]:
    """Parts of `text` between separators that stand outside quotes and angle brackets, stripped."""
    parts, start, quoted, depth, index = [], 0, False, 0, 0
    while index < len(text):
        char = text[index]
        if quoted:
            if char == "\\":
                index += 1
            elif char == '"':
                quoted = False
        elif char == '"' and depth == 0:
            quoted = True
        elif char == "<":
            depth += 1
        elif char == ">":
            depth = max(0, depth - 1)
        elif char == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    parts.append(text[start:])
    return [part.strip() for part in parts]


def read_parameters(parts: list[str]) -> dict[str, str | None]:
    """`name=value` pieces as a dictionary with lower-case names; None where there is no value."""
    found: dict[str, str | None] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name.strip():
            found[name.strip().lower()] = value.strip() if equals else None
    return found


@dataclass(frozen=True)
class Uri:
    """A sip, sips or other URI. IPv6 hosts keep their brackets; `port` is None when not written."""

    text: str
    scheme: str
    user: str | None
    host: str
    port: int | None
    parameters: dict[str, str | None] = field(hash=False)

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Reads `text`; raises ValueError when it is no URI with a host."""
        scheme, colon, rest = text.partition(":")
        rest = rest.partition("?")[0]
        user, at, tail = rest.rpartition("@")
        pieces = (tail if at else rest).split(";")
        match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(\d+))?", pieces[0])
        if not colon or not match:
            raise ValueError(f"not a URI: {text!r}")
        return cls(text, scheme.lower(), user if at else None, match[1].lower(),
                   int(match[2]) if match[2] else None, read_parameters(pieces[1:]))

    @property
    def bare_host(self) -> str:
        """The host without the brackets of an IPv6 address."""
        return self.host.strip("[]")


@dataclass(frozen=True)
class NameAddr:
    """A value of Contact, From, To, Route or Record-Route."""

    uri: Uri
    parameters: dict[str, str | None] = field(hash=False)

    @classmethod
    def parse(cls, value: str) -> NameAddr:
        """Reads `"Name" <uri>;params` or `uri;params` (then the parameters are the header's)."""
        match = re.match(r'\s*(?:"(?:[^"\\]|\\.)*"|[^<"]*)\s*<([^>]*)>(.*)', value, re.S)
        if match:
            return cls(Uri.parse(match[1].strip()), read_parameters(split_outside(match[2], ";")))
        pieces = split_outside(value, ";")
        return cls(Uri.parse(pieces[0]), read_parameters(pieces[1:]))


def bracketed(host: str) -> str:
    """`host` as it is written in URIs and Via: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
