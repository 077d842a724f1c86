// A phone made of SIP.js. It registers when it is connected, and again after each reconnection.
import { Messager, SessionState, UserAgent, Web } from "sip.js";
import { account, MEDIA, PEER_CONNECTION, report } from "./page.js";

const { server, aor, password, user } = account();
let session = null;

const manager = new Web.SessionManager(server, {
  aor,
  media: { constraints: MEDIA },
  reconnectionAttempts: 20,
  reconnectionDelay: 1,
  delegate: {
    onServerConnect: () => report("connected"),
    onServerDisconnect: () => report("disconnected"),
    onRegistered: () => report("registered"),
    onUnregistered: () => report("unregistered"),
    onCallCreated: follow,
    onCallReceived: (call) => report("ringing", call.remoteIdentity.uri.toString()),
    onCallHold: (call, held) => { if (held) report("held"); },
    onMessageReceived: (message) => report("message", message.request.body),
  },
  registererRegisterOptions: { requestDelegate: { onReject: refused } },
  userAgentOptions: {
    authorizationUsername: user,
    authorizationPassword: password,
    sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: PEER_CONNECTION },
  },
});

function refused({ message }) {
  report("refused", message.statusCode);
}

/** Reports what becomes of a call. */
function follow(call) {
  session = call;
  let established = false;
  call.stateChange.addListener((state) => {
    if (state === SessionState.Established) {
      established = true;
      report("accepted");
    } else if (state === SessionState.Terminated) {
      report(established ? "ended" : "failed");
    }
  });
}

const progress = { onProgress: () => report("progress") };
const delivery = {
  onAccept: () => report("delivered"),
  onReject: ({ message }) => report("undelivered", message.statusCode),
};

window.phone = {
  unregister: () => manager.unregister(),
  call: (uri) => manager.call(uri, undefined, { requestDelegate: progress }),
  answer: () => manager.answer(session),
  hold: () => manager.hold(session),
  hangUp: () => manager.hangup(session),
  message: (uri, text) => new Messager(
    manager.userAgent, UserAgent.makeURI(uri), text).message({ requestDelegate: delivery }),
};

await manager.connect();
await manager.register();
