#include "sip/via_stamp.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace roundabout::sip {

namespace {

/// Where the parameter that begins at `begin` ends: before the next ';' outside of quotes.
std::size_t parameter_end(std::string_view value, std::size_t begin, bool has_quotes) noexcept {
    if (!has_quotes)
        return std::min(value.find(';', begin), value.size());
    bool quoted = false;
    for (std::size_t at = begin; at < value.size(); ++at) {
        const char c = value[at];
        if (quoted && c == '\\')
            ++at;
        else if (c == '"')
            quoted = !quoted;
        else if (c == ';' && !quoted)
            return at;
    }
    return value.size();
}

void append_number(std::string& out, std::uint32_t number) {
    std::array<char, 10> digits{};
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

} // namespace

void append_stamped_via(std::string& out, std::string_view value, std::string_view received,
                        std::uint16_t port, std::uint32_t keep) {
    constexpr std::size_t more = 40; // names and numbers
    out.reserve(out.size() + value.size() + received.size() + more);
    const bool has_quotes = value.find('"') != std::string_view::npos;
    std::size_t at = parameter_end(value, 0, has_quotes);
    out.append(value.substr(0, at));
    while (at < value.size()) {
        const auto whole = value.substr(at, parameter_end(value, at + 1, has_quotes) - at);
        const auto parameter = whole.substr(0, whole.find_last_not_of(" \t\r\n") + 1);
        const auto equals = parameter.find('=');
        const auto name = ascii::trim(parameter.substr(1, equals - 1));
        const bool without_value =
            equals == std::string_view::npos || ascii::trim(parameter.substr(equals + 1)).empty();
        if (!ascii::iequals(name, "received"))
            out.append(parameter);
        const bool asks_rport = ascii::iequals(name, "rport");
        const bool asks_keep = keep != 0 && ascii::iequals(name, "keep");
        if ((asks_rport || asks_keep) && without_value) {
            out.append(equals == std::string_view::npos ? "=" : "");
            append_number(out, asks_rport ? port : keep);
        }
        out.append(whole.substr(parameter.size()));
        at += whole.size();
    }
    out.append(";received=").append(received);
}

} // namespace roundabout::sip
