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
- `kamailio.KamailioRegistrar`, `kamailio.KamailioTrunk`: Debian's Kamailio, `bindings(aor)` by RPC.
- `site.Site`: a KamailioRegistrar, the proxy before it, phones of both; `running`, `restart`.
- `browser.Chromium`, `browser.BrowserPhone`: pages with JsSIP or SIP.js; act and expect events.
- `sipp.Sipp(scenario, …)`: one scenario; `finish()` fails with sipp's own words.
- `table.Table`: the matrix as text.
"""
