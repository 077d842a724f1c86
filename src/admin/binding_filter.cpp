#include "admin/binding_filter.hpp"

#include "crypto/encoding.hpp"
#include "registration/aor.hpp"

#include <algorithm>

namespace roundabout::admin {
namespace {

template <class Wanted>
bool meets(const std::optional<Wanted>& wanted, const Wanted& value) {
    return !wanted || *wanted == value;
}

void add(std::string& text, std::string_view name, std::string_view value) {
    if (!text.empty())
        text += ", ";
    text.append(name).append(value.empty() ? "" : " ").append(value);
}

} // namespace

bool matches(const BindingFilter& filter, const registration::Binding& binding, WallTime now) {
    if (!meets(filter.id, binding.id) || !meets(filter.aor, binding.aor) ||
        !meets(filter.server, binding.server) || !meets(filter.transport, binding.flow.transport))
        return false;
    if (filter.expired && binding.expires > now)
        return false;
    if (filter.expiring_within && binding.expires > now + *filter.expiring_within)
        return false;
    return !filter.user || *filter.user == binding.user ||
           *filter.user == registration::user_of_aor(binding.aor);
}

std::string describe(const BindingFilter& filter) {
    std::string text;
    if (filter.id)
        add(text, "id", id_text(*filter.id));
    if (filter.aor)
        add(text, "aor", *filter.aor);
    if (filter.user)
        add(text, "user", *filter.user);
    if (filter.server)
        add(text, "server", *filter.server);
    if (filter.transport)
        add(text, "transport", name(*filter.transport));
    if (filter.expiring_within)
        add(text, "expiring within", std::to_string(filter.expiring_within->count()) + " s");
    if (filter.expired)
        add(text, "expired", "");
    return text.empty() ? "all" : text;
}

std::string id_text(const registration::BindingId& id) {
    return crypto::to_base32({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

std::optional<registration::BindingId> parse_id(std::string_view text) {
    const Result<std::string> bytes = crypto::from_base32(text);
    registration::BindingId id;
    if (!bytes || bytes->size() != id.bytes.size())
        return std::nullopt;
    std::ranges::transform(*bytes, id.bytes.begin(),
                           [](char byte) { return static_cast<std::uint8_t>(byte); });
    return id;
}

} // namespace roundabout::admin
