#pragma once

#include "config/config.hpp"
#include "config/server_addresses.hpp"
#include "routing/decide.hpp"
#include "routing/hop.hpp"
#include "routing/keys.hpp"
#include "routing/scene.hpp"
#include "routing/source.hpp"
#include "routing/tokens.hpp"
#include "sip/message.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roundabout::test {

using routing::Decision;
using routing::Facts;
using routing::Rule;
using routing::Source;

/// Keys that a test may know, one secret an id.
[[nodiscard]] routing::KeyRing test_keys(std::vector<std::uint8_t> ids = {1});

/// A request by its lines; Via, Max-Forwards, From, Call-ID "call-1" and CSeq are added where
/// `lines` has none of that name.
[[nodiscard]] sip::Message request(std::string_view method, std::string_view uri,
                                   std::vector<std::string> lines = {});

/// This proxy at 192.0.2.1 (UDP for everybody, WSS for clients alone) with the trusted servers
/// "pbx" (UDP, 198.51.100.1, pbx.test), "carrier" (TCP, 198.51.100.2, carrier.test) and "edge"
/// (behind routes). pbx is the default server.
struct Place {
    Place();

    config::Config config;
    routing::KeyRing keys = test_keys();
    routing::Tokens tokens;
    config::ServerAddresses servers;
    std::vector<IpAddress> machine;

    [[nodiscard]] Source server(std::string_view name) const;
    [[nodiscard]] static Source client();
    [[nodiscard]] static Source unknown();

    [[nodiscard]] std::variant<Decision, routing::Need>
    ask(const sip::Message& request, const Source& source, const Facts& facts = {});
    /// The decision; fails the test if routing wants to know more.
    [[nodiscard]] Decision decide(const sip::Message& request, const Source& source,
                                  const Facts& facts = {});

    [[nodiscard]] routing::ServerPlace server_place(std::string_view name) const;
    /// A Route value of ours with a token that leads to `to`.
    [[nodiscard]] std::string route(const routing::Place& to, routing::Side side,
                                    std::string_view call_id = "call-1");
    /// A URI of ours with a sealed Contact token.
    [[nodiscard]] std::string contact(const routing::Place& to, std::string_view uri,
                                      std::string_view call_id = "call-1");
};

/// While it lives libcrypto finds no algorithm and encrypts nothing: nothing can be sealed.
class NoCipher {
  public:
    NoCipher();
    ~NoCipher();
    NoCipher(const NoCipher&) = delete;
    NoCipher& operator=(const NoCipher&) = delete;
};

/// A client's place over a WSS connection.
[[nodiscard]] routing::ClientPlace wss_client(std::uint64_t serial = 7);

/// A binding of `aor` that `server` granted.
[[nodiscard]] registration::Binding binding(std::string_view aor, std::string_view contact,
                                            std::string_view server = "pbx", std::uint8_t id = 1);
[[nodiscard]] Facts knows(std::vector<registration::Binding> by_user);
[[nodiscard]] Facts knows_token(registration::Binding by_token, bool pending = false);

/// The name of the server that a decision goes to; empty if elsewhere.
[[nodiscard]] std::string server_of(const Decision& decision, const config::Config& config);
[[nodiscard]] const routing::ToClient* client_of(const Decision& decision);

} // namespace roundabout::test
