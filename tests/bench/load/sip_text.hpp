#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// As much of SIP as somebody needs who only meets well-behaved peers.
namespace roundabout::load {

/// Length of the message that `stream` begins with; 0 if it is not all there yet.
[[nodiscard]] std::size_t first_message(std::string_view stream);

/// The value of the first row with that name, or of its compact form; empty if there is none.
[[nodiscard]] std::string_view header(std::string_view message, std::string_view name);

/// Every row with that name, as it stands, line ends included.
[[nodiscard]] std::string rows(std::string_view message, std::string_view name);

/// The values of all rows with that name, split at commas, in order.
[[nodiscard]] std::vector<std::string_view> values(std::string_view message, std::string_view name);

/// What is between the angle brackets.
[[nodiscard]] std::string_view uri_of(std::string_view name_addr);

/// A response's status; 0 for a request.
[[nodiscard]] int status_of(std::string_view message);

/// The method: of a request its own, of a response the one in its CSeq.
[[nodiscard]] std::string_view method_of(std::string_view message);

} // namespace roundabout::load
