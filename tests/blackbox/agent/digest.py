"""Digest authentication, both sides (RFC 2617, RFC 7616; MD5 and SHA-256, qop=auth)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

ALGORITHMS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True)
class Credentials:
    user: str
    password: str


def read_challenge(value: str) -> dict[str, str]:
    """The parameters of a Digest challenge or answer, quotes removed, names in lower case."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "digest":
        raise ValueError(f"not Digest: {value}")
    found = re.findall(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', rest)
    return {name.lower(): quoted or plain for name, quoted, plain in found}


def digest_response(given: dict[str, str], credentials: Credentials, method: str) -> str:
    """The `response` parameter for the parameters in `given` (realm, nonce, uri, qop, …)."""
    algorithm = ALGORITHMS[given.get("algorithm", "MD5").upper()]

    def digest(*parts: str) -> str:
        return algorithm(":".join(parts).encode()).hexdigest()

    secret = digest(credentials.user, given["realm"], credentials.password)
    request = digest(method, given["uri"])
    if "qop" not in given:
        return digest(secret, given["nonce"], request)
    return digest(secret, given["nonce"], given["nc"], given["cnonce"], given["qop"], request)


def answer(challenge: str, credentials: Credentials, method: str, uri: str) -> str:
    """The value of Authorization or Proxy-Authorization that answers `challenge`."""
    asked = read_challenge(challenge)
    given = {"username": credentials.user, "realm": asked["realm"], "nonce": asked["nonce"],
             "uri": uri, "algorithm": asked.get("algorithm", "MD5")}
    if "opaque" in asked:
        given["opaque"] = asked["opaque"]
    if "auth" in asked.get("qop", "").replace(" ", "").split(","):
        given |= {"qop": "auth", "nc": "00000001", "cnonce": secrets.token_hex(8)}
    given["response"] = digest_response(given, credentials, method)
    bare = ("qop", "nc", "algorithm")
    return "Digest " + ", ".join(
        f"{name}={value}" if name in bare else f'{name}="{value}"' for name, value in given.items())


class Guard:
    """The asking side: makes challenges and checks what comes back."""

    def __init__(self, realm: str, passwords: dict[str, str], algorithm: str = "MD5") -> None:
        self.realm, self.algorithm = realm, algorithm
        self._passwords = passwords
        self._nonces: set[str] = set()

    def challenge(self) -> str:
        nonce = secrets.token_hex(12)
        self._nonces.add(nonce)
        return (f'Digest realm="{self.realm}", nonce="{nonce}", '
                f'algorithm={self.algorithm}, qop="auth"')

    def admits(self, authorization: str, method: str) -> bool:
        """Whether an Authorization value proves a known user's password for one of our nonces."""
        if not authorization:
            return False
        given = read_challenge(authorization)
        password = self._passwords.get(given.get("username", ""))
        if password is None or given.get("nonce") not in self._nonces:
            return False
        credentials = Credentials(given["username"], password)
        return secrets.compare_digest(
            given.get("response", ""), digest_response(given, credentials, method))
