"""Fills a client cache's file with any number of bindings, as if they had registered."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("id", "aor", "contact_uri", "user", "server", "transport", "local", "remote",
           "listener", "outgoing", "behind_nat", "instance", "reg_id", "q", "call_id", "cseq",
           "user_agent", "registered", "expires", "version")


def browser(number: int, domain: str, server: str) -> dict[str, object]:
    """What a browser's registration leaves, in the sizes that are usual."""
    now = int(time.time())
    unique = os.urandom(16).hex()
    instance = f"{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:]}"
    return {
        "id": os.urandom(12), "aor": f"sip:user{number}@{domain}",
        "contact_uri": f"sip:{unique[:8]}@{unique[8:20]}.invalid;transport=ws",
        "user": unique[:8], "server": server, "transport": "wss", "local": "192.0.2.1:443",
        "remote": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:"
                  f"{1024 + number % 60000}",
        "listener": "wss 0.0.0.0:443", "outgoing": 0, "behind_nat": 1,
        "instance": f"urn:uuid:{instance}", "reg_id": 1, "q": 1000,
        "call_id": unique[4:26], "cseq": 80 + number % 7, "user_agent": "JsSIP 3.10.0",
        "registered": now, "expires": now + 3600, "version": number + 1}


def fill(database: Path, bindings: Iterator[dict[str, object]]) -> None:
    """Adds them to a database that a proxy has made and does not use now."""
    connection = sqlite3.connect(database)
    # Empty indexes are filled faster than full ones are kept.
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    marks = ", ".join(f":{column}" for column in COLUMNS)
    connection.executemany(
        f"INSERT INTO bindings ({', '.join(COLUMNS)}) VALUES ({marks})", bindings)
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("INSERT OR REPLACE INTO progress SELECT 1, max(version), ? FROM bindings",
                       (int(time.time()),))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
