#include "transport/forwarded_for.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <ranges>

namespace roundabout::transport {
namespace {

std::optional<IpAddress> to_address(std::string_view text) {
    if (const auto address = IpAddress::parse(text))
        return *address;
    if (const auto endpoint = Endpoint::parse(text))
        return endpoint->address;
    return std::nullopt;
}

} // namespace

bool is_within(std::span<const Network> networks, const IpAddress& address) noexcept {
    return std::ranges::any_of(
        networks, [&address](const Network& network) { return network.contains(address); });
}

Result<std::optional<IpAddress>> forwarded_source(std::span<const std::string_view> rows,
                                                  std::span<const Network> trusted) {
    std::optional<IpAddress> nearest;
    for (std::string_view rest : rows | std::views::reverse) {
        while (!rest.empty()) {
            const std::size_t comma = rest.rfind(',');
            const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
            const std::string_view element = ascii::trim(rest.substr(begin));
            rest = rest.substr(0, comma == std::string_view::npos ? 0 : comma);
            if (element.empty())
                continue;
            nearest = to_address(element);
            if (!nearest)
                return Error::bad_forwarded_for;
            if (!is_within(trusted, *nearest))
                return nearest;
        }
    }
    return nearest;
}

} // namespace roundabout::transport
