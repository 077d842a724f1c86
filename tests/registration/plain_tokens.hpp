#pragma once

#include "registration/register_rules.hpp"

#include <cstdint>

/// Tokens that need no key, and the ways that REGISTERs of the tests come and go.
namespace roundabout::test {

/// Ids that are a hash of all they are made from; text is 24 lower-case hexadecimal digits.
[[nodiscard]] registration::BindingTokens plain_tokens();

/// From UDP 192.0.2.7:40000 to the server "pbx", which is faced by proxy.example:5062 over UDP.
[[nodiscard]] registration::RegisterPath udp_path();
/// The same by a WSS connection.
[[nodiscard]] registration::RegisterPath wss_path(std::uint64_t serial);

inline constexpr WallTime noon{std::chrono::seconds(1'700'000'000)};

} // namespace roundabout::test
