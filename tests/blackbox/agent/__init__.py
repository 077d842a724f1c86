"""An independent SIP party for tests; shares nothing with the proxy.

Start a party, talk, and each wait fails the test when its limit passes:

    async with await UserAgent.start("tls", "127.9.0.10", "sip:a@a.test", tls=tls,
                                     proxy=Address("127.9.0.2", 5061)) as alice: ...
    invite = await alice.request("INVITE", "sip:b@b.test", SDP_TYPE, SDP)   # ClientTransaction
    incoming = await bob.expect("INVITE")                                   # ServerTransaction
    await bob.respond(incoming, 180);  await invite.response(180)
    theirs = await bob.accept(incoming, SDP)                                # Dialog, 200 sent
    ours = await alice.confirm(invite)                                      # Dialog, ACK sent
    await theirs.expect("ACK")
    bye = await ours.request("BYE");  await bob.respond(await theirs.expect("BYE"), 200)
    await bye.response(200)

- `Phone.switch_on(transport, host, aor, proxy, password=…)`: a client. register, unregister,
  call, ring, answer, cancel, hang_up; everything else as above.
- `Registrar`: answers REGISTER; bindings(aor), call(aor), fork(aor), registers, guard (digest).
- `Mirror`: a stateless proxy that sends every request back to its sender.
- `conversation.converse(a, b, uri)`: every method from both sides; `METHODS` names them.
- `wire.check_wire(a.endpoint, b.endpoint, Passage(near, far))`: all that b received is what a sent,
  but for the permitted changes; `transparency.check` does it for one message.
- `transactions.t1 = 0.05` switches retransmission on; `endpoint.lose = random_loss(0.2, seed)`
  loses datagrams. `endpoint.sent` and `.received` are the bytes in order; `flow.write` sends
  anything, malformed too.
"""
