#pragma once

#include "proxy/sides.hpp"
#include "proxy/snapshot.hpp"
#include "routing/decide.hpp"
#include "routing/hop.hpp"
#include "routing/keys.hpp"
#include "sip/message.hpp"

#include <string>

/// Roundabouts in a row, as the pure functions that they are made of.
namespace roundabout::proxy::test {

/// Where everything listens: 5060 for UDP and TCP, 5061 for TLS, 8080 for WS, 8443 for WSS.
[[nodiscard]] std::uint16_t port_of(Transport transport) noexcept;

/// The way from `local` to `remote`; a stream is named by its `serial`.
[[nodiscard]] Flow way(Transport transport, std::string_view local, std::string_view remote,
                       std::uint64_t serial = 1);
/// The same way, as the other end sees it.
[[nodiscard]] Flow reversed(const Flow& flow);

/// A Roundabout with a listener of each transport at its address.
class Passage {
  public:
    /// `name`: by which all its listeners are known, where that is not their address.
    Passage(std::string address, std::uint8_t secret, const std::string& name = {});

    void add_server(const std::string& name, const std::string& address, Transport transport,
                    bool rewrite_contact = true);
    void add_client(std::string_view address);
    /// Once all servers and clients are known.
    void open();

    /// A request on its way, and what its responses need.
    struct Sent {
        sip::Message request; ///< as it leaves
        Flow to;
        routing::Decision decision;
        routing::HopSide in, out;
    };
    /// What is made of a request; fails the test if it is not forwarded to one target.
    [[nodiscard]] Sent request(const sip::Message& request, const Flow& from);
    [[nodiscard]] sip::Message response(const sip::Message& response, const Sent& sent);

    [[nodiscard]] const std::string& address() const noexcept { return address_; }

  private:
    [[nodiscard]] Flow flow_to(const routing::Target& target, const Flow& from) const;

    std::string address_;
    config::Config config_;
    routing::KeyRing keys_;
    routing::Tokens tokens_;
    SnapshotPtr snapshot_;
};

/// A message by its bytes; fails the test unless it is well formed.
[[nodiscard]] sip::Message read(std::string bytes);

} // namespace roundabout::proxy::test
