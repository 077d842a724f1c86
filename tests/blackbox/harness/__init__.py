"""Programs under test and real peers, started and stopped by tests.

- `slot.Slot`: loopback addresses of this test process alone: `slot.ip(n)` is 127.<slot>.0.n, so
  that 5060 is free on each; `slot.port()` gives ports for addresses that all share, such as ::1.
- `certificates.Authority(folder)`: a throw-away CA; `issue(name, ips, names)` → chain and key
  files; `contexts(issued)` → the agent's `Tls`.
- `config.Settings`, `Listener`, `Server`: the proxy's configuration; `write(path)` is the only
  place that knows its TOML keys.
- `roundabout.Roundabout(settings, folder)`: start (awaits "roundabout ready"), terminate (SIGTERM,
  exit status 0), kill (kill -9), `log`; also a context manager.
- `ctl.Ctl(options…)`: roundabout-ctl; `run(words)` and `json(words)` fail on another exit status.
- `kamailio.KamailioRegistrar`, `kamailio.KamailioTrunk`: Debian's Kamailio, `bindings(aor)` by RPC;
  `kamailio.KamailioReferee` answers 200 to what it finds well formed.
- `mutations.requests(seed, host, rounds)`: requests that are well formed or nearly so.
- `baresip.Baresip`: Debian's baresip as a client; `menu(command)`, `expect(event)`, `registered`.
- `site.Site`: a KamailioRegistrar, the proxy before it, phones of both; `running`, `restart`.
- `station.Station`, `station.Client`: parties that lose the proxy and come back;
  `lasting_call.LastingCall`: a call between them that goes on meanwhile; `crowd.Crowd`: many.
- `dnsmasq.Dnsmasq(address, names, folder)`: a name server that knows those names.
- `browser.Chromium`, `browser.BrowserPhone`: pages with JsSIP or SIP.js; act and expect events.
- `torture.manifest()`: the torture messages and their verdicts; `torture_scene.TortureScene` sends
  them through the proxy and collects what they lead to.
- `front.nginx(…)`, `front.haproxy(…)`: what may stand in front of the proxy.
- `manager.Manager`: a service manager: `heard` of sd_notify, keeps descriptors, starts with them.
- `root.Root`: this machine's files under an overlay, for what installs; `package.make(folder)`: the
  package of the build, `package.Installation`: dpkg in there, `package.Service`: run by its unit.
- `steady.Datagrams`, `steady.Connecting`: load of which nothing is sent twice.
- `sipp.Sipp(scenario, …)`: one scenario; `finish()` fails with sipp's own words.
- `table.Table`: the matrix as text.
"""
