#pragma once

#include "config/problem.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roundabout::config {

struct Node;
struct Entry;

using List = std::vector<Node>;
/// Keys are unique; their order says nothing.
using Table = std::vector<Entry>;
/// A TOML date or time, which no key of ours takes.
struct Date {};

/// A value of a TOML document and where it stands: all that the rest of the room sees of TOML.
struct Node {
    Position at;
    std::variant<std::string, std::int64_t, double, bool, Date, List, Table> value;
};

struct Entry {
    std::string key;
    Position at; ///< of the key
    Node value;
};

/// "a string", "a whole number", ...: what a value is, for messages.
[[nodiscard]] std::string_view kind_of(const Node& node) noexcept;

} // namespace roundabout::config
