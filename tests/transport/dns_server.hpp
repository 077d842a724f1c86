#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roundabout::transport::testing {

/// A dnsmasq of one test's own, on a free port of 127.0.0.1: authoritative for example.test, with
/// no upstream, and gone when this goes.
class DnsServer {
  public:
    /// `records`: lines of a hosts file. `ttl` in seconds, of all answers. `options`: words for
    /// dnsmasq, as "--srv-host=...". Returns once it answers.
    DnsServer(const std::vector<std::string>& records, int ttl,
              std::vector<std::string> options = {});
    ~DnsServer();
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    /// "127.0.0.1:port".
    [[nodiscard]] std::string address() const;

    /// Replaces the records; returns once the server has read them.
    void change(const std::vector<std::string>& records);

    /// Ends the server and returns once it is gone; start() brings it back on the same port.
    void stop();
    void start();
    /// The same with other options.
    void start(std::vector<std::string> options);

  private:
    bool try_start();
    void await_line(const std::string& words) const;
    void write(const std::vector<std::string>& records) const;

    std::string folder_;
    int ttl_;
    std::vector<std::string> options_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    int output_ = -1; // what it logs
};

/// A UDP port of 127.0.0.1 that takes queries and never answers.
class SilentPort {
  public:
    SilentPort();
    ~SilentPort();
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;
    [[nodiscard]] std::string address() const;

  private:
    int socket_ = -1;
};

} // namespace roundabout::transport::testing
