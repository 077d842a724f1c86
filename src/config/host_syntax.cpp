#include "config/host_syntax.hpp"

#include "base/ascii.hpp"
#include "base/endpoint.hpp"

#include <algorithm>

namespace roundabout::config {
namespace {

bool is_label(std::string_view label) noexcept {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
        return false;
    return std::ranges::all_of(label, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '_';
    });
}

} // namespace

bool is_host_name(std::string_view text) noexcept {
    if (text.empty() || text.size() > 253)
        return false;
    while (true) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (!is_label(label))
            return false;
        if (dot == std::string_view::npos)
            return !std::ranges::all_of(label, ascii::is_digit);
        text.remove_prefix(dot + 1);
    }
}

std::optional<HostPort> parse_host_port(std::string_view text) {
    HostPort out;
    std::string_view host = text;
    const std::size_t colon = text.rfind(':');
    const bool has_port = colon != std::string_view::npos && text.back() != ']';
    if (has_port) {
        out.port = ascii::to_number<std::uint16_t>(text.substr(colon + 1));
        if (!out.port || *out.port == 0)
            return std::nullopt;
        host = text.substr(0, colon);
    }
    if (host.find(':') != std::string_view::npos && host.front() != '[')
        return std::nullopt;
    if (const auto address = IpAddress::parse(host)) {
        out.host = address->to_host();
        out.is_address = true;
        return out;
    }
    if (!is_host_name(host))
        return std::nullopt;
    out.host = host;
    return out;
}

std::optional<std::string> normal_host(std::string_view text, bool brackets) {
    if (const auto address = IpAddress::parse(text))
        return brackets ? address->to_host() : address->to_string();
    if (text.ends_with('.'))
        text.remove_suffix(1);
    if (!is_host_name(text))
        return std::nullopt;
    return ascii::to_lower(text);
}

} // namespace roundabout::config
