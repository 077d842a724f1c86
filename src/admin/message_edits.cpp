#include "admin/message_edits.hpp"

#include <algorithm>
#include <cstdint>

namespace roundabout::admin {
namespace {

std::vector<std::string_view> lines_of(std::string_view message) {
    std::vector<std::string_view> lines;
    const std::size_t header_end = std::min(message.find("\r\n\r\n"), message.size());
    std::string_view header = message.substr(0, header_end);
    while (!header.empty() && lines.size() < most_compared_lines) {
        const std::size_t end = header.find('\n');
        std::string_view line = header.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines.push_back(line);
        header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    }
    const std::string_view body = message.substr(std::min(header_end + 4, message.size()));
    if (!body.empty())
        lines.push_back(body);
    return lines;
}

/// By row and column: how many lines what is left of both has in common.
std::vector<std::vector<std::uint16_t>> common(const std::vector<std::string_view>& before,
                                               const std::vector<std::string_view>& after) {
    std::vector<std::vector<std::uint16_t>> left(before.size() + 1,
                                                 std::vector<std::uint16_t>(after.size() + 1));
    for (std::size_t i = before.size(); i-- > 0;) {
        for (std::size_t j = after.size(); j-- > 0;)
            left[i][j] = before[i] == after[j] ? static_cast<std::uint16_t>(left[i + 1][j + 1] + 1)
                                               : std::max(left[i + 1][j], left[i][j + 1]);
    }
    return left;
}

} // namespace

std::vector<std::string> message_edits(std::string_view before, std::string_view after) {
    const std::vector<std::string_view> old_lines = lines_of(before);
    const std::vector<std::string_view> new_lines = lines_of(after);
    const auto left = common(old_lines, new_lines);
    std::vector<std::string> edits;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < old_lines.size() || j < new_lines.size()) {
        if (i < old_lines.size() && j < new_lines.size() && old_lines[i] == new_lines[j]) {
            ++i;
            ++j;
        } else if (i < old_lines.size() &&
                   (j == new_lines.size() || left[i + 1][j] >= left[i][j + 1])) {
            edits.push_back("- " + std::string(old_lines[i++]));
        } else {
            edits.push_back("+ " + std::string(new_lines[j++]));
        }
    }
    return edits;
}

} // namespace roundabout::admin
