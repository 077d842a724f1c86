#include "admin/record.hpp"

#include "crypto/encoding.hpp"
#include "transport/utf8.hpp"

#include <algorithm>
#include <array>

namespace roundabout::admin {
namespace {

constexpr std::array<std::string_view, 9> kinds{"status", "listener", "server", "flow", "message",
                                                "lost",   "decision", "target", "watch"};

template <class Kind>
Kind get(const Value* value) {
    const Kind* found = value == nullptr ? nullptr : std::get_if<Kind>(value);
    return found == nullptr ? Kind{} : *found;
}

} // namespace

Record& Record::add_bytes(const std::string& key, std::string_view bytes) {
    return transport::is_utf8(bytes) ? add(key, std::string(bytes))
                                     : add(key + "_base64url", crypto::to_base64url(bytes));
}

const Value* Record::find(std::string_view key) const {
    const auto found = std::ranges::find(fields, key, &std::pair<std::string, Value>::first);
    return found == fields.end() ? nullptr : &found->second;
}

std::string Record::text(std::string_view key) const { return get<std::string>(find(key)); }
std::int64_t Record::number(std::string_view key) const { return get<std::int64_t>(find(key)); }
bool Record::flag(std::string_view key) const { return get<bool>(find(key)); }
std::vector<std::string> Record::texts(std::string_view key) const {
    return get<std::vector<std::string>>(find(key));
}

std::string Record::bytes(const std::string& key) const {
    const std::string encoded = this->text(key + "_base64url");
    if (encoded.empty())
        return this->text(key);
    Result<std::string> bytes = crypto::from_base64url(encoded);
    return bytes ? std::move(*bytes) : std::string();
}

bool is_record_kind(std::string_view kind) noexcept {
    return std::ranges::find(kinds, kind) != kinds.end();
}

} // namespace roundabout::admin
