#include "sip/invariants.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

[[nodiscard]] Message index(const std::string& rows, std::string_view body, Framing framing) {
    Result<Message> message =
        index_message("MESSAGE sip:a SIP/2.0\r\n" + rows + "\r\n" + std::string(body), framing);
    REQUIRE(message.has_value());
    CHECK(test::violated_invariant(*message) == "");
    return std::move(*message);
}

constexpr std::array framings = {Framing::datagram, Framing::stream, Framing::websocket};

} // namespace

TEST_CASE("R35 body: a Content-Length that fits is right in every framing") {
    for (const Framing framing : framings) {
        const Message message = index("l: 0004\r\n", "body", framing);
        CHECK(message.defect() == Error::none);
        CHECK(message.body() == "body");
        CHECK(message.excess() == 0);
    }
}

TEST_CASE("R35 body: bytes beyond Content-Length are noise in a datagram, a fault elsewhere") {
    const Message message = index("Content-Length: 2\r\n", "body", Framing::datagram);
    CHECK(message.defect() == Error::none);
    CHECK(message.body() == "bo");
    CHECK(message.excess() == 2);
    for (const Framing framing : {Framing::stream, Framing::websocket})
        CHECK(index("Content-Length: 2\r\n", "body", framing).defect() ==
              Error::content_length_mismatch);
}

TEST_CASE("R35 body: fewer bytes than Content-Length are a fault in every framing") {
    for (const Framing framing : framings) {
        const Message message = index("Content-Length: 5\r\n", "body", framing);
        CHECK(message.defect() == Error::body_short);
        CHECK(message.body() == "body");
    }
}

TEST_CASE("R35 body: without Content-Length it is the rest, but on a stream there is none") {
    for (const Framing framing : {Framing::datagram, Framing::websocket}) {
        const Message message = index("", "body", framing);
        CHECK(message.defect() == Error::none);
        CHECK(message.body() == "body");
    }
    CHECK(index("", "", Framing::stream).defect() == Error::none);
    CHECK(index("", "body", Framing::stream).defect() == Error::content_length_mismatch);
}

TEST_CASE("R36 body: a Content-Length that is no number, or too large for one, is a fault") {
    for (const char* value : {"-1", "+4", "", "4 4", "4,4", "0x4", "4;a=b", "4.0", "four",
                              "18446744073709551616", "99999999999999999999999999"}) {
        for (const Framing framing : framings) {
            CAPTURE(value);
            CHECK(
                index("Content-Length: " + std::string(value) + "\r\n", "body", framing).defect() ==
                Error::bad_content_length);
        }
    }
}

TEST_CASE("R36 body: a Content-Length of 2**32 or 2**32 + 4 does not wrap to 0 or 4") {
    for (const char* value : {"4294967296", "4294967300", "18446744073709551615"}) {
        for (const Framing framing : framings) {
            CAPTURE(value);
            CHECK(
                index("Content-Length: " + std::string(value) + "\r\n", "body", framing).defect() ==
                Error::body_short);
        }
    }
}

TEST_CASE("R36 body: two Content-Lengths are a fault, told apart by whether they agree") {
    for (const Framing framing : framings) {
        CHECK(index("Content-Length: 4\r\nl: 5\r\n", "body", framing).defect() ==
              Error::content_length_mismatch);
        CHECK(index("l: 4\r\nX: y\r\nContent-Length: 04\r\n", "body", framing).defect() ==
              Error::repeated_header);
        CHECK(index("l: 4\r\nl: x\r\n", "body", framing).defect() == Error::bad_content_length);
    }
}

TEST_CASE("R35 body: its bytes are not looked at") {
    const std::string bytes("\0\r\n\n\rVia: x\r\n\r\n\xff", 15);
    const Message message = index("l: 15\r\n", bytes, Framing::datagram);
    CHECK(message.defect() == Error::none);
    CHECK(message.body() == bytes);
    CHECK(message.headers().size() == 1);
}
