#include "admin/binding_row.hpp"

#include "admin/binding_filter.hpp"

#include <cstddef>

namespace roundabout::admin {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool within(std::string_view text, std::size_t at, unsigned low, unsigned high) {
    return at < text.size() && static_cast<unsigned char>(text[at]) >= low &&
           static_cast<unsigned char>(text[at]) <= high;
}

/// The length of the UTF-8 sequence that `text` begins with (RFC 3629 §4); 0: none.
std::size_t sequence_length(std::string_view text) {
    const unsigned first = static_cast<unsigned char>(text.front());
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return within(text, 1, 0x80, 0xBF) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool second =
            within(text, 1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
        return second && within(text, 2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool second =
            within(text, 1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
        return second && within(text, 2, 0x80, 0xBF) && within(text, 3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

} // namespace

std::string to_utf8(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = sequence_length(bytes);
        text += length == 0 ? replacement : bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return text;
}

BindingRow row_of(const registration::Binding& binding, WallTime now) {
    BindingRow row;
    row.id = id_text(binding.id);
    row.aor = to_utf8(binding.aor);
    row.contact = to_utf8(binding.contact_uri);
    row.user = to_utf8(binding.user);
    row.server = to_utf8(binding.server);
    row.transport = name(binding.flow.transport);
    row.remote = binding.flow.remote.to_string();
    row.local = binding.flow.local.to_string();
    row.listener = to_utf8(binding.listener);
    row.instance = to_utf8(binding.instance);
    row.call_id = to_utf8(binding.call_id);
    row.user_agent = to_utf8(binding.user_agent);
    row.expires_in = (binding.expires - now).count();
    row.registered = binding.registered.time_since_epoch().count();
    row.cseq = binding.cseq;
    row.reg_id = binding.reg_id;
    row.keepalive = binding.keepalive;
    row.q = binding.q;
    row.reachable = binding.reachable;
    row.behind_nat = binding.behind_nat;
    return row;
}

} // namespace roundabout::admin
