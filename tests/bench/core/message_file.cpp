#include "bench/core/message_file.hpp"

#include "bench/load/sip_text.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <ranges>

namespace roundabout::bench {
namespace {

using load::header;
using load::uri_of;
using load::values;

std::string routes_of(std::string_view about) {
    std::string row;
    const auto recorded = values(about, "Record-Route");
    for (const std::string_view each : recorded | std::views::reverse)
        row += (row.empty() ? "Route: " : ", ") + std::string(each);
    return row;
}

std::string without_line_end(std::string text) {
    if (text.ends_with("\r\n"))
        text.resize(text.size() - 2);
    return text;
}

} // namespace

MessageFile::MessageFile(std::string_view name) {
    const std::string path = ROUNDABOUT_SOURCE "/tests/bench/messages/" + std::string(name);
    std::ifstream in(path, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), path);
    const std::string lines{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    for (const char c : lines)
        text += c == '\n' ? std::string("\r\n") : std::string(1, c);
}

std::string MessageFile::fill(int number, std::string_view about) const {
    const std::size_t body = text.find("\r\n\r\n") + 4;
    const auto value = [&](std::string_view name) -> std::string {
        if (name == "n")
            return std::to_string(number);
        if (name == "pad") {
            const std::string digits = std::to_string(number);
            return std::string(12 - digits.size(), '0') + digits;
        }
        if (name == "length")
            return std::to_string(text.size() - body);
        if (name == "contact")
            return contact;
        if (name == "via")
            return via;
        if (name == "target")
            return std::string(uri_of(header(about, "Contact")));
        if (name == "to")
            return std::string(header(about, "To"));
        if (name == "Route")
            return routes_of(about);
        return without_line_end(load::rows(about, name));
    };
    std::string made;
    std::size_t at = 0;
    for (std::size_t open = text.find('@'); open < body; open = text.find('@', at)) {
        const std::size_t close = text.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", open + 1);
        if (close == open + 1 || close == std::string::npos || text[close] != '@') {
            made.append(text, at, open + 1 - at); // an @ of the message's own
            at = open + 1;
            continue;
        }
        made.append(text, at, open - at);
        made += value(std::string_view(text).substr(open + 1, close - open - 1));
        at = close + 1;
    }
    return made.append(text, at);
}

} // namespace roundabout::bench
