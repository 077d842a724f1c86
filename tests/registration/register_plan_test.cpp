#include "registration/register_rules.hpp"
#include "registration/register_scene.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace roundabout;
using namespace roundabout::registration;
using namespace roundabout::test;

namespace {

const BindingTokens tokens = plain_tokens();

RegisterPlan planned(const sip::Message& request, std::span<const Binding> existing = {}) {
    Result<RegisterPlan> made = plan(request, udp_path(), existing, tokens);
    REQUIRE(made.has_value());
    return std::move(*made);
}

Error refusal(const RegisterText& text) {
    const Result<RegisterPlan> made = plan(register_request(text), udp_path(), {}, tokens);
    return made ? Error::none : to_error(made.error());
}

std::vector<std::string> contacts_up(const std::vector<std::string>& lines) {
    const sip::Message request = register_request({.lines = lines});
    return contact_rows(on_the_way_up(request, planned(request)));
}

/// The rewritten URI of a Contact URI of alice's.
std::string ours(const std::string& user, const std::string& uri) {
    const BindingId id = *tokens.id("pbx", "sip:alice@example.com", uri, "", 0);
    return "sip:" + user + "@proxy.example:5062;transport=udp;rb=" + tokens.text(id);
}

sip::Message torture(const std::string& name) {
    const std::ifstream file(std::string(ROUNDABOUT_TEST_DATA "/torture/rfc4475/") + name,
                             std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return message(bytes.str());
}

} // namespace

TEST_CASE("R1 the Contact's user goes up byte for byte, and nothing else of the client's URI") {
    const std::string uri = "sip:%61l-7x@192.0.2.7:40000;transport=ws;ob";
    CHECK(contacts_up({"Contact: <" + uri + ">;expires=60"}) ==
          std::vector<std::string>{"<" + ours("%61l-7x", uri) + ">;expires=60"});
}

TEST_CASE("R1 a Contact without user goes up without user") {
    const std::string uri = "sip:192.0.2.7:40000";
    const BindingId id = *tokens.id("pbx", "sip:alice@example.com", uri, "", 0);
    CHECK(contacts_up({"Contact: <" + uri + ">"}) ==
          std::vector<std::string>{"<sip:proxy.example:5062;transport=udp;rb=" + tokens.text(id) +
                                   ">"});
}

TEST_CASE("R1 a password in a Contact stays here") {
    const std::string uri = "sip:alice:secret@192.0.2.7";
    CHECK(contacts_up({"Contact: <" + uri + ">"}) ==
          std::vector<std::string>{"<" + ours("alice", uri) + ">"});
}

TEST_CASE("rewritten Contact: WSS is written ws, an IPv6 host keeps its brackets") {
    const sip::Uri uri = *sip::parse_uri("sip:a@x.invalid");
    CHECK(rewritten_contact(uri, "abc", {"[2001:db8::1]", 443, Transport::wss}) ==
          "sip:a@[2001:db8::1]:443;transport=ws;rb=abc");
}

TEST_CASE("the same REGISTER is rewritten the same way each time") {
    const std::vector<std::string> lines{
        "Contact: <sip:a@x.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1"};
    CHECK(contacts_up(lines) == contacts_up(lines));
}

TEST_CASE("a Contact that is known keeps the id of its row, whatever the key says by now") {
    const sip::Message request = register_request({.lines = {"Contact: <sip:a@192.0.2.7>"}});
    Binding row = planned(request).contacts.at(0).binding;
    row.id.bytes = {1, 2, 3};
    const RegisterPlan again = planned(request, {&row, 1});
    CHECK(again.contacts.at(0).binding.id == row.id);
    CHECK(again.contacts.at(0).rewritten.ends_with(";rb=" + tokens.text(row.id)));
    row.instance = "another";
    CHECK(planned(request, {&row, 1}).contacts.at(0).binding.id != row.id);
}

TEST_CASE("R7 several Contacts, in rows and joined by commas: each URI is rewritten, only it") {
    CHECK(contacts_up({"Contact: \"A, B\" <sip:a@192.0.2.7>;q=0.5;expires=60, <sip:b@192.0.2.7>",
                       "m: <sip:c@192.0.2.7>;x=\"y,z\";expires=0"}) ==
          std::vector<std::string>{"\"A, B\" <" + ours("a", "sip:a@192.0.2.7") +
                                       ">;q=0.5;expires=60, <" + ours("b", "sip:b@192.0.2.7") + ">",
                                   "<" + ours("c", "sip:c@192.0.2.7") + ">;x=\"y,z\";expires=0"});
}

TEST_CASE("R7 in addr-spec form the parameters are the header's, so brackets are added") {
    CHECK(contacts_up({"Contact: sip:a@192.0.2.7;expires=60;foo"}) ==
          std::vector<std::string>{"<" + ours("a", "sip:a@192.0.2.7") + ">;expires=60;foo"});
}

TEST_CASE("R7 each Contact asks for its own expiry, else for that of the header field") {
    const sip::Message request =
        register_request({.lines = {"Contact: <sip:a@h>;expires=60, <sip:b@h>, "
                                    "<sip:c@h>;expires=99999999999999, <sip:d@h>;expires=soon",
                                    "Expires: 120"}});
    const RegisterPlan made = planned(request);
    CHECK(made.contacts.at(0).requested == 60U);
    CHECK(made.contacts.at(1).requested == 120U);
    CHECK(made.contacts.at(2).requested == 0xFFFFFFFFU);
    CHECK(made.contacts.at(3).requested == 3600U);
    const RegisterPlan open = planned(register_request({.lines = {"Contact: <sip:a@h>"}}));
    CHECK_FALSE(open.contacts.at(0).requested.has_value());
}

TEST_CASE("R6 a REGISTER without Contact is a query") {
    const RegisterPlan made = planned(register_request({}));
    CHECK(made.kind == RegisterPlan::Kind::query);
    CHECK(made.contacts.empty());
    CHECK(made.aor == "sip:alice@example.com");
}

TEST_CASE("R5 * is taken alone and with Expires: 0 only, and goes up as it is") {
    const sip::Message request = register_request({.lines = {"Contact: *", "Expires: 0"}});
    const RegisterPlan made = planned(request);
    CHECK(made.kind == RegisterPlan::Kind::remove_all);
    CHECK(on_the_way_up(request, made) == request.bytes());
    CHECK(refusal({.lines = {"Contact: *"}}) == Error::bad_contact);
    CHECK(refusal({.lines = {"Contact: *", "Expires: 60"}}) == Error::bad_contact);
    CHECK(refusal({.lines = {"Contact: *, <sip:a@h>", "Expires: 0"}}) == Error::bad_contact);
    CHECK(refusal({.lines = {"Contact: <sip:a@h>", "Contact: *", "Expires: 0"}}) ==
          Error::bad_contact);
    CHECK(refusal({.lines = {"Contact: *", "Contact: *", "Expires: 0"}}) == Error::bad_contact);
}

TEST_CASE("R13 a Contact with gr, and one that is no SIP URI, is left alone") {
    const std::vector<std::string> lines{
        "Contact: <sip:alice@example.com;gr=urn:uuid:1>;expires=60",
        "Contact: <tel:+4912345>, <mailto:a@example.com>"};
    const sip::Message request = register_request({.lines = lines});
    const RegisterPlan made = planned(request);
    CHECK(made.kind == RegisterPlan::Kind::update);
    CHECK(made.contacts.empty());
    CHECK(on_the_way_up(request, made) == request.bytes());
}

TEST_CASE("R13 an instance and a gruu parameter beside the URI go up untouched") {
    CHECK(contacts_up({"Contact: <sip:a@h>;+sip.instance=\"<urn:uuid:1>\";pub-gruu=\"sip:x;gr\""})
              .at(0)
              .ends_with(">;+sip.instance=\"<urn:uuid:1>\";pub-gruu=\"sip:x;gr\""));
}

TEST_CASE("a malformed Contact, too many, and values nobody needs to be that long are refused") {
    CHECK(refusal({.lines = {"Contact: <sip:a@>"}}) == Error::bad_contact);
    CHECK(refusal({.lines = {"Contact: <sip:a@h"}}) == Error::bad_contact);
    std::string many = "Contact: <sip:a@h>";
    for (std::size_t i = 1; i < contacts_limit; ++i)
        many += ",<sip:a" + std::to_string(i) + "@h>";
    CHECK(refusal({.lines = {many}}) == Error::none);
    CHECK(refusal({.lines = {many + ",<sip:b@h>"}}) == Error::too_many_values);
    const std::string longer(value_limit, 'x');
    CHECK(refusal({.lines = {"Contact: <sip:" + longer + "@h>"}}) == Error::value_too_long);
    CHECK(refusal({.lines = {"Contact: <sip:a@h>;+sip.instance=\"<" + longer + "x>\""}}) ==
          Error::value_too_long);
    CHECK(refusal({.lines = {}, .call_id = longer + "x"}) == Error::value_too_long);
}

TEST_CASE("a To that is no SIP URI has no bindings") {
    CHECK(refusal({.lines = {"Contact: <sip:a@h>"}, .to = "<tel:+4912345>"}) ==
          Error::unsupported_scheme);
    CHECK(refusal({.lines = {"Contact: <sip:a@h>"}, .to = "<sip:>"}) == Error::bad_from_or_to);
}

TEST_CASE("what is pending says all that the binding will be but its times") {
    const RegisterPlan made = planned(register_request(
        {.lines = {"Contact: <sip:a%20b@192.0.2.7:40000>;q=0.25;reg-id=2;+sip.instance=\"<i>\"",
                   "User-Agent: Phone/1.0"},
         .call_id = "c9",
         .cseq = 17}));
    const Binding& binding = made.contacts.at(0).binding;
    CHECK(binding.aor == "sip:alice@example.com");
    CHECK(binding.contact_uri == "sip:a%20b@192.0.2.7:40000");
    CHECK(binding.user == "a b");
    CHECK(binding.server == "pbx");
    CHECK(binding.flow == udp_path().flow);
    CHECK(binding.listener == "udp 192.0.2.1:5060");
    CHECK(binding.instance == "i");
    CHECK(binding.reg_id == 2);
    CHECK(binding.q == 250);
    CHECK(binding.call_id == "c9");
    CHECK(binding.cseq == 17);
    CHECK(binding.user_agent == "Phone/1.0");
}

TEST_CASE("a NAT is seen where Contact or Via name another address than the source") {
    const auto nat = [](const std::string& contact, const std::string& via) {
        return planned(
                   register_request({.lines = {"Contact: <sip:a@" + contact + ">"}, .via = via}))
            .contacts.at(0)
            .binding.behind_nat;
    };
    CHECK_FALSE(nat("192.0.2.7:40000", "192.0.2.7:40000"));
    CHECK(nat("192.0.2.7:5060", "192.0.2.7:40000"));
    CHECK(nat("10.0.0.5:40000", "192.0.2.7:40000"));
    CHECK(nat("192.0.2.7:40000", "10.0.0.5:40000"));
    CHECK(nat("df7jal23ls0d.invalid", "192.0.2.7:40000"));
}

TEST_CASE("pending: each Contact once, and none that is to end") {
    const RegisterPlan made = planned(register_request(
        {.lines = {"Contact: <sip:a@h>, <sip:a@h>, <sip:b@h>;expires=0, <sip:c@h>"}}));
    CHECK(made.contacts.size() == 4);
    const std::vector<Binding> pending = pending_bindings(made);
    REQUIRE(pending.size() == 2);
    CHECK(pending[0].user == "a");
    CHECK(pending[1].user == "c");
}

TEST_CASE("RFC 4475 escnull: %00 and %00%00 are two bindings with users of one and two NULs") {
    const RegisterPlan made = planned(torture("escnull.dat"));
    REQUIRE(made.contacts.size() == 2);
    CHECK(made.aor == "sip:null-%00-null@example.com");
    CHECK(made.contacts[0].binding.user == std::string(1, '\0'));
    CHECK(made.contacts[1].binding.user == std::string(2, '\0'));
    CHECK(made.contacts[0].binding.id != made.contacts[1].binding.id);
    CHECK(made.contacts[0].rewritten.starts_with("sip:%00@proxy.example"));
    CHECK(made.contacts[1].rewritten.starts_with("sip:%00%00@proxy.example"));
}

TEST_CASE("RFC 4475 regescrt: a header inside the Contact URI is kept with it and never applied") {
    const sip::Message request = torture("regescrt.dat");
    const RegisterPlan made = planned(request);
    CHECK(made.contacts.at(0).binding.contact_uri ==
          "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
    CHECK(made.contacts.at(0).rewritten.find("Route") == std::string::npos);
    CHECK(on_the_way_up(request, made).find("Route") == std::string::npos);
}

TEST_CASE("RFC 4475 cparam01 and cparam02: the parameter stays with the header or the URI") {
    const sip::Message header = torture("cparam01.dat");
    CHECK(contact_rows(on_the_way_up(header, planned(header))).at(0).ends_with(">;unknownparam"));
    const sip::Message uri = torture("cparam02.dat");
    const RegisterPlan made = planned(uri);
    CHECK(made.contacts.at(0).binding.contact_uri ==
          "sip:+19725552222@gw1.example.net;unknownparam");
    CHECK_FALSE(contact_rows(on_the_way_up(uri, made)).at(0).ends_with("unknownparam"));
}

TEST_CASE("RFC 4475 unksm2: a To of an unknown scheme is refused before its Contacts are read") {
    const Result<RegisterPlan> made = plan(torture("unksm2.dat"), udp_path(), {}, tokens);
    REQUIRE_FALSE(made.has_value());
    CHECK(to_error(made.error()) == Error::unsupported_scheme);
}
