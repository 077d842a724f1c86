#include "base/subject_names.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <optional>

namespace roundabout {
namespace {

/// The host of a `sip:` URI that names a domain: `sip:host`, `sip:host:port`, with or without
/// parameters. Nothing for another scheme or a URI with userinfo.
std::optional<std::string_view> domain_of(std::string_view uri) {
    constexpr std::string_view scheme = "sip:";
    if (!ascii::iequals(uri.substr(0, scheme.size()), scheme))
        return std::nullopt;
    std::string_view rest = uri.substr(scheme.size());
    if (rest.find('@') != std::string_view::npos)
        return std::nullopt;
    rest = rest.substr(0, rest.find_first_of(";?"));
    // The colons within brackets are the address's.
    const auto bracket = rest.starts_with('[') ? rest.find(']') : 0;
    if (bracket == std::string_view::npos)
        return std::nullopt;
    rest = rest.substr(0, rest.find(':', bracket));
    if (rest.empty())
        return std::nullopt;
    return rest;
}

bool proves_address(const SubjectNames& names, const IpAddress& address) {
    if (std::ranges::find(names.addresses, address) != names.addresses.end())
        return true;
    return std::ranges::any_of(names.uris, [&](const std::string& uri) {
        const auto host = domain_of(uri);
        const auto named = host ? IpAddress::parse(*host) : Error::bad_address;
        return named && *named == address;
    });
}

} // namespace

std::vector<std::string> sip_identities(const SubjectNames& names) {
    std::vector<std::string> identities;
    for (const std::string& uri : names.uris) {
        if (const auto domain = domain_of(uri))
            identities.push_back(ascii::to_lower(*domain));
    }
    if (!identities.empty())
        return identities;
    for (const std::string& name : names.dns)
        identities.push_back(ascii::to_lower(name));
    return identities;
}

bool proves_name(const SubjectNames& names, std::string_view name) {
    if (name.empty())
        return false;
    if (const auto address = IpAddress::parse(name))
        return proves_address(names, *address);
    // A host name has no asterisk, so a wildcard entry could only ever prove itself.
    if (name.find('*') != std::string_view::npos)
        return false;
    const std::vector<std::string> identities = sip_identities(names);
    return std::ranges::any_of(
        identities, [&](const std::string& identity) { return ascii::iequals(identity, name); });
}

} // namespace roundabout
