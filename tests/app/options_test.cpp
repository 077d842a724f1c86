#include "app/options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout::app;

namespace {

std::variant<Options, Ending> parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "roundabout");
    return parse_options(static_cast<int>(words.size()), words.data());
}

Options options(std::vector<const char*> words) {
    const auto made = parsed(std::move(words));
    if (const auto* ending = std::get_if<Ending>(&made))
        FAIL(ending->text);
    return std::get<Options>(made);
}

Ending ending(std::vector<const char*> words) {
    const auto made = parsed(std::move(words));
    REQUIRE(std::holds_alternative<Ending>(made));
    return std::get<Ending>(made);
}

} // namespace

TEST_CASE("options: one dash and two mean the same, with the value after a space or '='") {
    const Options one = options({"-local-ip", "192.0.2.1", "-strict-host", "-trusted-server",
                                 "192.0.2.7::5060:tcp:", "-trusted-client-mask", "32",
                                 "-contact-header-fqdn", "-tls-key=k.pem"});
    const Options two = options({"--local-ip", "192.0.2.1", "--strict-host", "--trusted-server",
                                 "192.0.2.7::5060:tcp:", "--trusted-client-mask", "32",
                                 "--contact-header-fqdn", "--tls-key", "k.pem"});
    CHECK(one.flags == two.flags);
    CHECK(one.flags.local_ip == std::vector<std::string>{"192.0.2.1"});
    CHECK(one.flags.trusted_server == std::vector<std::string>{"192.0.2.7::5060:tcp:"});
    CHECK(one.flags.strict_host);
    CHECK_FALSE(one.flags.strict_client);
    CHECK(one.flags.contact_header_fqdn);
    CHECK(one.flags.trusted_client_mask == "32");
    CHECK(one.flags.tls_key == "k.pem");
    CHECK_FALSE(one.flags.tls_cert.has_value());
}

TEST_CASE("options: a flag that takes a list may be repeated") {
    const Options made = options({"-trusted-server", "a", "-trusted-server", "b,c", "-local-fqdn",
                                  "x.example", "--local-fqdn", "y.example"});
    CHECK(made.flags.trusted_server == std::vector<std::string>{"a", "b,c"});
    CHECK(made.flags.local_fqdn == std::vector<std::string>{"x.example", "y.example"});
}

TEST_CASE("options: a file and flags go together") {
    CHECK_FALSE(options({"--config", "r.toml"}).take_over);
    CHECK(options({"--config", "r.toml", "--take-over"}).take_over);
    const Options made = options({"--config", "r.toml", "-ack-ruri", "--check"});
    CHECK(made.config_file == "r.toml");
    CHECK(made.flags.ack_ruri);
    CHECK(made.check);
}

TEST_CASE("options: what is wrong ends with 2 and a word of what it is") {
    CHECK(ending({}).exit_code == 2);
    CHECK(ending({}).text.find("neither --config FILE nor a flag") != std::string::npos);
    for (const auto& words : {std::vector<const char*>{"-strict-hots"},
                              {"r.toml"},
                              {"-local-ip"},
                              {"-strict", "-local-ip", "192.0.2.1"},
                              {"-tls-key", "a", "-tls-key", "b"}}) {
        CHECK(ending(words).exit_code == 2);
        CHECK(ending(words).text.find("see --help") != std::string::npos);
    }
    CHECK(ending({"-csr-cn", "a.example"}).text ==
          "roundabout: -csr-cn means nothing without -csr; see --help\n");
}

TEST_CASE("options: help and version end with 0; help names every flag of one dash") {
    CHECK(ending({"--version"}).exit_code == 0);
    const Ending help = ending({"-help"});
    CHECK(help.exit_code == 0);
    for (const char* flag : {"local-ip",
                             "local-fqdn",
                             "strict-host",
                             "strict-client",
                             "ack-ruri",
                             "trusted-server",
                             "trusted-client-ip",
                             "trusted-client-mask",
                             "default-sip-server",
                             "default-network",
                             "contact-header-fqdn",
                             "tls-key",
                             "tls-cert",
                             "csr",
                             "csr-c",
                             "csr-cn",
                             "csr-l",
                             "csr-o",
                             "csr-ou",
                             "csr-p",
                             "csr-san",
                             "new-key"})
        CHECK_MESSAGE(help.text.find("--" + std::string(flag) + " ") != std::string::npos, flag);
}

TEST_CASE("options: a certificate request has its fields, names and key") {
    const Options made =
        options({"-csr", "-csr-c", "US", "-csr-cn", "proxya.example.com", "-csr-l", "Mountain View",
                 "-csr-o", "The Firm", "-csr-ou", "Development", "-csr-p", "California", "-csr-san",
                 "proxya.example.com,192.0.2.1", "-csr-san", "2001:db8::1", "-tls-key", "KEY.pem"});
    REQUIRE(made.request.has_value());
    const roundabout::csr::Subject& subject = made.request->subject;
    CHECK(subject.country == "US");
    CHECK(subject.common_name == "proxya.example.com");
    CHECK(subject.locality == "Mountain View");
    CHECK(subject.organization == "The Firm");
    CHECK(subject.unit == "Development");
    CHECK(subject.province == "California");
    CHECK(subject.alternative_names ==
          std::vector<std::string>{"proxya.example.com", "192.0.2.1", "2001:db8::1"});
    CHECK(made.request->key_file == "KEY.pem");
    CHECK(made.request->new_key.empty());
}
