#pragma once

#include "base/endpoint.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace roundabout {

/// What DNS can be asked. Names are in lower case, without a dot at the end.
struct DnsQuestion {
    enum class Type : std::uint8_t {
        address, ///< A and AAAA
        srv,
        naptr,
    };

    Type type = Type::address;
    std::string name;

    friend bool operator==(const DnsQuestion&, const DnsQuestion&) noexcept = default;
    friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) noexcept = default;
};

/// RFC 2782. An empty target is the root: the service is decidedly not there.
struct SrvRecord {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;

    friend bool operator==(const SrvRecord&, const SrvRecord&) noexcept = default;
};

/// RFC 3403 §4.1.
struct NaptrRecord {
    std::uint16_t order = 0;
    std::uint16_t preference = 0;
    std::string flags;
    std::string service;
    std::string regexp;
    std::string replacement;

    friend bool operator==(const NaptrRecord&, const NaptrRecord&) noexcept = default;
};

/// The answer to one question; what is of another type than it asks for is empty, and all of it
/// where there is no such record.
struct DnsRecords {
    std::vector<IpAddress> addresses; ///< IPv4 first
    std::vector<SrvRecord> services;
    std::vector<NaptrRecord> pointers;

    [[nodiscard]] bool empty() const noexcept {
        return addresses.empty() && services.empty() && pointers.empty();
    }
    friend bool operator==(const DnsRecords&, const DnsRecords&) noexcept = default;
};

} // namespace roundabout
