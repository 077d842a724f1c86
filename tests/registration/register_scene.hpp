#pragma once

#include "registration/plain_tokens.hpp"
#include "registration/register_rules.hpp"
#include "sip/message.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// One client, one registrar, and tokens that need no key: what the tests of the REGISTER rules
/// stand on.
namespace roundabout::test {

/// As a datagram; fails the test if it is no message.
[[nodiscard]] sip::Message message(std::string bytes);

/// A REGISTER of sip:alice@example.com with these further lines (no CRLF at their ends).
struct RegisterText {
    // NOLINTNEXTLINE(readability-redundant-member-init): so that a test may name others only
    std::vector<std::string> lines = {};
    std::string to = "<sip:alice@example.com>";
    std::string call_id = "call-1";
    std::uint32_t cseq = 1;
    std::string via = "192.0.2.7:40000";
};
[[nodiscard]] sip::Message register_request(const RegisterText& text);
/// "200 OK" with these lines.
[[nodiscard]] sip::Message register_response(const std::vector<std::string>& lines);

/// What the client gets: the response with its restored Contacts.
[[nodiscard]] std::string on_the_way_down(const sip::Message& response,
                                          const registration::RegisterCommit& commit);
/// What the registrar gets.
[[nodiscard]] std::string on_the_way_up(const sip::Message& request,
                                        const registration::RegisterPlan& plan);
/// The values of all Contact rows of a message, as they stand.
[[nodiscard]] std::vector<std::string> contact_rows(const std::string& bytes);

} // namespace roundabout::test
