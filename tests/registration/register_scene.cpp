#include "registration/register_scene.hpp"

#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

namespace roundabout::test {
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

std::string on_the_way_down(const sip::Message& response,
                            const registration::RegisterCommit& commit) {
    sip::Edits edits(response);
    for (const registration::RestoredContact& contact : commit.restored)
        edits.replace_uri(contact.value, contact.uri);
    return edits.apply(false);
}

std::string on_the_way_up(const sip::Message& request, const registration::RegisterPlan& plan) {
    sip::Edits edits(request);
    for (const registration::PlannedContact& contact : plan.contacts) {
        if (!contact.rewritten.empty()) // by Path it stays
            edits.replace_uri(request.text(contact.value), contact.rewritten);
    }
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
