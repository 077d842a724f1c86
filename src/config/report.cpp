#include "config/report.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

namespace roundabout::config {
namespace {

constexpr std::size_t most_quoted = 60;

std::string without_counts(std::string_view path) {
    std::string shown;
    bool inside = false;
    for (const char c : path) {
        if (c == '[')
            inside = true;
        if (!inside)
            shown += c;
        if (c == ']')
            inside = false;
    }
    return shown;
}

// "server[1].domains[0]" → "server[1].domains" → "server[1]" → "server" → "".
std::string_view parent(std::string_view path) {
    const std::size_t cut = path.find_last_of(".[");
    return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

void sort_by_place(std::vector<Problem>& problems) {
    std::ranges::sort(problems, [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column, a.key, a.message) <
               std::tie(b.line, b.column, b.key, b.message);
    });
}

} // namespace

Problem Report::problem(const std::string& path, std::string message, std::string remedy) const {
    for (std::string_view above = path; !above.empty(); above = parent(above)) {
        if (const auto flag = flags_.find(above); flag != flags_.end())
            return {std::string(command_line), 0, 0, flag->second, std::move(message),
                    std::move(remedy)};
    }
    Position at;
    for (std::string_view above = path; !above.empty(); above = parent(above)) {
        const auto found = places_.find(above);
        if (found != places_.end()) {
            at = found->second;
            break;
        }
    }
    return {file_, at.line, at.column, without_counts(path), std::move(message), std::move(remedy)};
}

bool Report::is_faulty_below(const std::string& path) const {
    const auto next = faulty_.lower_bound(path);
    if (next == faulty_.end() || !next->starts_with(path))
        return false;
    return next->size() == path.size() || (*next)[path.size()] == '[' ||
           (*next)[path.size()] == '.';
}

void Report::error(const std::string& path, std::string message, std::string remedy) {
    faulty_.insert(path);
    findings_.errors.push_back(problem(path, std::move(message), std::move(remedy)));
}

void Report::warning(const std::string& path, std::string message, std::string remedy) {
    findings_.warnings.push_back(problem(path, std::move(message), std::move(remedy)));
}

std::string Report::resolve_file(const std::string& name) const {
    if (name.empty())
        return name;
    return (std::filesystem::path(file_).parent_path() / name).lexically_normal().string();
}

Findings Report::take() {
    sort_by_place(findings_.errors);
    sort_by_place(findings_.warnings);
    return std::move(findings_);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, most_quoted))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return out + (text.size() > most_quoted ? "...\"" : "\"");
}

} // namespace roundabout::config
