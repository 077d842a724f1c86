#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::sip {

/// A URI, as views into the text it was parsed from; nothing is unescaped (RFC 3261 §19.1).
/// For schemes other than sip and sips only `scheme` and `text` are set.
struct Uri {
    enum class Scheme : std::uint8_t { sip, sips, tel, other };

    std::string_view text; ///< the whole URI
    Scheme scheme = Scheme::sip;
    std::string_view userinfo;  ///< before '@', password included; empty if there is no '@'
    std::string_view user;      ///< without the password
    std::string_view host;      ///< IPv6 with its brackets
    std::string_view host_port; ///< host, and ":port" where given
    std::optional<std::uint16_t> port;
    std::string_view parameters; ///< after the first ';' that follows the host, without it
    std::string_view headers;    ///< after '?', without it
    bool has_user = false;

    [[nodiscard]] bool is_sip() const noexcept {
        return scheme == Scheme::sip || scheme == Scheme::sips;
    }
    /// The value of a parameter by name in any case; an empty view for one without a value; nothing
    /// if absent. O(parameters).
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

/// Strict for sip and sips (RFC 3261 §25.1), save for what real senders write and nothing can be
/// taken for: '#' in the user, '_' in a host name, '=' within a parameter's value, three colons in
/// an IPv6 reference (RFC 5118 §4.10). Other schemes are only checked for white space, quotes and
/// angle brackets. Errors: bad_request_uri (whatever the URI is for); unsupported_scheme is not
/// reported here.
[[nodiscard]] Result<Uri> parse_uri(std::string_view text) noexcept;

/// `text` with its parameter `name` set to `value`: replaced where it stands, else appended after
/// the last parameter and before any headers (never a second one). An empty value gives ";name".
[[nodiscard]] std::string with_parameter(const Uri& uri, std::string_view name,
                                         std::string_view value);

/// Equality as RFC 3261 §19.1.4 has it (escapes, case of host, parameters that must match). Not
/// transitive, as that section notes: unknown parameters count only if both have them. URIs of
/// other schemes are equal byte for byte, but for the case of the scheme.
[[nodiscard]] bool equivalent(const Uri& a, const Uri& b);

/// %HH resolved. For comparing and for keys; never for what is sent.
[[nodiscard]] std::string unescape(std::string_view text);

} // namespace roundabout::sip
