#include "sip/method.hpp"

#include <array>
#include <cstddef>

namespace roundabout::sip {
namespace {

constexpr std::array<std::string_view, 15> names = {
    "",          "INVITE", "ACK",     "BYE",  "CANCEL", "REGISTER", "OPTIONS", "PRACK",
    "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",  "MESSAGE",  "UPDATE",
};

} // namespace

Method parse_method(std::string_view name) noexcept {
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (names[i] == name)
            return static_cast<Method>(i);
    }
    return Method::other;
}

std::string_view name(Method method) noexcept { return names[static_cast<std::size_t>(method)]; }

} // namespace roundabout::sip
