#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

using Texts = std::vector<std::string_view>;

[[nodiscard]] Texts split(std::string_view row) {
    Texts texts;
    ValueCursor cursor(row);
    while (const auto value = cursor.next())
        texts.push_back(*value);
    return texts;
}

[[nodiscard]] Message index(const std::string& rows) {
    Result<Message> message =
        index_message("OPTIONS sip:a SIP/2.0\r\n" + rows + "\r\n", Framing::datagram);
    REQUIRE(message.has_value());
    return std::move(*message);
}

} // namespace

TEST_CASE("R37 values: a row is cut at commas, but not inside quotes or angle brackets") {
    CHECK(split("a") == Texts{"a"});
    CHECK(split("a, b ,\r\n c") == Texts{"a", "b", "c"});
    CHECK(split("\"Bell, A\" <sip:a@b>, <sip:c,d@e>;x=\"1,2\" , *") ==
          Texts{"\"Bell, A\" <sip:a@b>", "<sip:c,d@e>;x=\"1,2\"", "*"});
    CHECK(split(R"("a\",b", "c\\",d)") == Texts{R"("a\",b")", R"("c\\")", "d"});
    CHECK(split("<sip:a\">, b") == Texts{"<sip:a\">", "b"});
}

TEST_CASE("values: empty elements are skipped") {
    CHECK(split("").empty());
    CHECK(split(" ,,\t, ").empty());
    CHECK(split(",a,,b,") == Texts{"a", "b"});
}

TEST_CASE("values: what never closes runs to the end of the row and no further") {
    CHECK(split("a, \"b, c") == Texts{"a", "\"b, c"});
    CHECK(split("a, <b, c") == Texts{"a", "<b, c"});
    CHECK(split("a, \"b\\") == Texts{"a", "\"b\\"});
}

TEST_CASE("R37 values: rows of one header are joined in order, each value with its row") {
    const Message message = index("Via: SIP/2.0/UDP a, SIP/2.0/UDP b\r\nRoute: <sip:r>\r\n"
                                  "v: ,\r\nVIA: SIP/2.0/TCP c\r\n");
    const std::vector<ValueAt> vias = values(message, HeaderId::via);
    REQUIRE(vias.size() == 3);
    CHECK(vias[0].text == "SIP/2.0/UDP a");
    CHECK(vias[0].row == 0);
    CHECK(vias[1].text == "SIP/2.0/UDP b");
    CHECK(vias[1].row == 0);
    CHECK(vias[2].text == "SIP/2.0/TCP c");
    CHECK(vias[2].row == 3);
    CHECK(values(message, HeaderId::path).empty());
    CHECK(first_value(message, HeaderId::via) == "SIP/2.0/UDP a");
    CHECK_FALSE(first_value(message, HeaderId::path).has_value());
}

TEST_CASE("values: the first value may stand in a later row") {
    const Message message = index("Via: ,\r\nVia: SIP/2.0/TCP c;branch=x\r\n");
    CHECK(first_value(message, HeaderId::via) == "SIP/2.0/TCP c;branch=x");
    CHECK(top_via(message)->branch() == "x");
}

TEST_CASE("values: what nearly every step needs is read from the message, or said to be missing") {
    const Message message = index("Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nf: <sip:x@y>;tag=1\r\n"
                                  "t: sip:z@y\r\ni: id@host\r\nCSeq: 1 OPTIONS\r\n");
    CHECK(top_via(message)->host == "a");
    CHECK(from(message)->tag() == "1");
    CHECK(to(message)->uri == "sip:z@y");
    CHECK(to(message)->tag().empty());
    CHECK(call_id(message) == "id@host");
    CHECK(cseq(message)->number == 1);
    const Message bare = index("");
    CHECK(to_error(top_via(bare).error()) == Error::missing_header);
    CHECK(to_error(cseq(bare).error()) == Error::missing_header);
    CHECK(to_error(from(bare).error()) == Error::missing_header);
    CHECK(to_error(to(bare).error()) == Error::missing_header);
    CHECK(call_id(bare).empty());
}

TEST_CASE("values: a view into a message is found again as a span, a foreign one is not") {
    const Message message = index("i: id@host\r\n");
    const Span span = span_of(message, call_id(message));
    CHECK(message.text(span) == "id@host");
    CHECK(span.begin == message.bytes().find("id@host"));
    const std::string copy(call_id(message));
    CHECK(span_of(message, copy) == Span{});
    CHECK(span_of(message, std::string_view()) == Span{});
    CHECK(span_of(message, message.bytes()).size == message.bytes().size());
}

TEST_CASE("CSeq: number and method, leading zeros and folds are right") {
    CHECK(parse_cseq("4294967295 INVITE")->number == 4294967295U);
    const Result<CSeq> folded = parse_cseq("0000000000000000009\r\n  INVITE");
    REQUIRE(folded.has_value());
    CHECK(folded->number == 9);
    CHECK(folded->method == "INVITE");
    CHECK(parse_cseq("1 !odd-Method0_*+`.%~'")->method == "!odd-Method0_*+`.%~'");
    for (const char* value :
         {"", "1", "INVITE", "1INVITE", "4294967296 INVITE", "36893488147419103232 REGISTER",
          "-1 INVITE", "+1 INVITE", "1 IN(VITE", "1 INVITE x", "1 ", "0x1 INVITE", "1, INVITE"}) {
        CAPTURE(value);
        REQUIRE(parse_cseq(value).has_error());
        CHECK(to_error(parse_cseq(value).error()) == Error::bad_cseq);
    }
}

TEST_CASE("delta-seconds: a value that does not fit counts as the largest that does") {
    CHECK(*parse_delta_seconds("0") == 0);
    CHECK(*parse_delta_seconds(" 03600 ") == 3600);
    CHECK(*parse_delta_seconds("4294967295") == 4294967295U);
    CHECK(*parse_delta_seconds("4294967296") == 4294967295U);
    CHECK(*parse_delta_seconds(std::string(100, '1')) == 4294967295U);
    for (const char* value : {"", "-1", "1x", "1 2", "never"}) {
        CAPTURE(value);
        REQUIRE(parse_delta_seconds(value).has_error());
        CHECK(to_error(parse_delta_seconds(value).error()) == Error::bad_expires);
    }
}

TEST_CASE("R31 Max-Forwards: 0 to 255, nothing wraps") {
    CHECK(*parse_max_forwards("0") == 0);
    CHECK(*parse_max_forwards("0068") == 68);
    CHECK(*parse_max_forwards("255") == 255);
    for (const char* value : {"", "256", "300", "512", "-1", "7 0", "70,70", "4294967366"}) {
        CAPTURE(value);
        REQUIRE(parse_max_forwards(value).has_error());
        CHECK(to_error(parse_max_forwards(value).error()) == Error::bad_max_forwards);
    }
}
