"""Keys of a listener: certificates by name, and what a WebSocket listener tells visitors."""

from __future__ import annotations

import http.client
import ssl
import subprocess
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.certificates import Authority
from harness.config import Listener, Settings
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

TIME_LIMIT = 30.0
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "sip"}


def subject_by_openssl(there: Address, name: str | None) -> str:
    """The subject that the openssl command is shown when it asks for `name`."""
    asked = ["-servername", name] if name else ["-noservername"]
    done = subprocess.run(["openssl", "s_client", "-connect", str(there), *asked],
                          input="", capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    return next(line for line in done.stdout.splitlines() if line.startswith("subject="))


def names_by_python(there: Address, name: str, ca: Path) -> list[str]:
    """The names in the certificate that Python's ssl is shown, and has verified."""
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = False
    with ssl.create_connection((there.host, there.port), timeout=TIME_LIMIT) as bare, \
            context.wrap_socket(bare, server_hostname=name) as secured:
        return [value for _, value in secured.getpeercert()["subjectAltName"]]


@pytest.mark.parametrize("transport", ["tls", "wss"])
def test_the_certificate_follows_the_name_that_is_asked_for(
        transport: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    there = Address(slot.ip(2), 5061)
    issued = {name: authority.issue(name, names=hosts) for name, hosts in {
        "one": ["one.test", "alias.test"], "two": ["two.test"], "any": ["*.any.test"]}.items()}
    proxy = Roundabout(Settings([Listener(transport, there, more={
        "certificates": [{"certificate": each.chain, "key": each.key}
                         for each in issued.values()]})], workers=workers()), tmp_path, binary)
    with proxy:
        for name, subject in {"one.test": "one", "alias.test": "one", "two.test": "two",
                              "TWO.test": "two", "x.any.test": "any", "other.test": "one",
                              None: "one"}.items():
            assert subject_by_openssl(there, name).replace(" ", "") == f"subject=CN={subject}"
        assert names_by_python(there, "two.test", authority.ca) == ["two.test"]
        assert names_by_python(there, "x.any.test", authority.ca) == ["*.any.test"]
        assert names_by_python(there, "other.test", authority.ca) == ["one.test", "alias.test"]


def get(there: Address, path: str, rows: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    """Status, text and header of the answer to a GET."""
    connection = http.client.HTTPConnection(there.host, there.port, timeout=TIME_LIMIT)
    connection.request("GET", path, headers=rows)
    answer = connection.getresponse()
    header = {name.lower(): value for name, value in answer.getheaders()}
    text = "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return answer.status, text, header


def test_what_a_websocket_listener_says_to_visitors(slot: Slot, tmp_path: Path, binary: str):
    there = Address(slot.ip(2), 8080)
    with Roundabout(Settings([Listener("ws", there, more={
            "path": "/sip", "origins": ["https://phone.test"]})], workers=workers()),
            tmp_path, binary):
        for path in ("/sip", "/"):
            status, text, header = get(there, path, {})
            assert status == 426 and header["upgrade"] == "websocket"
            assert text.endswith("\r\n") and len(text.splitlines()) == 1 and "WebSocket" in text
        assert get(there, "/other", UPGRADE)[0] == 404
        assert get(there, "/sip", {**UPGRADE, "Origin": "https://evil.test"})[0] == 403
        assert get(there, "/sip", {**UPGRADE, "Origin": "https://phone.test.evil.test"})[0] == 403
        assert get(there, "/sip?a=b", {**UPGRADE, "Origin": "https://phone.test"})[0] == 101
        assert get(there, "/sip", UPGRADE)[0] == 101
