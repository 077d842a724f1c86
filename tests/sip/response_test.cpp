#include "sip/corpus.hpp"
#include "sip/parser.hpp"
#include "sip/response.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

Message request(std::string_view rows) {
    std::string bytes = "INVITE sip:bob@example.com SIP/2.0\r\n";
    bytes.append(rows).append("\r\n");
    return index_message(bytes, Framing::datagram).value();
}

constexpr std::string_view usual_rows =
    "Via: SIP/2.0/UDP us;branch=z9hG4bK1;rport, SIP/2.0/TCP b\r\n"
    "Max-Forwards: 70\r\n"
    "v:\r\n SIP/2.0/TLS c \r\n"
    "t : Bob <sip:bob@example.com>\r\n"
    "Route: <sip:a;lr>\r\n"
    "f: <sip:a@h>;tag=1\r\n"
    "CSeq: 0001\r\n\tINVITE\r\n"
    "i: abc\r\n"
    "Timestamp: 54\r\n";

/// True if each line of the header is a start line, a row or a fold, in CRLF.
bool well_formed(const std::string& response) {
    const auto indexed = index_message(response, Framing::stream);
    return indexed && indexed->is_response() && indexed->defect() == Error::none;
}

} // namespace

TEST_CASE("a response echoes Via, From, To, Call-ID and CSeq byte for byte, and adds a To tag") {
    const auto message = request(usual_rows);
    CHECK(make_response(message, {.status = 404, .to_tag = "xyz"}) ==
          "SIP/2.0 404 Not Found\r\n"
          "Via: SIP/2.0/UDP us;branch=z9hG4bK1;rport, SIP/2.0/TCP b\r\n"
          "v:\r\n SIP/2.0/TLS c \r\n"
          "f: <sip:a@h>;tag=1\r\n"
          "t : Bob <sip:bob@example.com>;tag=xyz\r\n"
          "i: abc\r\n"
          "CSeq: 0001\r\n\tINVITE\r\n"
          "Content-Length: 0\r\n\r\n");
}

TEST_CASE("R34 the top Via of a response is stamped, the others are not") {
    const auto response = make_response(request(usual_rows),
                                        {.status = 404, .received = "192.0.2.9", .rport = 40000});
    CHECK(response.find("Via: SIP/2.0/UDP us;branch=z9hG4bK1;rport=40000;received=192.0.2.9, "
                        "SIP/2.0/TCP b\r\nv:\r\n SIP/2.0/TLS c \r\n") != std::string::npos);
}

TEST_CASE("R24 a 100 echoes Timestamp and gets no To tag") {
    const auto response = make_response(request(usual_rows), {.status = 100, .to_tag = "xyz"});
    CHECK(response.starts_with("SIP/2.0 100 Trying\r\n"));
    CHECK(response.find("t : Bob <sip:bob@example.com>\r\n") != std::string::npos);
    CHECK(response.find("Timestamp: 54\r\n") != std::string::npos);
}

TEST_CASE("a To tag that is there stays, and none is put beside it") {
    for (const std::string_view to : {"To: <sip:b>;tag=old\r\n", "To: sip:b;x=y;Tag=old\r\n"}) {
        const auto response = make_response(request(to), {.status = 481, .to_tag = "new"});
        CHECK(response.find(to) != std::string::npos);
        CHECK(response.find("new") == std::string::npos);
    }
}

TEST_CASE("R7 the tag of a To without brackets is a header parameter, after folds too") {
    const auto response = make_response(request("To: sip:b@h\r\n \r\n"), {.to_tag = "new"});
    CHECK(response.find("To: sip:b@h;tag=new\r\n \r\n") != std::string::npos);
    CHECK(well_formed(response));
}

TEST_CASE("extra lines and an own phrase stand where they should") {
    CHECK(make_response(request("X: y\r\n"), {.status = 420,
                                              .reason = "No such extension",
                                              .headers = "Unsupported: foo\r\nX: z\r\n"}) ==
          "SIP/2.0 420 No such extension\r\nUnsupported: foo\r\nX: z\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("only the first of repeated From, To, Call-ID and CSeq is echoed") {
    const auto response = make_response(
        request("To: <sip:a>\r\nTo: <sip:b>\r\nCSeq: 1 X\r\nCSeq: 2 X\r\n"), {.to_tag = "t"});
    CHECK(response.find("To: <sip:a>;tag=t\r\n") != std::string::npos);
    CHECK(response.find("sip:b") == std::string::npos);
    CHECK(response.find("CSeq: 2") == std::string::npos);
}

TEST_CASE("R36 a faulty row can't put lines of its own into a response") {
    for (const std::string& row :
         {std::string("Call-ID: a\nContact: <sip:evil>\r\n"), std::string("Call-ID: a\rb\r\n"),
          std::string("Call-ID: a\n b\r\n"), std::string("Call-ID: a\0b\r\n", 14),
          std::string("Call-ID: a\r\r\n")}) {
        CAPTURE(row);
        const auto response = make_response(request("Via: SIP/2.0/UDP a\r\n" + row), {});
        CHECK(response.find("Via: SIP/2.0/UDP a\r\n") != std::string::npos);
        CHECK(response.find("evil") == std::string::npos);
        CHECK(well_formed(response));
    }
}

TEST_CASE("R36 a request with bare LF line ends gets its rows back with CRLF") {
    const auto message = index_message("OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP a\nTo: <sip:b>\n\n",
                                       Framing::datagram)
                             .value();
    CHECK(make_response(message, {.status = 400, .to_tag = "t"}) ==
          "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:b>;tag=t\r\n"
          "Content-Length: 0\r\n\r\n");
}

TEST_CASE("a quoted pair of NUL in To is echoed, as RFC 4475 3.1.1.2 has it") {
    const auto message =
        index_message(test::read_data("torture/rfc4475/intmeth.dat"), Framing::datagram).value();
    const auto response = make_response(message, {.status = 405, .to_tag = "t"});
    const auto copy = index_message(response, Framing::stream).value();
    CHECK(copy.value(HeaderId::to) == std::string(message.value(HeaderId::to)) + ";tag=t");
}

TEST_CASE("every torture request can be answered, well formed, by whoever sent it") {
    std::size_t answered = 0;
    for (const auto& source : test::torture_messages()) {
        CAPTURE(source.file);
        const auto message = index_message(source.bytes, Framing::datagram);
        if (!message || message->is_response())
            continue;
        ++answered;
        const auto response = make_response(
            *message, {.status = 400, .to_tag = "t", .received = "2001:db8::9", .rport = 5060});
        CHECK(well_formed(response));
        const auto copy = index_message(response, Framing::stream);
        REQUIRE(copy.has_value());
        CHECK(copy->value(HeaderId::call_id) == message->value(HeaderId::call_id));
        CHECK(copy->value(HeaderId::cseq) == message->value(HeaderId::cseq));
        CHECK(copy->count(HeaderId::via) == message->count(HeaderId::via));
        CHECK(first_value(*copy, HeaderId::via).value_or("").ends_with(";received=2001:db8::9"));
    }
    CHECK(answered > 50);
}

TEST_CASE("known status codes have their registered phrase, others Unknown") {
    CHECK(reason_phrase(100) == "Trying");
    CHECK(reason_phrase(408) == "Request Timeout");
    CHECK(reason_phrase(483) == "Too Many Hops");
    CHECK(reason_phrase(504) == "Server Time-out");
    CHECK(reason_phrase(608) == "Rejected");
    CHECK(reason_phrase(0) == "Unknown");
    CHECK(reason_phrase(299) == "Unknown");
    CHECK(reason_phrase(699) == "Unknown");
}

TEST_CASE(
    "response: status codes have numbers without gaps, and those that nobody knows share one") {
    CHECK(status_slot(0) == 0);
    CHECK(status_slot_name(0).empty());
    CHECK(status_slot_name(status_slot(100)) == "100");
    CHECK(status_slot_name(status_slot(487)) == "487");
    CHECK(status_slot_name(status_slot(608)) == "608");
    CHECK(status_slot_name(status_slot(299)) == "2xx");
    CHECK(status_slot_name(status_slot(499)) == "4xx");
    CHECK(status_slot(498) == status_slot(499));
    CHECK(status_slot(699) == status_slots - 1);
    CHECK(status_slot(700) == 0);
    CHECK(status_slot(65535) == 0);
    std::set<std::string> names;
    for (std::size_t slot = 0; slot < status_slots; ++slot)
        names.insert(status_slot_name(slot));
    CHECK(names.size() == status_slots);
}
