#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr std::string_view sound = "REGISTER sip:example.com SIP/2.0\r\n"
                                   "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n"
                                   "From: <sip:a@example.com>;tag=1\r\n"
                                   "To: <sip:a@example.com>\r\n"
                                   "Call-ID: id\r\n"
                                   "CSeq: 1 REGISTER\r\n"
                                   "Max-Forwards: 70\r\n"
                                   "\r\n";

[[nodiscard]] std::optional<Rejection> check(const std::string& bytes) {
    const Result<Message> message = index_message(bytes, Framing::datagram);
    REQUIRE(message.has_value());
    return check_message(*message);
}

/// The sound request with the line that begins with `start` replaced by `line`, both without CRLF;
/// an empty `line` takes it away.
[[nodiscard]] std::string with(std::string_view start, std::string_view line,
                               std::string bytes = std::string(sound)) {
    const std::size_t begin = bytes.find(start);
    REQUIRE(begin != std::string::npos);
    const std::size_t end = bytes.find("\r\n", begin) + 2;
    return bytes.replace(begin, end - begin, line.empty() ? "" : std::string(line) + "\r\n");
}

/// The sound request with rows added, each without its CRLF.
[[nodiscard]] std::string plus(std::string_view row, std::string bytes = std::string(sound)) {
    return bytes.insert(bytes.find("\r\n") + 2, std::string(row) + "\r\n");
}

[[nodiscard]] std::string response(std::string_view start, std::string_view line) {
    return with("REGISTER sip", "SIP/2.0 200 OK", with(start, line));
}

void check_rejected(const std::string& bytes, Error error, std::string_view field,
                    std::uint16_t status = 400) {
    CAPTURE(bytes);
    const std::optional<Rejection> rejection = check(bytes);
    REQUIRE(rejection.has_value());
    const Rejection found = rejection.value_or(Rejection{});
    CHECK(found.status == status);
    CHECK(sentence(found.error) == sentence(error));
    CHECK(found.field == field);
}

void check_accepted(const std::string& bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(check(bytes).has_value());
}

} // namespace

TEST_CASE("check: a sound request and a sound response pass") {
    check_accepted(std::string(sound));
    check_accepted(with("REGISTER sip", "SIP/2.0 200 OK"));
}

TEST_CASE("check: each mandatory field that is missing is named, also in a response") {
    for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
        check_rejected(with(std::string(name) + ":", ""), Error::missing_header, name);
        check_rejected(response(std::string(name) + ":", ""), Error::missing_header, name);
    }
    check_rejected(with("Via:", "Via: ,"), Error::missing_header, "Via");
}

TEST_CASE("check: a request of RFC 2543, without branch, From tag and Max-Forwards, passes") {
    const std::string bytes = with("Max-Forwards", "", with("From", "From: sip:a@example.com"));
    check_accepted(with("Via", "Via: SIP/2.0/UDP a.example", bytes));
    check_accepted(with("Via", "Via: SIP/2.0/UDP a.example;branch=1", bytes));
}

TEST_CASE("check: a field that may stand once and stands twice is 400, also when both agree") {
    for (const char* row : {"From: <sip:a@example.com>;tag=1", "To: <sip:a@example.com>",
                            "Call-ID: id", "CSeq: 1 REGISTER", "Max-Forwards: 70"})
        check_rejected(plus(row), Error::repeated_header,
                       std::string_view(row).substr(0, std::string_view(row).find(':')));
    check_rejected(plus("Expires: 1", plus("expires: 1")), Error::repeated_header, "Expires");
    check_rejected(plus("i: other"), Error::repeated_header, "Call-ID");
}

TEST_CASE("check: an unknown version is 505, whatever else is wrong") {
    check_rejected(with("REGISTER sip", "REGISTER sip:a SIP/7.0"), Error::bad_version, "", 505);
    check_rejected(with("CSeq", "", with("REGISTER sip", "REGISTER sip:a SIP/3.0 ")),
                   Error::bad_version, "", 505);
}

TEST_CASE("R36 check: faults of structure are 400 and name Content-Length where it is at fault") {
    check_rejected(plus("l: -1"), Error::bad_content_length, "Content-Length");
    check_rejected(plus("l: 1"), Error::body_short, "Content-Length");
    check_rejected(plus("l: 0", plus("l: 0")), Error::repeated_header, "Content-Length");
    check_rejected(plus("l: 0", plus("l: 1")), Error::content_length_mismatch, "Content-Length");
    check_rejected(plus("no colon"), Error::bad_header_line, "");
    check_rejected(plus("X: a\nY: b"), Error::bare_line_feed, "");
    check_rejected(with("REGISTER sip", "REGISTER  sip:a SIP/2.0"), Error::bad_start_line, "");
    check_rejected(with("REGISTER sip", "REGISTER <sip:a> SIP/2.0"), Error::bad_request_uri, "");
}

TEST_CASE("check: a Request-URI with escaped headers, a bare IPv6 address or no host is 400") {
    for (const char* uri : {"sip:a@b?Route=%3Csip:c%3E", "sip:2001:db8::10", "sip:", "sip:a@",
                            "nothing", "sip:a;", "sip:a>", "sip:a:99999"})
        check_rejected(with("REGISTER sip", "REGISTER " + std::string(uri) + " SIP/2.0"),
                       Error::bad_request_uri, "");
    for (const char* uri : {"tel:+1", "soap.beep://192.0.2.103:3002", "sips:a@[2001:db8::1]:5061"})
        check_accepted(with("REGISTER sip", "REGISTER " + std::string(uri) + " SIP/2.0"));
}

TEST_CASE("check: a malformed Via is 400 wherever it stands, so is a branch of the cookie alone") {
    check_rejected(with("Via", "Via: SIP/2.0/UDP a;;,;,,"), Error::bad_via, "Via");
    check_rejected(with("Via", "Via: SIP/2.0/UDP a;branch=z9hG4bK1, x"), Error::bad_via, "Via");
    check_rejected(with("From", "Via: x\r\nFrom: <sip:a@b>"), Error::bad_via, "Via");
    check_rejected(with("Via", "Via: SIP/2.0/UDP a;branch=z9hG4bK"), Error::bad_via, "Via");
    check_accepted(with("From", "Via: SIP/2.0/UDP b;branch=z9hG4bK\r\nFrom: <sip:a@b>"));
}

TEST_CASE("check: a CSeq of another method is 400, and 501 where we do not know the method") {
    check_rejected(with("CSeq", "CSeq: 1 INVITE"), Error::cseq_method_mismatch, "CSeq");
    check_rejected(with("CSeq", "CSeq: 1 register"), Error::cseq_method_mismatch, "CSeq");
    check_rejected(with("REGISTER sip", "NEWMETHOD sip:a SIP/2.0"), Error::cseq_method_mismatch,
                   "CSeq", 501);
    check_accepted(
        with("CSeq", "CSeq: 1 NEWMETHOD", with("REGISTER sip", "NEWMETHOD sip:a SIP/2.0")));
    check_accepted(response("CSeq", "CSeq: 1 NEWMETHOD"));
}

TEST_CASE("check: a CSeq of 2**32 and more is rejected, in a response too") {
    check_rejected(with("CSeq", "CSeq: 4294967296 REGISTER"), Error::bad_cseq, "CSeq");
    check_rejected(response("CSeq", "CSeq: 9292394834772304023312 REGISTER"), Error::bad_cseq,
                   "CSeq");
    check_accepted(with("CSeq", "CSeq: 4294967295 REGISTER"));
    check_accepted(with("CSeq", "CSeq: 0009\r\n  REGISTER"));
}

TEST_CASE("check: a Call-ID is one word, of any visible characters") {
    check_rejected(with("Call-ID", "Call-ID:"), Error::bad_call_id, "Call-ID");
    check_rejected(with("Call-ID", "Call-ID: a b"), Error::bad_call_id, "Call-ID");
    check_rejected(with("Call-ID", "Call-ID: a\r\n b"), Error::bad_call_id, "Call-ID");
    check_rejected(with("Call-ID", "Call-ID: a\x7f"), Error::bad_call_id, "Call-ID");
    check_accepted(with("Call-ID", "Call-ID: word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
}

TEST_CASE("check: a malformed From or To is 400 and is named") {
    for (const char* value : {"\"open <sip:a@b>", "< sip:a@b >", "Bell, A <sip:a@b>", "a@b",
                              "<sip:a@b>, <sip:c@d>", "<sip:a@b:x>", ""}) {
        check_rejected(with("From", "From: " + std::string(value)), Error::bad_from_or_to, "From");
        check_rejected(with("To", "To: " + std::string(value)), Error::bad_from_or_to, "To");
    }
    check_accepted(
        with("To", "To: isbn:2983792873", with("From", "From: <http://www.example.com>")));
}

TEST_CASE("check: Contact may be '*' or of any scheme, each value is looked at") {
    for (const char* value : {"*", "<sip:a@b>, <tel:+1>;q=0.5", "<name:John_Smith>", "sip:a@b;x=y",
                              "<sip:a@b?Route=%3Csip:c%3E>", "<sip:%00@b>, <sip:%00%00@b>", ""})
        check_accepted(plus("Contact: " + std::string(value)));
    for (const char* value : {"\"Joe\" <sip:a@b>;;;;", "sip:a@b?Route=%3Csip:c%3E", "<sip:a@b>, x",
                              "<sip:a@b", "<sip:>", "* ;q=1"})
        check_rejected(plus("m: " + std::string(value)), Error::bad_contact, "Contact");
    check_accepted(plus("m: ;;;;", with("REGISTER sip", "SIP/2.0 200 OK")));
}

TEST_CASE("check: a Route has brackets, in each of its values") {
    check_accepted(plus("Route:\r\n <sip:a;lr;x=y>, \"A\" <sip:b;lr>;z"));
    for (const char* value : {"sip:a;lr", "<sip:a;lr>, sip:b", "<sip:a;lr", "<sip:a;;lr>", "*"})
        check_rejected(plus("Route: " + std::string(value)), Error::bad_route, "Route");
}

TEST_CASE(
    "R31 check: a Max-Forwards that is no number up to 255 is 400, 0 is routing's to refuse") {
    check_rejected(with("Max-Forwards", "Max-Forwards: 300"), Error::bad_max_forwards,
                   "Max-Forwards");
    check_rejected(with("Max-Forwards", "Max-Forwards: many"), Error::bad_max_forwards,
                   "Max-Forwards");
    check_accepted(with("Max-Forwards", "Max-Forwards: 0"));
    check_accepted(with("Max-Forwards", "Max-Forwards: 255"));
}

TEST_CASE("check: what is not a proxy's to judge passes") {
    check_accepted(plus("Proxy-Require: nothing-we-know"));
    check_accepted(plus("Expires: " + std::string(100, '1')));
    check_accepted(plus("Expires: soon"));
    check_accepted(plus("Date: Fri, 01 Jan 2010 16:00:00 EST"));
    check_accepted(plus("Record-Route: <sip:a;maddr=b>"));
}
