// What both phones share: the account stands in the page's address, so that a reload starts the
// same phone again, and what happens is told to the tests by `report`, which the runner provides.

/** The account: `server` is a WebSocket URL, `aor` a SIP URI. */
export function account() {
  const { server, aor, password } = Object.fromEntries(new URLSearchParams(location.search));
  return { server, aor, password, user: aor.replace(/^sip:/, "").split("@")[0] };
}

/** Tells the tests that `event` happened; `detail` is any JSON value. */
export function report(event, detail = null) {
  return window.report(event, detail);
}

/** Sound only; browsers need no STUN server to reach a neighbour. */
export const MEDIA = { audio: true, video: false };
export const PEER_CONNECTION = { iceServers: [] };
