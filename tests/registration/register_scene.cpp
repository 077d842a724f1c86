#include "registration/register_scene.hpp"

#include "base/siphash.hpp"
#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

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

sip::Message message(std::string bytes) {
    Result<sip::Message> indexed = sip::index_message(std::move(bytes), sip::Framing::datagram);
    REQUIRE(indexed.has_value());
    REQUIRE(indexed->defect() == Error::none);
    return std::move(*indexed);
}

sip::Message register_request(const RegisterText& text) {
    std::string bytes = "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP " + text.via +
                        ";branch=z9hG4bK1\r\nMax-Forwards: 70\r\nTo: " + text.to +
                        "\r\nFrom: <sip:alice@example.com>;tag=1\r\nCall-ID: " + text.call_id +
                        "\r\nCSeq: " + std::to_string(text.cseq) + " REGISTER\r\n";
    for (const std::string& line : text.lines)
        bytes += line + "\r\n";
    return message(bytes + "Content-Length: 0\r\n\r\n");
}

sip::Message register_response(const std::vector<std::string>& lines) {
    std::string bytes = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bK1\r\n"
                        "To: <sip:alice@example.com>;tag=2\r\nFrom: <sip:alice@example.com>;tag=1"
                        "\r\nCall-ID: call-1\r\nCSeq: 1 REGISTER\r\n";
    for (const std::string& line : lines)
        bytes += line + "\r\n";
    return message(bytes + "Content-Length: 0\r\n\r\n");
}

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

std::string on_the_way_down(const sip::Message& response,
                            const registration::RegisterCommit& commit) {
    sip::Edits edits(response);
    for (const registration::RestoredContact& contact : commit.restored)
        edits.replace_uri(contact.value, contact.uri);
    return edits.apply(false);
}

std::string on_the_way_up(const sip::Message& request, const registration::RegisterPlan& plan) {
    sip::Edits edits(request);
    for (const registration::PlannedContact& contact : plan.contacts)
        edits.replace_uri(request.text(contact.value), contact.rewritten);
    return edits.apply(false);
}

std::vector<std::string> contact_rows(const std::string& bytes) {
    const sip::Message parsed = message(bytes);
    std::vector<std::string> rows;
    for (const sip::HeaderField& row : parsed.headers()) {
        if (row.id == sip::HeaderId::contact)
            rows.emplace_back(parsed.text(row.value));
    }
    return rows;
}

} // namespace roundabout::test
