#include "sip/header_id.hpp"

#include "base/ascii.hpp"

#include <array>
#include <cstddef>

namespace roundabout::sip {
namespace {

/// In the order of HeaderId.
constexpr std::array<std::string_view, 29> names = {
    "",
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Max-Breadth",
    "Route",
    "Record-Route",
    "Path",
    "Service-Route",
    "Content-Length",
    "Content-Type",
    "Expires",
    "Min-Expires",
    "Require",
    "Proxy-Require",
    "Supported",
    "Unsupported",
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "P-Asserted-Identity",
    "User-Agent",
    "Timestamp",
    "Retry-After",
};
static_assert(names.size() == static_cast<std::size_t>(HeaderId::retry_after) + 1);

constexpr std::size_t longest = 19;
constexpr std::size_t most_of_one_length = 4;

using Candidates = std::array<HeaderId, most_of_one_length>;

/// The ids whose full name has a given length; `other` fills what is left of a row.
constexpr std::array<Candidates, longest + 1> group_by_length() {
    std::array<Candidates, longest + 1> groups{};
    for (std::size_t i = 1; i < names.size(); ++i) {
        Candidates& group = groups[names[i].size()];
        std::size_t place = 0;
        while (group[place] != HeaderId::other)
            ++place;
        group[place] = static_cast<HeaderId>(i);
    }
    return groups;
}
constexpr std::array<Candidates, longest + 1> by_length = group_by_length();

/// RFC 3261 §7.3.3 and the registry, as far as we name the header field.
HeaderId parse_compact(char letter) noexcept {
    switch (ascii::lower(letter)) {
    case 'c':
        return HeaderId::content_type;
    case 'f':
        return HeaderId::from;
    case 'i':
        return HeaderId::call_id;
    case 'k':
        return HeaderId::supported;
    case 'l':
        return HeaderId::content_length;
    case 'm':
        return HeaderId::contact;
    case 't':
        return HeaderId::to;
    case 'v':
        return HeaderId::via;
    default:
        return HeaderId::other;
    }
}

} // namespace

HeaderId parse_header_id(std::string_view name) noexcept {
    if (name.size() == 1)
        return parse_compact(name.front());
    if (name.empty() || name.size() > longest)
        return HeaderId::other;
    for (const HeaderId id : by_length[name.size()]) {
        if (id == HeaderId::other)
            break;
        const std::string_view full = names[static_cast<std::size_t>(id)];
        // The last letter tells the candidates of one length apart at once.
        if (ascii::lower(name.back()) == ascii::lower(full.back()) &&
            (name == full || ascii::iequals(name, full)))
            return id;
    }
    return HeaderId::other;
}

std::string_view name(HeaderId id) noexcept { return names[static_cast<std::size_t>(id)]; }

} // namespace roundabout::sip
