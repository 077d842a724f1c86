#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::sip {

/// Appends one Via value with what the receiving side knows of the sender (RFC 3261 §18.2.1,
/// RFC 3581 §4; R34): every `received` that is there goes, ours is put at the end, and an `rport`
/// without value gets `port`. All other bytes stay. `received` is a bare address (R45). Works on
/// malformed values too, since their sender is answered all the same.
void append_stamped_via(std::string& out, std::string_view value, std::string_view received,
                        std::uint16_t port);

} // namespace roundabout::sip
