#pragma once

#include "admin/record.hpp"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

/// How records of the control protocol look to people.
namespace roundabout::ctl {

/// Whether records of that kind are the rows of a table; else each is lines of its own.
[[nodiscard]] bool has_columns(std::string_view kind);
[[nodiscard]] std::vector<std::string> heads_of(std::string_view kind);
[[nodiscard]] std::vector<std::string> cells_of(const admin::Record& record);

/// Writes one of a kind that has no columns.
void write_lines(std::ostream& out, const admin::Record& record);

/// Seconds as "3 d 04:05:06".
[[nodiscard]] std::string span_of_time(std::int64_t seconds);

} // namespace roundabout::ctl
