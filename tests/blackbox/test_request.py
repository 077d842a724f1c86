"""-csr: the request by openssl's judgement, and the certificate that comes of it, served."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.certificates import Authority, Issued
from harness.config import Listener, Settings
from harness.roundabout import Roundabout
from harness.slot import Slot

NAME = "proxya.example.com"
FIELDS = ["-csr", "-csr-c", "US", "-csr-cn", NAME, "-csr-l", "Mountain View", "-csr-o", "The Firm",
          "-csr-ou", "Development", "-csr-p", "California", "-csr-san", NAME]
KEYS = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "ed25519": ["ED25519"]}
TIME_LIMIT = 60.0


def openssl(*words: str | Path, **more: object) -> subprocess.CompletedProcess:
    """Fails where openssl does."""
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True,
                          timeout=TIME_LIMIT, check=False, **more)
    assert done.returncode == 0, done.stderr
    return done


def ask(binary: str, folder: Path, *words: str | Path,
        passphrase: str = "") -> subprocess.CompletedProcess:
    """A run in `folder` with that standard input."""
    return subprocess.run([binary, *map(str, words)], cwd=folder, input=passphrase + "\n",
                          capture_output=True, text=True, timeout=TIME_LIMIT, check=False)


def text_of(request: str) -> str:
    """What openssl reads in the request, whose signature it has verified."""
    done = openssl("req", "-verify", "-text", "-noout", input=request)
    assert "verify OK" in done.stdout + done.stderr
    return done.stdout


def make_key(folder: Path, kind: str) -> Path:
    openssl("genpkey", "-algorithm", *KEYS[kind], "-out", folder / "KEY.pem")
    return folder / "KEY.pem"


@pytest.mark.parametrize("kind", KEYS)
def test_the_line_of_old_makes_a_request_that_openssl_verifies(kind: str, tmp_path: Path,
                                                                binary: str):
    make_key(tmp_path, kind)
    done = ask(binary, tmp_path, *FIELDS, "-tls-key", "KEY.pem")
    assert done.returncode == 0, done.stderr
    text = text_of(done.stdout)
    assert "Subject: C = US, ST = California, L = Mountain View, O = The Firm, " \
           f"OU = Development, CN = {NAME}" in text
    assert f"DNS:{NAME}" in text


def test_the_certificate_that_comes_of_it_is_served(slot: Slot, authority: Authority,
                                                    tmp_path: Path, binary: str):
    there = Address(slot.ip(2), 5061)
    done = ask(binary, tmp_path, "-csr", "-csr-cn", NAME, "-csr-san",
               f"{NAME},other.example.com,{there.host}", "-csr-san", "2001:db8::1",
               "--new-key", "ec")
    assert done.returncode == 0, done.stderr
    key = tmp_path / f"{NAME}.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    wanted = {f"DNS:{NAME}", "DNS:other.example.com", f"IP Address:{there.host}",
              "IP Address:2001:DB8:0:0:0:0:0:1"}
    assert all(name in text_of(done.stdout) for name in wanted)
    request, leaf = tmp_path / "own.csr", tmp_path / "own.pem"
    request.write_text(done.stdout)
    openssl("x509", "-req", "-in", request, "-CA", authority.ca, "-CAkey",
            authority.ca.with_suffix(".key"), "-CAcreateserial", "-copy_extensions", "copy",
            "-days", "2", "-out", leaf)
    issued = Issued(leaf, key)
    with Roundabout(Settings([Listener("tls", there)], certificate=issued.chain, key=issued.key),
                    tmp_path, binary):
        for name in ("-verify_hostname", NAME), ("-verify_ip", there.host):
            shown = openssl("s_client", "-connect", there, "-CAfile", authority.ca,
                            "-verify_return_error", *name, input="")
            assert "Verify return code: 0 (ok)" in shown.stdout


def test_the_only_key_of_the_working_directory_is_used(tmp_path: Path, binary: str):
    make_key(tmp_path, "p256")
    done = ask(binary, tmp_path, "-csr", "-csr-cn", NAME)
    assert done.returncode == 0, done.stderr
    assert "KEY.pem (EC P-256)" in done.stderr
    assert f"DNS:{NAME}" in text_of(done.stdout)


@pytest.mark.parametrize("words, said", [
    (["-tls-key", "none.pem"], "none.pem: No such file"),
    (["-tls-key", "secret.pem"], "secret.pem: wrong passphrase"),
    (["-tls-key", "dsa.pem"], "not supported (DSA)"),
    (["--new-key", "rsa", "-tls-key", "secret.pem"], "secret.pem exists already"),
    ([], "several files hold a private key"),
    (["-tls-key", "secret.pem", "-csr-c", "USA"], "wrong passphrase"),
])
def test_an_error_is_one_clear_line(words: list[str], said: str, tmp_path: Path, binary: str):
    openssl("genpkey", "-algorithm", *KEYS["p256"], "-aes-128-cbc", "-pass", "pass:right",
            "-out", tmp_path / "secret.pem")
    openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024",
            "-out", tmp_path / "parameters")
    openssl("genpkey", "-paramfile", tmp_path / "parameters", "-out", tmp_path / "dsa.pem")
    done = ask(binary, tmp_path, "-csr", "-csr-cn", NAME, *words, passphrase="wrong")
    assert done.returncode == 1 and not done.stdout
    assert said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_the_right_passphrase_opens_the_key(tmp_path: Path, binary: str):
    openssl("genpkey", "-algorithm", *KEYS["rsa"], "-aes-128-cbc", "-pass", "pass:right",
            "-out", tmp_path / "secret.pem")
    done = ask(binary, tmp_path, "-csr", "-csr-cn", NAME, passphrase="right")
    assert done.returncode == 0, done.stderr
    text_of(done.stdout)
