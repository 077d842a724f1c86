#include "registration/plain_tokens.hpp"

#include "base/siphash.hpp"

#include <charconv>

namespace roundabout::test {
namespace {

using registration::BindingId;

BindingId hash_id(std::string_view server, std::string_view aor, std::string_view contact,
                  std::string_view instance, std::uint32_t reg_id) {
    BindingId id;
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (i % 8 == 0)
            word = SipHash({1, i})
                       .field(server)
                       .field(aor)
                       .field(contact)
                       .field(instance)
                       .field(std::uint64_t{reg_id})
                       .finish();
        id.bytes[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
    return id;
}

std::string to_hex(const BindingId& id) {
    std::string text;
    for (const std::uint8_t byte : id.bytes) {
        text.push_back("0123456789abcdef"[byte >> 4U]);
        text.push_back("0123456789abcdef"[byte & 15U]);
    }
    return text;
}

std::optional<BindingId> from_hex(std::string_view text) {
    BindingId id;
    if (text.size() != 24)
        return std::nullopt;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        const char* begin = text.data() + 2 * i;
        const auto [end, error] = std::from_chars(begin, begin + 2, id.bytes[i], 16);
        if (error != std::errc{} || end != begin + 2)
            return std::nullopt;
    }
    return id;
}

} // namespace

registration::BindingTokens plain_tokens() { return {hash_id, to_hex, from_hex}; }

registration::RegisterPath udp_path() {
    registration::RegisterPath path;
    path.server = "pbx";
    path.flow.transport = Transport::udp;
    path.flow.listener = 0;
    path.flow.local = *Endpoint::parse("192.0.2.1:5060");
    path.flow.remote = *Endpoint::parse("192.0.2.7:40000");
    path.listener = "udp 192.0.2.1:5060";
    path.facing = {"proxy.example", 5062, Transport::udp};
    return path;
}

registration::RegisterPath wss_path(std::uint64_t serial) {
    registration::RegisterPath path = udp_path();
    path.flow.transport = Transport::wss;
    path.flow.listener = 1;
    path.flow.local = *Endpoint::parse("192.0.2.1:443");
    path.flow.id = {1, 0, 77, serial};
    path.listener = "wss 192.0.2.1:443";
    return path;
}

} // namespace roundabout::test
