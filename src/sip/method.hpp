#pragma once

#include <cstdint>
#include <string_view>

namespace roundabout::sip {

/// Methods that a proxy treats apart from others. Method names are case-sensitive (RFC 3261 §7.1).
enum class Method : std::uint8_t {
    other, ///< an extension that we forward like any non-INVITE
    invite,
    ack,
    bye,
    cancel,
    registers, ///< REGISTER (`register` is a C++ keyword)
    options,
    prack,
    subscribe,
    notify,
    publish,
    info,
    refer,
    message,
    update,
};

[[nodiscard]] Method parse_method(std::string_view name) noexcept;

/// "INVITE" and so on; empty for `other`.
[[nodiscard]] std::string_view name(Method method) noexcept;

} // namespace roundabout::sip
