#pragma once

#include "registration/binding.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::admin {

/// A binding as it is shown. Text is UTF-8, whatever the client sent.
struct BindingRow {
    std::string id;
    std::string aor;
    std::string contact; ///< as the client sent it
    std::string user;    ///< the Contact's, unescaped
    std::string server;
    std::string transport;
    std::string remote; ///< where the client was heard
    std::string local;
    std::string listener;
    std::string instance;
    std::string call_id;
    std::string user_agent;
    std::int64_t expires_in = 0; ///< seconds; not above 0: it has expired
    std::int64_t registered = 0; ///< seconds since the epoch
    std::int64_t cseq = 0;
    std::int64_t reg_id = 0;    ///< 0: none
    std::int64_t keepalive = 0; ///< seconds that its NAT was found to hold; 0: nothing found
    std::int64_t q = 0;         ///< thousandths
    bool reachable = false;     ///< false: its connection is gone
    bool behind_nat = false;
    bool is_volatile = false; ///< not on disk yet: a restart would forget it

    friend bool operator==(const BindingRow&, const BindingRow&) = default;
};

[[nodiscard]] BindingRow row_of(const registration::Binding& binding, WallTime now);

/// `bytes` with U+FFFD for each byte that is not part of UTF-8 (RFC 3629 §4).
[[nodiscard]] std::string to_utf8(std::string_view bytes);

} // namespace roundabout::admin
