#include "registration/register_rules.hpp"
#include "registration/register_scene.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::registration;
using namespace roundabout::test;

// REGISTER by Path (RFC 3327): the registrar has the client's own Contact.

namespace {

const BindingTokens tokens = plain_tokens();
const std::string uri = "sip:c1@x.invalid;transport=ws";
const std::string device = R"(;+sip.instance="<urn:uuid:f81d4fae>")";

RegisterPath by_path() {
    RegisterPath path = wss_path(1);
    path.path_wanted = true;
    return path;
}

RegisterPlan planned(const std::vector<std::string>& lines, std::span<const Binding> existing = {},
                     const RegisterPath& path = by_path()) {
    Result<RegisterPlan> made = plan(register_request({.lines = lines}), path, existing, tokens);
    REQUIRE(made.has_value());
    return std::move(*made);
}

std::vector<std::string> outbound(const std::string& reg_id, const std::string& contact = uri) {
    return {"Contact: <" + contact + ">" + device + ";reg-id=" + reg_id,
            "Supported: path, outbound"};
}

/// What a plan and its 2xx do: "12" ids are not told, but reg-id and granted seconds.
std::vector<std::string> granted(const RegisterCommit& commit) {
    std::vector<std::string> all;
    for (const Binding& binding : commit.changes.upserts)
        all.push_back(std::to_string(binding.reg_id) + " " +
                      std::to_string((binding.expires - noon).count()));
    return all;
}

RegisterCommit answered(const RegisterPlan& plan, const std::vector<std::string>& contacts,
                        std::span<const Binding> existing = {}) {
    std::vector<std::string> lines;
    for (const std::string& contact : contacts)
        lines.push_back("Contact: " + contact);
    const sip::Message response = register_response(lines);
    return commit(plan, response, noon, existing, tokens);
}

} // namespace

TEST_CASE("R12 by Path a Contact stays as it is, and is a binding all the same") {
    const sip::Message request =
        register_request({.lines = {"Contact: <" + uri + ">;q=0.5", "Supported: gruu, PATH"}});
    const RegisterPlan made = *plan(request, by_path(), {}, tokens);
    CHECK(made.by_path);
    CHECK_FALSE(made.outbound);
    CHECK(contact_rows(on_the_way_up(request, made)) ==
          std::vector<std::string>{"<" + uri + ">;q=0.5"});
    REQUIRE(made.contacts.size() == 1);
    CHECK(made.contacts.front().binding.contact_uri == uri);
    CHECK(pending_bindings(made).size() == 1);
}

TEST_CASE("R12 a client that does not say it supports Path gets a Contact of ours") {
    for (const std::string line : {"Supported: gruu", "Supported: pathway", "X-Supported: path"}) {
        const RegisterPlan made = planned({"Contact: <" + uri + ">", line});
        CHECK_FALSE(made.by_path);
        CHECK(made.contacts.front().rewritten.starts_with("sip:c1@proxy.example:5062"));
    }
}

TEST_CASE("R12 a server that wants no Path gets none, whatever the client supports") {
    const RegisterPlan made = planned(outbound("1"), {}, wss_path(1));
    CHECK_FALSE(made.by_path);
    CHECK_FALSE(made.outbound);
    CHECK_FALSE(made.contacts.front().rewritten.empty());
}

TEST_CASE("A query and a removal of everything need no Path") {
    CHECK_FALSE(planned({"Supported: path"}).by_path);
    CHECK_FALSE(planned({"Contact: *", "Expires: 0", "Supported: path"}).by_path);
}

TEST_CASE("Outbound: by option tag, instance and reg-id, and only where we are the first hop") {
    CHECK(planned(outbound("1")).outbound);
    CHECK(planned({"Contact: <" + uri + ">" + device + ";reg-id=1", "k: outbound", "k: path"})
              .outbound);
    CHECK_FALSE(
        planned({"Contact: <" + uri + ">" + device + ";reg-id=1", "Supported: path"}).outbound);
    CHECK_FALSE(planned({"Contact: <" + uri + ">;reg-id=1", "Supported: path, outbound"}).outbound);
    CHECK_FALSE(planned({"Contact: <" + uri + ">" + device, "Supported: path, outbound"}).outbound);
    std::vector<std::string> second_hop = outbound("1");
    second_hop.emplace_back("Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0");
    const RegisterPlan made = planned(second_hop);
    CHECK(made.by_path);
    CHECK_FALSE(made.outbound);
}

TEST_CASE("R4 by Path the 2xx grants by the Contact's own URI, written as the registrar likes it") {
    const RegisterPlan made = planned({"Contact: <" + uri + ">", "Expires: 600", "k: path"});
    CHECK(granted(answered(made, {})) == std::vector<std::string>{"0 600"});
    CHECK(granted(answered(made, {"<sip:c1@X.INVALID;transport=WS>;expires=60",
                                  "<sip:other@192.0.2.99>;expires=3"})) ==
          std::vector<std::string>{"0 60"});
    CHECK(granted(answered(made, {"<sip:other@192.0.2.99>;expires=3"})).empty());
}

TEST_CASE("R1 by Path the client still gets its Contact byte for byte") {
    const RegisterPlan made = planned({"Contact: <" + uri + ">", "Expires: 600", "k: path"});
    const sip::Message response =
        register_response({"Contact: <sip:c1@X.INVALID;transport=ws>;expires=60"});
    const RegisterCommit done = commit(made, response, noon, {}, tokens);
    CHECK(contact_rows(on_the_way_down(response, done)) ==
          std::vector<std::string>{"<" + uri + ">;expires=60"});
}

TEST_CASE("Two flows of one instance under one Contact are two bindings, by their reg-ids") {
    const RegisterPlan first = planned(outbound("1"));
    const RegisterCommit one = answered(first, {"<" + uri + ">" + device + ";reg-id=1;expires=50"});
    REQUIRE(granted(one) == std::vector<std::string>{"1 50"});
    const std::vector<Binding> existing = one.changes.upserts;
    const RegisterPlan second = planned(outbound("2"), existing);
    SUBCASE("the registrar repeats the reg-ids") {
        const RegisterCommit two = answered(second,
                                            {"<" + uri + ">" + device + ";reg-id=1;expires=40",
                                             "<" + uri + ">" + device + ";reg-id=2;expires=60"},
                                            existing);
        CHECK(granted(two) == std::vector<std::string>{"2 60"});
        CHECK(two.changes.removals.empty());
    }
    SUBCASE("it does not") {
        const RegisterCommit two = answered(second, {"<" + uri + ">;expires=60"}, existing);
        CHECK(granted(two) == std::vector<std::string>{"2 60"});
        CHECK(two.changes.removals.empty());
    }
    CHECK(second.contacts.front().binding.id != existing.front().id);
}

TEST_CASE("R10 by Path too, a new Contact of the same instance and reg-id replaces the old one") {
    const RegisterCommit before = answered(planned(outbound("1")), {});
    const std::vector<Binding> existing = before.changes.upserts;
    const RegisterPlan made = planned(outbound("1", "sip:c2@y.invalid"), existing);
    const RegisterCommit after = answered(made, {}, existing);
    REQUIRE(after.changes.removals.size() == 1);
    CHECK(after.changes.removals.front().id == existing.front().id);
    CHECK(after.changes.removals.front().replaced_by == made.contacts.front().binding.id);
}
