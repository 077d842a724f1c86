#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::config {

/// A host name: labels of letters, digits, '-' and '_' (which occurs in local names), the last one
/// not of digits only, at most 253 characters, no dot at its end (RFC 1123 §2.1, RFC 3261 §25.1).
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

/// A host and perhaps a port, as "host", "host:port", "192.0.2.1:5060", "[2001:db8::1]:5060".
struct HostPort {
    std::string host; ///< a name as written, or an address, IPv6 in brackets and in short form
    std::optional<std::uint16_t> port;
    bool is_address = false;
};

/// Nothing if it is neither; port 0 is none, and IPv6 without brackets is refused.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

/// The form in which hosts are kept: a name in lower case without a dot at its end; an address in
/// short form, IPv6 in brackets if `brackets`. Nothing if `text` is neither (a port included).
[[nodiscard]] std::optional<std::string> normal_host(std::string_view text, bool brackets);

} // namespace roundabout::config
