#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::sip {

/// Appends one Via value with what the receiving side knows of the sender (RFC 3261 §18.2.1,
/// RFC 3581 §4; R34): every `received` that is there goes, ours is put at the end, and an `rport`
/// without value gets `port`. A `keep` without value gets `keep`, in seconds, unless that is 0 (RFC
/// 6223 §4.3). All other bytes stay. `received` is a bare address (R45). Works on
/// malformed values too, since their sender is answered all the same.
void append_stamped_via(std::string& out, std::string_view value, std::string_view received,
                        std::uint16_t port, std::uint32_t keep = 0);

} // namespace roundabout::sip
