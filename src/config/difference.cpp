#include "config/difference.hpp"

#include "config/describe.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace roundabout::config {
namespace {

struct Entry {
    std::string key;
    std::string value;
};

using Values = std::unordered_map<std::string, std::string>;

std::string unquoted(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"')
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

/// The entries of one table get their names when the table is whole: what tells it from the others
/// of its kind stands within it.
void add_table(const std::string& header, std::vector<Entry> table, std::vector<Entry>& all) {
    const auto value_of = [&table](std::string_view key) {
        const auto found = std::ranges::find(table, key, &Entry::key);
        return found == table.end() ? std::string() : unquoted(found->value);
    };
    std::string prefix = header.empty() ? "" : header + " ";
    if (header == "[[listen]]")
        prefix += value_of("transport") + " " + value_of("bind") + ": ";
    else if (header == "[[server]]")
        prefix += value_of("name") + ": ";
    for (Entry& entry : table)
        all.push_back({prefix + entry.key, std::move(entry.value)});
}

std::vector<Entry> entries_of(const Config& config) {
    std::vector<Entry> all;
    std::vector<Entry> table;
    std::string header;
    std::istringstream lines(describe(config));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t equals = line.find(" = ");
        if (line.starts_with('[')) {
            add_table(header, std::exchange(table, {}), all);
            header = line;
        } else if (equals != std::string::npos) {
            table.push_back({line.substr(0, equals), line.substr(equals + 3)});
        }
    }
    add_table(header, std::move(table), all);
    return all;
}

Values values_of(const std::vector<Entry>& entries) {
    Values values;
    for (const Entry& entry : entries)
        values.emplace(entry.key, entry.value);
    return values;
}

std::string line_of(char sign, const std::string& key, const std::string& value) {
    return std::string(1, sign) + " " + key + " = " + value;
}

} // namespace

std::vector<std::string> difference(const Config& before, const Config& after) {
    const std::vector<Entry> old_entries = entries_of(before);
    const std::vector<Entry> new_entries = entries_of(after);
    const Values old_values = values_of(old_entries);
    const Values new_values = values_of(new_entries);
    std::vector<std::string> lines;
    for (const Entry& entry : old_entries) {
        const auto now = new_values.find(entry.key);
        if (now != new_values.end() && now->second == entry.value)
            continue;
        lines.push_back(line_of('-', entry.key, entry.value));
        if (now != new_values.end())
            lines.push_back(line_of('+', entry.key, now->second));
    }
    for (const Entry& entry : new_entries) {
        if (!old_values.contains(entry.key))
            lines.push_back(line_of('+', entry.key, entry.value));
    }
    return lines;
}

} // namespace roundabout::config
