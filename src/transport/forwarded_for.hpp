#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace roundabout::transport {

[[nodiscard]] bool is_within(std::span<const Network> networks, const IpAddress& address) noexcept;

/// Who a request came from, by the X-Forwarded-For of a proxy that is trusted: `rows` are the
/// header's rows in order, each a comma-separated list to which every proxy appended whom it had
/// the request from. Read from the right, the first address that is no trusted proxy's counts,
/// since what stands left of it is hearsay; where all are trusted, the leftmost. Nothing if the
/// header is absent or empty. A port behind the address is taken off. Error: bad_forwarded_for, if
/// something that is no address stands where one is needed.
[[nodiscard]] Result<std::optional<IpAddress>>
forwarded_source(std::span<const std::string_view> rows, std::span<const Network> trusted);

} // namespace roundabout::transport
