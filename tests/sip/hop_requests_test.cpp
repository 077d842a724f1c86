#include "sip/hop_requests.hpp"
#include "sip/parser.hpp"
#include "sip/response.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

Message index(std::string bytes) {
    return index_message(std::move(bytes), Framing::stream).value();
}

const Message& sent_invite() {
    static const auto invite = index("INVITE sip:bob@h;transport=ws SIP/2.0\r\n"
                                     "Via: SIP/2.0/WS us;branch=z9hG4bKours, SIP/2.0/UDP a\r\n"
                                     "v: SIP/2.0/UDP b\r\n"
                                     "Record-Route: <sip:us;lr>\r\n"
                                     "Max-Forwards: 12\r\n"
                                     "Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
                                     "f: A <sip:a@h>;tag=1\r\n"
                                     "To: <sip:b@h>\r\n"
                                     "route :\r\n <sip:r3;lr>\r\n"
                                     "CSeq: 0314 \r\n INVITE\r\n"
                                     "Call-ID : abc@h\r\n"
                                     "Proxy-Require: foo\r\n"
                                     "Contact: <sip:us>\r\n"
                                     "Content-Type: application/sdp\r\n"
                                     "Content-Length: 4\r\n\r\nv=0\n");
    return invite;
}

} // namespace

TEST_CASE("R19 the ACK to a non-2xx has the INVITE's hop and the response's To") {
    const auto response = index("SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/WS us;branch=z9hG4bKours\r\n"
                                "t : <sip:b@h>;tag=their\r\n\r\n");
    CHECK(make_ack(sent_invite(), response) == "ACK sip:bob@h;transport=ws SIP/2.0\r\n"
                                               "Via: SIP/2.0/WS us;branch=z9hG4bKours\r\n"
                                               "Max-Forwards: 70\r\n"
                                               "Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
                                               "route :\r\n <sip:r3;lr>\r\n"
                                               "f: A <sip:a@h>;tag=1\r\n"
                                               "t : <sip:b@h>;tag=their\r\n"
                                               "Call-ID : abc@h\r\n"
                                               "CSeq: 314 ACK\r\n"
                                               "Content-Length: 0\r\n\r\n");
}

TEST_CASE(
    "R20 the CANCEL has the INVITE's Request-URI, branch, Routes and To, and no Proxy-Require") {
    CHECK(make_cancel(sent_invite()) == "CANCEL sip:bob@h;transport=ws SIP/2.0\r\n"
                                        "Via: SIP/2.0/WS us;branch=z9hG4bKours\r\n"
                                        "Max-Forwards: 70\r\n"
                                        "Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
                                        "route :\r\n <sip:r3;lr>\r\n"
                                        "f: A <sip:a@h>;tag=1\r\n"
                                        "To: <sip:b@h>\r\n"
                                        "Call-ID : abc@h\r\n"
                                        "CSeq: 314 CANCEL\r\n"
                                        "Content-Length: 0\r\n\r\n");
}

TEST_CASE(
    "R36 a To that is more than one line, or missing, in a response is not copied into the ACK") {
    for (const std::string_view to : {"To: <sip:b>\r;tag=x\r\n", "X: y\r\n"}) {
        const auto ack = index(
            make_ack(sent_invite(), index("SIP/2.0 486 Busy\r\n" + std::string(to) + "\r\n")));
        CHECK(ack.defect() == Error::none);
        CHECK(ack.value(HeaderId::to) == "<sip:b@h>");
    }
}

TEST_CASE("R19 R20 ACK and CANCEL are requests that pass every check") {
    const auto response = index("SIP/2.0 404 Not Found\r\nTo: <sip:b@h>;tag=t\r\n\r\n");
    for (const auto& bytes : {make_ack(sent_invite(), response), make_cancel(sent_invite())}) {
        const auto message = index(bytes);
        CHECK(message.defect() == Error::none);
        CHECK_FALSE(check_message(message).has_value());
        CHECK(message.body().empty());
    }
}

TEST_CASE("R19 R20 what is kept of an INVITE gives the same ACK and CANCEL") {
    const auto response = index("SIP/2.0 486 Busy Here\r\nTo: <sip:b@h>;tag=t\r\n\r\n");
    const std::string of_message = header_of_hop(sent_invite());
    const std::string of_bytes = header_of_hop(sent_invite().bytes());
    for (const std::string& kept : {of_message, of_bytes}) {
        const auto invite = index(kept);
        CHECK(invite.defect() == Error::none);
        CHECK(make_ack(invite, response) == make_ack(sent_invite(), response));
        CHECK(make_cancel(invite) == make_cancel(sent_invite()));
    }
    CHECK(of_bytes == "INVITE sip:bob@h;transport=ws SIP/2.0\r\n"
                      "Via: SIP/2.0/WS us;branch=z9hG4bKours, SIP/2.0/UDP a\r\n"
                      "Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
                      "f: A <sip:a@h>;tag=1\r\n"
                      "To: <sip:b@h>\r\n"
                      "route :\r\n <sip:r3;lr>\r\n"
                      "CSeq: 0314 \r\n INVITE\r\n"
                      "Call-ID : abc@h\r\n\r\n");
}

TEST_CASE("what is kept of an INVITE gives the same final response") {
    const std::string kept = header_of_hop(sent_invite());
    ResponseParts parts;
    parts.status = 480;
    parts.to_tag = "ours";
    parts.received = "192.0.2.1";
    parts.rport = 5060;
    CHECK(make_response(index(kept), parts) == make_response(sent_invite(), parts));
}
