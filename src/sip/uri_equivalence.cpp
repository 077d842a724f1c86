#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/uri.hpp"

#include <algorithm>
#include <array>

namespace roundabout::sip {
namespace {

enum class Case : std::uint8_t { matters, ignored };

/// One character of a URI component, its escape resolved.
struct Unit {
    char value = 0;
    bool reserved_escape = false; ///< escaped, and of the reserved set
};

/// RFC 3261 §19.1.4: characters outside the reserved set equal their escaped form; "%40" and "@"
/// are two different things.
[[nodiscard]] Unit take_unit(std::string_view& text) noexcept {
    Unit unit{text.front(), false};
    const int high = unit.value == '%' && text.size() > 2 ? grammar::hex_value(text[1]) : -1;
    const int low = high >= 0 ? grammar::hex_value(text[2]) : -1;
    if (low < 0) {
        text.remove_prefix(1);
        return unit;
    }
    unit.value = static_cast<char>(high * 16 + low);
    unit.reserved_escape =
        std::string_view(";/?:@&=+$,").find(unit.value) != std::string_view::npos;
    text.remove_prefix(3);
    return unit;
}

[[nodiscard]] bool same(std::string_view a, std::string_view b, Case letters) noexcept {
    while (!a.empty() && !b.empty()) {
        Unit left = take_unit(a);
        Unit right = take_unit(b);
        if (letters == Case::ignored) {
            left.value = ascii::lower(left.value);
            right.value = ascii::lower(right.value);
        }
        if (left.value != right.value || left.reserved_escape != right.reserved_escape)
            return false;
    }
    return a.empty() && b.empty();
}

/// Calls `visit(name, value)` for each part of `list` until it returns false; says whether it
/// never did.
template <class Visit>
[[nodiscard]] bool each_part(std::string_view list, char separator, Visit&& visit) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(separator), list.size());
        const std::string_view part = list.substr(0, end);
        const std::size_t equals = std::min(part.find('='), part.size());
        if (!visit(part.substr(0, equals), part.substr(std::min(equals + 1, part.size()))))
            return false;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return true;
}

/// A parameter of `a` that `b` has too has the same value there; some may not stand in one only.
/// The section names user, ttl, method and maddr; that transport belongs to them follows from its
/// examples of URIs that differ.
[[nodiscard]] bool parameters_match(const Uri& a, const Uri& b) {
    constexpr std::array<std::string_view, 5> never_alone = {"user", "ttl", "method", "maddr",
                                                             "transport"};
    return each_part(a.parameters, ';', [&](std::string_view name, std::string_view) {
        const auto ours = a.parameter(name);
        const auto theirs = b.parameter(name);
        if (ours && theirs)
            return same(*ours, *theirs, Case::ignored);
        return std::ranges::none_of(
            never_alone, [name](std::string_view one) { return ascii::iequals(one, name); });
    });
}

/// Header components are never ignored; each one of `a` stands in `b`, in any place.
[[nodiscard]] bool headers_contained(const Uri& a, const Uri& b) {
    return each_part(a.headers, '&', [&](std::string_view name, std::string_view value) {
        return !each_part(b.headers, '&',
                          [&](std::string_view other, std::string_view other_value) {
                              return !(same(name, other, Case::ignored) &&
                                       same(value, other_value, Case::matters));
                          });
    });
}

} // namespace

bool equivalent(const Uri& a, const Uri& b) {
    if (a.text == b.text)
        return true;
    if (a.scheme != b.scheme)
        return false;
    if (!a.is_sip()) {
        const std::size_t colon = std::min(a.text.find(':'), a.text.size());
        return a.text.size() == b.text.size() &&
               ascii::iequals(a.text.substr(0, colon), b.text.substr(0, colon)) &&
               a.text.substr(colon) == b.text.substr(colon);
    }
    return a.has_user == b.has_user && same(a.userinfo, b.userinfo, Case::matters) &&
           ascii::iequals(a.host, b.host) && a.port == b.port && parameters_match(a, b) &&
           parameters_match(b, a) && headers_contained(a, b) && headers_contained(b, a);
}

} // namespace roundabout::sip
