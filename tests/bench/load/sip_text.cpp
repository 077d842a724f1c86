#include "bench/load/sip_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace roundabout::load {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> compact{
    {{"Via", "v"},
     {"From", "f"},
     {"To", "t"},
     {"Call-ID", "i"},
     {"Contact", "m"},
     {"Content-Length", "l"}}};

bool same(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

/// Calls `take(row, value)` for every row of that name until it gives false.
template <class Take>
void each_row(std::string_view message, std::string_view name, const Take& take) {
    const auto* const shorter =
        std::ranges::find(compact, name, &decltype(compact)::value_type::first);
    std::size_t at = message.find("\r\n");
    while (at != std::string_view::npos && at + 2 < message.size()) {
        const std::size_t begin = at + 2;
        const std::size_t end = message.find("\r\n", begin);
        if (end == begin || end == std::string_view::npos)
            return;
        const std::string_view row = message.substr(begin, end - begin);
        const std::size_t colon = row.find(':');
        const std::string_view found = trimmed(row.substr(0, colon));
        if (same(found, name) || (shorter != compact.end() && same(found, shorter->second))) {
            if (!take(message.substr(begin, end + 2 - begin), trimmed(row.substr(colon + 1))))
                return;
        }
        at = end;
    }
}

} // namespace

std::size_t first_message(std::string_view stream) {
    const std::size_t end = stream.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return 0;
    const std::string_view length = header(stream.substr(0, end + 4), "Content-Length");
    std::size_t body = 0;
    std::from_chars(length.data(), length.data() + length.size(), body);
    const std::size_t size = end + 4 + body;
    return size <= stream.size() ? size : 0;
}

std::string_view header(std::string_view message, std::string_view name) {
    std::string_view found;
    each_row(message, name, [&found](std::string_view /*row*/, std::string_view value) {
        found = value;
        return false;
    });
    return found;
}

std::string rows(std::string_view message, std::string_view name) {
    std::string all;
    each_row(message, name, [&all](std::string_view row, std::string_view /*value*/) {
        all += row;
        return true;
    });
    return all;
}

std::vector<std::string_view> values(std::string_view message, std::string_view name) {
    std::vector<std::string_view> all;
    each_row(message, name, [&all](std::string_view /*row*/, std::string_view value) {
        std::size_t from = 0;
        bool inside = false;
        for (std::size_t i = 0; i <= value.size(); ++i) {
            if (i == value.size() || (value[i] == ',' && !inside)) {
                all.push_back(trimmed(value.substr(from, i - from)));
                from = i + 1;
            } else if (value[i] == '<' || value[i] == '>') {
                inside = value[i] == '<';
            }
        }
        return true;
    });
    return all;
}

std::string_view uri_of(std::string_view name_addr) {
    const std::size_t open = name_addr.find('<');
    if (open == std::string_view::npos)
        return name_addr.substr(0, name_addr.find(';'));
    return name_addr.substr(open + 1, name_addr.find('>', open) - open - 1);
}

int status_of(std::string_view message) {
    int status = 0;
    if (message.starts_with("SIP/2.0 ") && message.size() > 11)
        std::from_chars(message.data() + 8, message.data() + 11, status);
    return status;
}

std::string_view method_of(std::string_view message) {
    if (status_of(message) == 0)
        return message.substr(0, message.find(' '));
    const std::string_view sequence = header(message, "CSeq");
    return trimmed(sequence.substr(std::min(sequence.find(' '), sequence.size())));
}

} // namespace roundabout::load
