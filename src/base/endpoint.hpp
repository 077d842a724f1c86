#pragma once

#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace roundabout {

/// An IPv4 or IPv6 address as a value. An IPv4-mapped IPv6 address is kept as the IPv4 address it
/// means, so that one peer compares equal however its socket reports it.
class IpAddress {
  public:
    /// The unspecified IPv4 address.
    constexpr IpAddress() noexcept = default;

    /// `bytes` in network order.
    [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> bytes) noexcept;
    [[nodiscard]] static IpAddress v6(std::array<std::uint8_t, 16> bytes) noexcept;

    /// From text, IPv6 with or without brackets; no names, no zone. Error: bad_address.
    [[nodiscard]] static Result<IpAddress> parse(std::string_view text) noexcept;

    [[nodiscard]] bool is_v4() const noexcept { return !v6_; }
    [[nodiscard]] bool is_v6() const noexcept { return v6_; }
    [[nodiscard]] bool is_unspecified() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept;

    /// Network order; 4 or 16 bytes count.
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t size() const noexcept { return v6_ ? 16 : 4; }

    /// Without brackets, as `received=` wants it (R45).
    [[nodiscard]] std::string to_string() const;
    /// With brackets around IPv6, as a URI's or a Via's host wants it.
    [[nodiscard]] std::string to_host() const;

    friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
    friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
    bool v6_ = false;
};

/// An address with a port.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    /// "192.0.2.1:5060", "[2001:db8::1]:5060".
    [[nodiscard]] std::string to_string() const;

    /// The inverse of to_string(). Errors: bad_address, bad_port.
    [[nodiscard]] static Result<Endpoint> parse(std::string_view text) noexcept;

    friend bool operator==(const Endpoint&, const Endpoint&) noexcept = default;
    friend auto operator<=>(const Endpoint&, const Endpoint&) noexcept = default;
};

/// A range of addresses in CIDR notation; a bare address is a range of one.
class Network {
  public:
    /// "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". Error: bad_network.
    [[nodiscard]] static Result<Network> parse(std::string_view text) noexcept;

    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Network&, const Network&) noexcept = default;

  private:
    IpAddress base_;
    std::uint8_t prefix_ = 32;
};

} // namespace roundabout

template <>
struct std::hash<roundabout::IpAddress> {
    std::size_t operator()(const roundabout::IpAddress& address) const noexcept;
};

template <>
struct std::hash<roundabout::Endpoint> {
    std::size_t operator()(const roundabout::Endpoint& endpoint) const noexcept;
};
