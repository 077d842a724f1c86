#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace roundabout::admin {

/// What stands under one key of a Record.
using Value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// One object of an answer, as {"server":{"name":"pbx","port":5060}}: `kind` is the key that it
/// stands under. Text is UTF-8.
struct Record {
    std::string kind;
    std::vector<std::pair<std::string, Value>> fields; ///< in the order in which they are shown

    /// Appends a field.
    Record& add(std::string key, Value value) {
        fields.emplace_back(std::move(key), std::move(value));
        return *this;
    }
    /// Appends bytes as text; where they are no UTF-8, as base64url under KEY_base64url.
    Record& add_bytes(const std::string& key, std::string_view bytes);

    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    // Empty, 0 or false if there is no such field, or it is of another kind.
    [[nodiscard]] std::string text(std::string_view key) const;
    [[nodiscard]] std::int64_t number(std::string_view key) const;
    [[nodiscard]] bool flag(std::string_view key) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
    /// What add_bytes() was given.
    [[nodiscard]] std::string bytes(const std::string& key) const;

    friend bool operator==(const Record&, const Record&) = default;

  private:
    [[nodiscard]] const Value* find(std::string_view key) const;
};

/// The kinds of records that answers consist of.
[[nodiscard]] bool is_record_kind(std::string_view kind) noexcept;

} // namespace roundabout::admin
