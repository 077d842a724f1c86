#include "base/transport.hpp"

#include <doctest/doctest.h>

using namespace roundabout;

TEST_CASE(
    "transport: names in configuration and Via are read in any case and written as the RFC does") {
    for (const Transport transport : all_transports) {
        CHECK(*parse_transport(name(transport)) == transport);
        CHECK(*parse_transport(via_name(transport)) == transport);
    }
    CHECK(*parse_transport("WsS") == Transport::wss);
    CHECK(to_error(parse_transport("sctp").error()) == Error::bad_transport);
    CHECK_FALSE(parse_transport("").has_value());
}

TEST_CASE("R21 transport: WSS is transport=ws in a URI, its port tells them apart") {
    CHECK(uri_parameter(Transport::wss) == "ws");
    CHECK(uri_parameter(Transport::ws) == "ws");
    CHECK(default_port(Transport::ws) == 80);
    CHECK(default_port(Transport::wss) == 443);
    CHECK(default_port(Transport::tls) == 5061);
}

TEST_CASE("error: each enumerator has a sentence of its own") {
    for (int value = 0; value <= static_cast<int>(Error::stopped); ++value) {
        CHECK(sentence(static_cast<Error>(value)) != "unknown error");
        CHECK(make_error_code(static_cast<Error>(value)).message() ==
              sentence(static_cast<Error>(value)));
    }
    CHECK(sentence(static_cast<Error>(9999)) == "unknown error");
}
