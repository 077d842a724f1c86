#pragma once

#include "base/location.hpp"
#include "config/config.hpp"
#include "registration/binding.hpp"
#include "routing/tokens.hpp"
#include "sip/uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roundabout::routing {

/// Which rule decided; its words go into the log beside each request.
enum class Rule : std::uint8_t {
    none,
    // forwarded
    dialog_route,     ///< an authentic Route token names the other end
    dialog_contact,   ///< the R-URI's own token names the other end
    foreign_route,    ///< a Route that is not ours names the next hop
    server_domain,    ///< the R-URI names a trusted server
    default_server,   ///< a client named us
    binding_by_token, ///< the R-URI's token names a binding
    binding_by_user,  ///< the R-URI's user names bindings
    client_path,      ///< a Path URI of ours, as Route, names the client
    register_server,  ///< REGISTER to the server that its R-URI names
    register_default, ///< REGISTER to us: the default server
    open_host,        ///< strict_host is off
    ack_to,           ///< ACK by To (ack_target = "to")
    // answered or dropped here
    options_to_us,
    unknown_source,
    hops_used_up,
    scheme,
    extension,
    sips,    ///< a SIPS URI, and no secure way to where it leads (R21)
    breadth, ///< more devices at once than Max-Breadth allows
    loop,    ///< it has been here before, with everything the same
    strict_host,
    strict_client,
    not_here,     ///< no such binding
    unreachable,  ///< a binding whose flow is gone
    ambiguous,    ///< a user that several AORs share
    other_server, ///< a binding that another server granted
    no_default,   ///< a client named us and there is no default server
    bad_register,
    unresolved,
};

/// The rule in words, e.g. "R-URI names a trusted server".
[[nodiscard]] std::string_view words(Rule rule) noexcept;

/// To a trusted server; by its routes where it has some.
struct ToServer {
    config::ServerIndex server = config::no_server;
    std::optional<IpAddress> address; ///< the one that the dialog used; else any
};
/// To a client: its flow, or what has taken that flow's place in its binding.
struct ToClient {
    ClientPlace place;
    bool outbound = false; ///< by its Path: 430 instead of 480 where it is gone (RFC 5626 §5.3.1)
};
/// To a host that is neither (strict_host off, or a host a token names).
struct ToHost {
    Sought sought;
};
/// What a URI says about where it leads (RFC 3263 §4); default_transport where it says nothing.
[[nodiscard]] ToHost to_host(const sip::Uri& uri, const config::Config& config);
/// The place that a token names; it takes no DNS.
[[nodiscard]] ToHost to_host(const HostPlace& place);

struct Target {
    std::variant<ToServer, ToClient, ToHost> where;
    std::string request_uri;             ///< empty: stays
    std::vector<std::string> add_routes; ///< name-addr values put on top, in order
    std::uint16_t q = 1000;              ///< thousandths; a lower one is tried later
};

/// What is done with a request, and by which rule.
struct Decision {
    enum class Verdict : std::uint8_t { forward, reply, drop };

    Verdict verdict = Verdict::drop;
    Rule rule = Rule::none;

    // forward
    std::vector<Target> targets; ///< in the order of routing/target_set.hpp
    std::size_t pop_routes = 0;
    bool last_route_to_uri = false; ///< strict router before us: §16.4
    std::string strict_router;      ///< URI of a next hop without `lr` (§16.6 step 6); else empty
    bool remove_identity = false;   ///< P-Asserted-Identity from an untrusted side (R43)
    Side from_side = Side::caller;  ///< which end of the dialog sent this
    bool in_dialog = false;

    // reply
    std::uint16_t status = 0;
    std::string headers; ///< whole extra lines
};

/// What `decide` has to know about bindings before it can go on.
struct NeedBinding {
    registration::BindingId id;
};
struct NeedUser {
    std::string server; ///< the granting server's name
    std::string user;   ///< unescaped
};
using Need = std::variant<NeedBinding, NeedUser>;

/// What has been looked up so far.
struct Facts {
    bool asked_binding = false;
    std::optional<registration::Binding> binding;
    bool pending = false; ///< its REGISTER is under way: for the asked server alone
    bool asked_user = false;
    std::vector<registration::Binding> by_user;
};

} // namespace roundabout::routing
