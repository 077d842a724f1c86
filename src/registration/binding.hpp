#pragma once

#include "base/flow.hpp"
#include "base/time.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

namespace roundabout::registration {

/// The first 96 bits of HMAC(key, server name, AOR, Contact URI, instance, reg-id): the same at
/// each refresh and on every node (design: Tokens). Stands in base32 as `rb=` in the rewritten
/// Contact.
struct BindingId {
    std::array<std::uint8_t, 12> bytes{};

    friend bool operator==(const BindingId&, const BindingId&) noexcept = default;
    friend auto operator<=>(const BindingId&, const BindingId&) noexcept = default;
};

/// One registered Contact, with all that is needed to reach it and to find it again after a
/// restart.
struct Binding {
    BindingId id;
    std::string aor; ///< canonical: scheme sip, user as unescaped and re-escaped, host lower case
    std::string contact_uri; ///< byte for byte as the client sent it (R1)
    std::string user;        ///< the Contact's user, unescaped
    std::string server;      ///< name of the trusted server that granted it
    Flow flow;               ///< where it registered from; flow.id means something this boot only
    std::string listener;    ///< "udp 192.0.2.1:5060": finds the listener again after a restart
    bool behind_nat = false; ///< Contact or Via host was not the source
    std::uint16_t keepalive = 0; ///< seconds that its NAT was found to hold; 0: nothing found
    std::string instance;        ///< +sip.instance without <> and quotes; may be empty
    std::uint32_t reg_id = 0;    ///< 0: none
    std::uint16_t q = 1000;      ///< thousandths
    std::string call_id;
    std::uint32_t cseq = 0;
    std::string user_agent;
    WallTime registered; ///< the last 2xx
    WallTime expires;
    std::uint64_t version = 0; ///< rises with each change of this row
    bool reachable = true;     ///< false once a stream flow closed; not persisted
};

} // namespace roundabout::registration

template <>
struct std::hash<roundabout::registration::BindingId> {
    std::size_t operator()(const roundabout::registration::BindingId& id) const noexcept {
        std::uint64_t word = 0;
        std::memcpy(&word, id.bytes.data(), sizeof word); // already a MAC: evenly spread
        return static_cast<std::size_t>(word);
    }
};
