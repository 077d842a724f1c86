#!/usr/bin/python3
"""Compares every #include under src/ and tools/ with what its folder may include.

Libraries' headers are everywhere, so linking alone would not notice a layer that calls back up.
Prints each breach and ends with 1 if there is any.
"""

import pathlib
import re
import sys

# Folder: rooms and libraries it may include; the longest matching folder counts.
ALLOWED = {
    "src/base": {"system"},
    "src/sip": {"base", "system"},
    "src/crypto": {"base", "system", "openssl"},
    "src/registration": {"sip", "base", "system"},
    "src/config": {"sip", "base", "system"},
    "src/config/load.cpp": {"sip", "base", "system", "toml"},
    "src/routing": {"sip", "registration", "config", "crypto", "base", "system"},
    "src/transport": {"sip", "base", "system", "asio", "beast", "openssl", "cares"},
    "src/transaction/fsm": {"sip", "base", "system"},
    "src/transaction/loop": {"base", "system"},
    "src/transaction": {"sip", "base", "system", "transport"},
    "src/store": {"registration", "base", "system", "sqlite"},
    "src/proxy": {"sip", "base", "system", "transport", "transaction", "registration", "config",
                  "routing", "crypto", "store", "spdlog"},
    "src/admin": {"registration", "store", "proxy", "config", "routing", "transaction",
                  "transport", "sip", "crypto", "base", "system", "asio", "beast", "json", "spdlog",
                  "prometheus"},
    "src/csr": {"base", "system", "openssl"},
    "src/app": {"csr", "admin", "sip", "base", "system", "transport", "transaction", "registration",
                "config", "routing", "crypto", "store", "proxy", "asio", "spdlog",
                "program_options", "systemd"},
    "tools/roundabout-ctl": {"admin", "registration", "config", "store", "base", "system", "asio",
                             "program_options"},
}
LIBRARIES = [
    (r"boost/(system|assert|config|container|unordered)", "system"),
    (r"boost/asio", "asio"),
    (r"boost/beast", "beast"),
    (r"boost/json", "json"),
    (r"boost/program_options", "program_options"),
    (r"openssl/", "openssl"),
    (r"(SQLiteCpp/|sqlite3)", "sqlite"),
    (r"prometheus/", "prometheus"),
    (r"toml", "toml"),
    (r"ares", "cares"),
    (r"systemd/", "systemd"),
    (r"(spdlog|fmt)/", "spdlog"),
]
# What the pure rooms may not use of the standard library and the system.
PURE = ("src/base", "src/sip", "src/crypto", "src/registration", "src/routing",
        "src/transaction/fsm")
IMPURE = re.compile(r"^(thread|fstream|iostream|random|filesystem|sys/socket\.h|unistd\.h|fcntl\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def what(kind, name):
    """The room or library that an include names; None for the standard library."""
    if kind == '"':
        return name.split("/")[0]
    for pattern, library in LIBRARIES:
        if re.match(pattern, name):
            return library
    return name if name.startswith("boost/") else None


def breaches(root):
    for path in sorted([*root.glob("src/**/*.?pp"), *root.glob("tools/**/*.?pp")]):
        relative = path.relative_to(root).as_posix()
        folder = max((f for f in ALLOWED if relative == f or relative.startswith(f + "/")),
                     key=len, default=None)
        if folder is None:
            yield f"{relative}: its folder has no rule in tools/check_includes.py"
            continue
        own = relative.split("/")[1]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            used = what(*match.groups())
            pure = relative.startswith(PURE)
            if used is None and pure and IMPURE.match(match.group(2)):
                yield f"{relative}:{number}: a pure room includes <{match.group(2)}>"
            elif used not in (None, own) and used not in ALLOWED[folder]:
                yield f"{relative}:{number}: {folder} may not include {match.group(2)}"


def main():
    found = list(breaches(pathlib.Path(__file__).resolve().parent.parent))
    print("\n".join(found) if found else "every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
