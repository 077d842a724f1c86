"""SDP that a browser accepts, though no media ever follows (RFC 8829; no ICE check is answered).

A browser demands ICE credentials (RFC 8839 §5.4), a DTLS fingerprint and role (RFC 8842 §5),
rtcp-mux (RFC 8834 §4.5) and a codec that it knows.
"""

from __future__ import annotations

import re

DEMANDED = (b"a=ice-ufrag:", b"a=ice-pwd:", b"a=fingerprint:", b"a=setup:", b"a=rtcp-mux")
PAD = b"x" * 24
FINGERPRINT = b":".join([b"AB"] * 32)


def _sdp(setup: bytes, mid: bytes, direction: bytes) -> bytes:
    return b"\r\n".join([
        b"v=0", b"o=- 1 1 IN IP4 127.0.0.1", b"s=-", b"t=0 0",
        b"a=group:BUNDLE " + mid,
        b"m=audio 9 UDP/TLS/RTP/SAVPF 0", b"c=IN IP4 127.0.0.1",
        b"a=mid:" + mid, b"a=" + direction, b"a=rtpmap:0 PCMU/8000", b"a=rtcp-mux",
        b"a=ice-ufrag:" + PAD[:4], b"a=ice-pwd:" + PAD,
        b"a=fingerprint:sha-256 " + FINGERPRINT, b"a=setup:" + setup,
        b"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", b""])


def offer() -> bytes:
    """An offer of sound."""
    return _sdp(b"actpass", b"0", b"sendrecv")


def answer(offered: bytes) -> bytes:
    """An answer to a browser's offer of sound; fails unless that has all a browser sends."""
    check(offered)
    held = b"\r\na=sendonly" in offered
    return _sdp(b"passive", re.search(rb"^a=mid:(\S+)", offered, re.M)[1],
                b"recvonly" if held else b"sendrecv")


def check(sdp: bytes) -> None:
    """Fails unless this is SDP of a browser."""
    lacking = [line.decode() for line in DEMANDED if b"\r\n" + line not in sdp]
    if lacking:
        raise AssertionError(f"SDP without {lacking}: {sdp.decode(errors='replace')}")
