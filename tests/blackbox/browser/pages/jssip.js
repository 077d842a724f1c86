// A phone made of JsSIP. It registers when it is connected, and again after each reconnection.
import JsSIP from "jssip";
import { account, MEDIA, PEER_CONNECTION, report } from "./page.js";

const { server, aor, password } = account();
const CALL = { mediaConstraints: MEDIA, pcConfig: PEER_CONNECTION };

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(server)],
  uri: aor,
  password,
});
let session = null;

ua.on("connected", () => report("connected"));
ua.on("disconnected", () => report("disconnected"));
ua.on("registered", () => report("registered"));
ua.on("unregistered", () => report("unregistered"));
ua.on("registrationFailed", ({ cause }) => report("refused", cause));

ua.on("newRTCSession", (call) => {
  session = call.session;
  session.on("progress", () => report("progress"));
  session.on("accepted", () => report("accepted"));
  session.on("hold", () => report("held"));
  session.on("ended", ({ originator }) => report("ended", originator));
  session.on("failed", ({ originator, cause }) => report("failed", { originator, cause }));
  if (call.originator === "remote") report("ringing", call.request.from.uri.toString());
});

ua.on("newMessage", ({ originator, request }) => {
  if (originator === "remote") report("message", request.body);
});

window.phone = {
  unregister: () => ua.unregister(),
  call: (uri) => void ua.call(uri, CALL),
  answer: () => session.answer(CALL),
  hold: () => void session.hold(),
  hangUp: () => session.terminate(),
  message: (uri, text) => void ua.sendMessage(uri, text, {
    eventHandlers: {
      succeeded: () => report("delivered"),
      failed: ({ cause }) => report("undelivered", cause),
    },
  }),
};

ua.start();
