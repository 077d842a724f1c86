#include "config/trusted_server_flag.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::config;

namespace {

Dataset taken(std::string_view word) {
    const Datasets datasets = parse_trusted_servers(word);
    for (const DatasetFault& fault : datasets.faults)
        MESSAGE(fault.field << ": " << fault.message);
    REQUIRE(datasets.faults.empty());
    REQUIRE(datasets.taken.size() == 1);
    return datasets.taken.front();
}

// "FIELD: message; remedy" of the only dataset.
std::string fault_of(std::string_view word) {
    const Datasets datasets = parse_trusted_servers(word);
    REQUIRE(datasets.taken.empty());
    REQUIRE(datasets.faults.size() == 1);
    const DatasetFault& fault = datasets.faults.front();
    CHECK(fault.dataset == word);
    return std::string(fault.field) + ": " + fault.message + "; " + fault.remedy;
}

} // namespace

TEST_CASE("trusted server flag: the smallest dataset is an address and a network") {
    CHECK(taken("203.0.113.20::5060:tcp:") ==
          Dataset{"203.0.113.20", {}, 5060, Transport::tcp, {}});
}

TEST_CASE("trusted server flag: all five fields, several FQDNs and routes between slashes") {
    CHECK(taken("192.0.2.7:PBX.example.com./srv.tel.example.com:5061:WSS:"
                "edge.example.com:5070/sip:[2001:db8::7]:5062;transport=tcp;lr") ==
          Dataset{"192.0.2.7",
                  {"pbx.example.com", "srv.tel.example.com"},
                  5061,
                  Transport::wss,
                  {"edge.example.com:5070", "sip:[2001:db8::7]:5062;transport=tcp;lr"}});
}

TEST_CASE("trusted server flag: every field may be empty, IP where there is a name") {
    CHECK(taken("192.0.2.7::::") == Dataset{"192.0.2.7", {}, {}, {}, {}});
    CHECK(taken(":pbx.example.com:::") == Dataset{"", {"pbx.example.com"}, {}, {}, {}});
    CHECK(fault_of("::5060:tcp:") ==
          "IP: is empty, and FQDNS as well; write the server's address, or a name that has one");
}

TEST_CASE("trusted server flag: IPv6 stands in brackets") {
    CHECK(taken("[2001:DB8::0:1]:pbx.example.com:5060:udp:") ==
          Dataset{"2001:db8::1", {"pbx.example.com"}, 5060, Transport::udp, {}});
    CHECK(fault_of("2001:db8::1:pbx.example.com:5060:udp:")
              .starts_with("IP: \"2001\" is no address"));
}

TEST_CASE("trusted server flag: a malformed dataset is named with the field at fault") {
    CHECK(fault_of("192.0.2.7") ==
          "FQDNS: is missing: five fields stand between four colons; write "
          "IP:FQDNS:PORT:NETWORK:ROUTES, as 203.0.113.20::5060:tcp:");
    CHECK(fault_of("192.0.2.7:a.example:5060").starts_with("NETWORK: is missing"));
    CHECK(fault_of("192.0.2.7:a.example:5060:tcp").starts_with("ROUTES: is missing"));
    CHECK(fault_of("pbx.example.com::5060:tcp:") ==
          "IP: \"pbx.example.com\" is no address; write a name into the second field, FQDNS");
    CHECK(fault_of("0.0.0.0::5060:tcp:").starts_with("IP: nobody is at \"0.0.0.0\""));
    CHECK(fault_of("192.0.2.7:a b:5060:tcp:").starts_with("FQDNS: \"a b\" is no domain name"));
    CHECK(fault_of("192.0.2.7:a.example/:5060:tcp:").starts_with("FQDNS: \"\" is no"));
    CHECK(fault_of("192.0.2.7::70000:tcp:").starts_with("PORT: \"70000\" is no port"));
    CHECK(fault_of("192.0.2.7::0:tcp:").starts_with("PORT: \"0\" is no port"));
    CHECK(fault_of("192.0.2.7::5060:tpc:").starts_with("NETWORK: \"tpc\" is no network"));
    CHECK(fault_of("192.0.2.7::5060:tcp:sip:\xFF@a.example").starts_with("ROUTES: "));
    CHECK(fault_of("192.0.2.7::5060:tcp:mailto:a@b")
              .starts_with("ROUTES: \"mailto:a@b\" is neither"));
}

TEST_CASE("trusted server flag: a fault in one dataset does not hide the others") {
    const Datasets datasets =
        parse_trusted_servers("192.0.2.7::5060:tcp:,192.0.2.8::x:tcp:,192.0.2.9::5060:udp:,");
    REQUIRE(datasets.taken.size() == 2);
    CHECK(datasets.taken[1].ip == "192.0.2.9");
    REQUIRE(datasets.faults.size() == 2);
    CHECK(datasets.faults[0].dataset == "192.0.2.8::x:tcp:");
    CHECK(datasets.faults[0].field == "PORT");
    CHECK(datasets.faults[1].field == "FQDNS");
}
