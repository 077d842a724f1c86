#pragma once

#include <string_view>

namespace roundabout::transport {

/// True if `bytes` is well-formed UTF-8 (RFC 3629 §4: no overlong forms, no surrogates, nothing
/// beyond U+10FFFF), as a WebSocket text message must be. Plain ASCII is checked eight bytes at a
/// time.
[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

} // namespace roundabout::transport
