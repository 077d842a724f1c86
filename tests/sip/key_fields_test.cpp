#include "sip/invariants.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

const std::string usual = "Via: SIP/2.0/UDP a.example.com:5070;branch=z9hG4bKa;rport\r\n"
                          "From: \"A, B\" <sip:a@example.com>;tag=f\r\n"
                          "To: sip:b@example.com;tag=t\r\n"
                          "Call-ID: c\r\nCSeq: 7 OPTIONS\r\n";

[[nodiscard]] Message indexed(const std::string& rows) {
    auto message =
        index_message("OPTIONS sip:b@example.com SIP/2.0\r\n" + rows + "\r\n", Framing::datagram);
    REQUIRE(message.has_value());
    return std::move(*message);
}

void check_usual(const Message& message) {
    CHECK(test::violated_invariant(message) == "");
    const Result<Via> via = top_via(message);
    REQUIRE(via.has_value());
    CHECK(via->protocol == "SIP/2.0");
    CHECK(via->transport == "UDP");
    CHECK(via->sent_by == "a.example.com:5070");
    CHECK(via->host == "a.example.com");
    CHECK(via->port == 5070);
    CHECK(via->branch() == "z9hG4bKa");
    CHECK(via->parameters.text() == ";branch=z9hG4bKa;rport");
    const Result<NameAddr> caller = from(message);
    REQUIRE(caller.has_value());
    CHECK(caller->display == "\"A, B\"");
    CHECK(caller->uri == "sip:a@example.com");
    CHECK(caller->bracketed);
    CHECK(caller->tag() == "f");
    const Result<NameAddr> callee = to(message);
    REQUIRE(callee.has_value());
    CHECK(callee->display.empty());
    CHECK_FALSE(callee->bracketed);
    CHECK(callee->tag() == "t");
    const Result<CSeq> sequence = cseq(message);
    REQUIRE(sequence.has_value());
    CHECK(sequence->number == 7);
    CHECK(sequence->method == "OPTIONS");
}

} // namespace

TEST_CASE("Key fields: a message that was copied or moved says the same, of its own bytes") {
    Message message = indexed(usual);
    check_usual(message);
    const Message copy = message;
    check_usual(copy);
    CHECK(top_via(copy)->branch().data() != top_via(message)->branch().data());
    const Message moved = std::move(message);
    check_usual(moved);
    check_usual(copy);
}

TEST_CASE("Key fields: a header of more than 64 KiB says the same, before and behind the bound") {
    const std::string padding = "Subject: " + std::string(70'000, 's') + "\r\n";
    check_usual(indexed(usual + padding));
    check_usual(indexed(padding + usual));
    for (const std::size_t size : {65'535U, 65'536U, 65'537U}) {
        const std::size_t others = usual.size() +
                                   std::string("OPTIONS sip:b@example.com SIP/2.0\r\n").size() +
                                   std::string("Subject: \r\n").size();
        const Message message =
            indexed("Subject: " + std::string(size - others, 's') + "\r\n" + usual);
        CHECK(message.headers_end() == size);
        check_usual(message);
    }
}

TEST_CASE("Key fields: one that is malformed or missing leaves the others as they are") {
    const Message no_via = indexed("Via: SIP/2.0/UDP\r\n" + usual.substr(usual.find("From")));
    CHECK(top_via(no_via).error() == make_error_code(Error::bad_via));
    CHECK(from(no_via)->tag() == "f");
    CHECK(cseq(no_via)->number == 7);
    CHECK(test::violated_invariant(no_via) == "");

    const Message no_from = indexed(usual + "From: <sip:c@example.com\r\n");
    CHECK(from(no_from)->tag() == "f"); // the first row counts
    const std::string without =
        usual.substr(0, usual.find("From")) + "From: <sip:a\r\n" + usual.substr(usual.find("To:"));
    const Message bad_from = indexed(without);
    CHECK(from(bad_from).error() == make_error_code(Error::bad_from_or_to));
    CHECK(to(bad_from)->tag() == "t");
    CHECK(top_via(bad_from)->branch() == "z9hG4bKa");
    CHECK(test::violated_invariant(bad_from) == "");

    const Message nothing = indexed("Subject: s\r\n");
    CHECK(top_via(nothing).error() == make_error_code(Error::missing_header));
    CHECK(from(nothing).error() == make_error_code(Error::missing_header));
    CHECK(to(nothing).error() == make_error_code(Error::missing_header));
    CHECK(cseq(nothing).error() == make_error_code(Error::missing_header));
}
