#pragma once

#include "base/result.hpp"
#include "sip/message.hpp"
#include "sip/uri.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace roundabout::registration {

/// What one Contact value of a REGISTER or its 2xx says that matters to a binding; views into it.
struct ContactValue {
    sip::Uri uri;
    std::optional<std::uint32_t> expires; ///< the `expires` parameter, seconds; malformed: 3600
    std::optional<std::uint16_t> q; ///< thousandths, 0 to 1000; nothing if absent or malformed
    std::string_view
        instance;             ///< +sip.instance without quotes and <> (RFC 5626 §4.1); may be empty
    std::uint32_t reg_id = 0; ///< RFC 5626 §4.2; 0: none or malformed
};

/// Errors: bad_contact.
[[nodiscard]] Result<ContactValue> parse_contact(std::string_view value) noexcept;

/// The Expires header field, seconds; nothing if absent. A malformed one counts as 3600
/// (RFC 3261 §20.19).
[[nodiscard]] std::optional<std::uint32_t> expires_header(const sip::Message& message) noexcept;

} // namespace roundabout::registration
