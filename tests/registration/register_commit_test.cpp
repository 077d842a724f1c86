#include "registration/register_rules.hpp"
#include "registration/register_scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace roundabout;
using namespace roundabout::registration;
using namespace roundabout::test;

namespace {

const BindingTokens tokens = plain_tokens();

struct Exchange {
    RegisterText request = {};
    // NOLINTBEGIN(readability-redundant-member-init): so that a test names the first ones only
    std::vector<std::string> response = {};
    std::vector<Binding> existing = {};
    // NOLINTEND(readability-redundant-member-init)
    RegisterPath path = udp_path();
};

/// What an exchange did, with the messages it was about kept alive.
struct Done {
    sip::Message request;
    sip::Message response;
    RegisterPlan plan;
    RegisterCommit commit;

    [[nodiscard]] std::vector<std::string> rows() const {
        return contact_rows(on_the_way_down(response, commit));
    }
    /// User and granted seconds of each upsert: "a 60".
    [[nodiscard]] std::vector<std::string> granted() const {
        std::vector<std::string> out;
        out.reserve(commit.changes.upserts.size());
        for (const Binding& binding : commit.changes.upserts)
            out.push_back(binding.user + " " + std::to_string((binding.expires - noon).count()));
        return out;
    }
};

Done run(const Exchange& exchange) {
    Done done;
    done.request = register_request(exchange.request);
    Result<RegisterPlan> made = plan(done.request, exchange.path, exchange.existing, tokens);
    REQUIRE(made.has_value());
    done.plan = std::move(*made);
    done.response = register_response(exchange.response);
    done.commit = commit(done.plan, done.response, noon, exchange.existing, tokens);
    return done;
}

/// The URI that stands for alice's Contact `uri` at the registrar.
std::string ours(const std::string& uri, const std::string& instance = "", std::uint32_t reg = 0) {
    const BindingId id = *tokens.id("pbx", "sip:alice@example.com", uri, instance, reg);
    return rewritten_contact(*sip::parse_uri(uri), tokens.text(id), udp_path().facing);
}

/// What one REGISTER of one Contact leaves behind.
Binding registered(const std::string& contact, const RegisterPath& path = udp_path(),
                   const RegisterText& text = {}) {
    RegisterText request = text;
    request.lines = {"Contact: " + contact, "Expires: 600"};
    const Exchange exchange{request, {}, {}, path};
    const Done done = run(exchange);
    REQUIRE(done.commit.changes.upserts.size() == 1);
    return done.commit.changes.upserts.front();
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("R1 the client's own URI comes back byte for byte, header parameters as granted") {
    const std::string uri = "sip:%61x@df7jal23ls0d.invalid;transport=ws;ob";
    const Done done = run({{.lines = {"Contact: <" + uri + ">;expires=600;q=0.1"}},
                           {"Contact: <" + ours(uri) + ">;expires=120;q=0.7"}});
    CHECK(done.rows() == Lines{"<" + uri + ">;expires=120;q=0.7"});
    CHECK(done.granted() == Lines{"ax 120"});
    CHECK(done.commit.changes.upserts.at(0).contact_uri == uri);
    CHECK(done.commit.changes.upserts.at(0).q == 700);
    CHECK(done.commit.changes.upserts.at(0).registered == noon);
}

TEST_CASE("R1 a Contact is recognised by its token, in whatever order or case it comes back") {
    const std::string uri = "sip:a@192.0.2.7";
    const std::string id = tokens.text(*tokens.id("pbx", "sip:alice@example.com", uri, "", 0));
    std::string upper = id;
    std::ranges::transform(upper, upper.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    for (const std::string& back :
         {"<sip:a@proxy.example:5062;rb=" + id + ";transport=udp>;expires=60",
          "\"A\" <sip:a@PROXY.example:5062;Transport=UDP;RB=" + upper + ">;expires=60",
          "<sip:%61@192.0.2.1;rb=" + id + ";lr>;expires=60"}) {
        CAPTURE(back);
        const Done done = run({{.lines = {"Contact: <" + uri + ">"}}, {"Contact: " + back}});
        CHECK(done.granted() == Lines{"a 60"});
        CHECK(done.rows().at(0).find("<" + uri + ">;expires=60") != std::string::npos);
    }
}

TEST_CASE("R1 rows, order and unknown parameters of the 2xx stay as the registrar sent them") {
    const std::string a = "sip:a@192.0.2.7";
    const std::string b = "sip:b@192.0.2.7";
    const Done done =
        run({{.lines = {"Contact: <" + a + ">, <" + b + ">"}},
             {"Contact: <" + ours(b) + ">;expires=30;x=y , <" + ours(a) + ">;expires=40",
              "m: <sip:other@192.0.2.200>;expires=50"}});
    CHECK(done.rows() == Lines{"<" + b + ">;expires=30;x=y , <" + a + ">;expires=40",
                               "<sip:other@192.0.2.200>;expires=50"});
    CHECK(done.granted() == Lines{"a 40", "b 30"});
}

TEST_CASE("R1 a registrar that loses our parameter is understood by host, port and a unique user") {
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>, <sip:b@192.0.2.7>"}},
                           {"Contact: <sip:a@proxy.example:5062>;expires=60",
                            "Contact: <sip:b@192.0.2.99:5062>;expires=60"}});
    CHECK(done.granted() == Lines{"a 60"});
    CHECK(done.rows() ==
          Lines{"<sip:a@192.0.2.7>;expires=60", "<sip:b@192.0.2.99:5062>;expires=60"});
}

TEST_CASE("R9 two Contacts of one user are never guessed apart") {
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>, <sip:a@192.0.2.8>"}},
                           {"Contact: <sip:a@proxy.example:5062>;expires=60"}});
    CHECK(done.commit.restored.empty());
    CHECK(done.commit.changes.empty());
}

TEST_CASE("R2 another device's Contact stays in our form") {
    const Binding other = [] {
        RegisterPath path = udp_path();
        path.flow.remote = *Endpoint::parse("192.0.2.8:40000");
        return registered("<sip:b@10.0.0.8>;reg-id=1;+sip.instance=\"<two>\"", path);
    }();
    const std::string theirs = "<" + ours("sip:b@10.0.0.8", "two", 1) + ">;expires=500";
    const Done done =
        run({{.lines = {"Contact: <sip:a@192.0.2.7>;+sip.instance=\"<one>\";reg-id=1"}},
             {"Contact: <" + ours("sip:a@192.0.2.7", "one", 1) + ">;expires=60, " + theirs},
             {other}});
    CHECK(done.rows() == Lines{"<sip:a@192.0.2.7>;expires=60, " + theirs});
    CHECK(done.granted() == Lines{"a 60"});
    CHECK(done.commit.changes.removals.empty());
}

TEST_CASE("R2 what the same device registered earlier comes back as its own: by instance") {
    const RegisterPath before = wss_path(1);
    const Binding earlier =
        registered("<sip:old@x.invalid>;+sip.instance=\"<one>\"", before, {.call_id = "call-0"});
    const Exchange exchange{{.lines = {"Contact: <sip:new@x.invalid>;+sip.instance=\"<one>\""}},
                            {"Contact: <" + ours("sip:old@x.invalid", "one") + ">;expires=9",
                             "Contact: <" + ours("sip:new@x.invalid", "one") + ">;expires=60"},
                            {earlier},
                            wss_path(2)};
    CHECK(run(exchange).rows() ==
          Lines{"<sip:old@x.invalid>;expires=9", "<sip:new@x.invalid>;expires=60"});
}

TEST_CASE("R2 what the same device registered earlier comes back as its own: by flow") {
    const Binding stream = registered("<sip:old@x.invalid>", wss_path(5));
    const Lines listed{"Contact: <" + ours("sip:old@x.invalid") + ">;expires=9"};
    CHECK(run({{}, listed, {stream}, wss_path(5)}).rows() ==
          Lines{"<sip:old@x.invalid>;expires=9"});
    CHECK(run({{}, listed, {stream}, wss_path(6)}).commit.restored.empty());

    const Binding datagram = registered("<sip:old@x.invalid>");
    CHECK(run({{}, listed, {datagram}, udp_path()}).rows() ==
          Lines{"<sip:old@x.invalid>;expires=9"});
    RegisterPath moved = udp_path();
    moved.flow.remote.port = 40001;
    CHECK(run({{}, listed, {datagram}, moved}).commit.restored.empty());
    moved = udp_path();
    moved.listener = "udp 192.0.2.2:5060";
    CHECK(run({{}, listed, {datagram}, moved}).commit.restored.empty());
}

TEST_CASE("R6 a query stores nothing and still gets its own Contacts back") {
    const Binding row = registered("<sip:a@192.0.2.7>");
    const Done done =
        run({{.cseq = 2}, {"Contact: <" + ours("sip:a@192.0.2.7") + ">;expires=500"}, {row}});
    CHECK(done.rows() == Lines{"<sip:a@192.0.2.7>;expires=500"});
    CHECK(done.commit.changes.empty());
}

TEST_CASE("R4 granted: the Contact's expires, else Expires, else what was asked, else an hour") {
    const std::string uri = "sip:a@192.0.2.7";
    const auto granted = [&](const Lines& request, const Lines& response) {
        return run({{.lines = request}, response}).granted();
    };
    const std::string mine = "Contact: <" + ours(uri) + ">";
    const std::string asked = "Contact: <" + uri + ">;expires=600";
    CHECK(granted({asked}, {mine + ";expires=60", "Expires: 90"}) == Lines{"a 60"});
    CHECK(granted({asked}, {mine, "Expires: 90"}) == Lines{"a 90"});
    CHECK(granted({asked}, {mine}) == Lines{"a 600"});
    CHECK(granted({"Contact: <" + uri + ">", "Expires: 700"}, {mine}) == Lines{"a 700"});
    CHECK(granted({"Contact: <" + uri + ">"}, {mine}) == Lines{"a 3600"});
    CHECK(granted({asked}, {mine + ";expires=junk"}) == Lines{"a 3600"});
    CHECK(granted({asked}, {mine + ";expires=4294967295"}) ==
          Lines{"a " + std::to_string(longest_expiry)});
}

TEST_CASE("R4 a 2xx without Contact accepts all, as they were asked for") {
    const Done done =
        run({{.lines = {"Contact: <sip:a@h>;expires=60, <sip:b@h>", "Expires: 90"}}, {}});
    CHECK(done.granted() == Lines{"a 60", "b 90"});
    CHECK(run({{.lines = {"Contact: <sip:a@h>"}}, {"Expires: 30"}}).granted() == Lines{"a 30"});
}

TEST_CASE("R4 absence ends a Contact of this REGISTER, and of no other") {
    const Binding a = registered("<sip:a@192.0.2.7>");
    const Binding other = registered("<sip:other@192.0.2.7>");
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>, <sip:b@192.0.2.7>"}, .cseq = 2},
                           {"Contact: <" + ours("sip:b@192.0.2.7") + ">;expires=60"},
                           {a, other}});
    CHECK(done.granted() == Lines{"b 60"});
    REQUIRE(done.commit.changes.removals.size() == 1);
    CHECK(done.commit.changes.removals[0].id == a.id);
}

TEST_CASE("R4 a Contact ends by expires=0, listed, unlisted or unconfirmed") {
    const Binding a = registered("<sip:a@192.0.2.7>");
    const Binding b = registered("<sip:b@192.0.2.7>");
    const std::string mine = "<" + ours("sip:a@192.0.2.7") + ">";
    const std::string other = "Contact: <" + ours("sip:b@192.0.2.7") + ">;expires=500";
    for (const Lines& response :
         {Lines{}, Lines{"Contact: " + mine + ";expires=0"}, Lines{other}, Lines{"Expires: 600"}}) {
        const Done done =
            run({{.lines = {"Contact: <sip:a@192.0.2.7>;expires=0"}, .cseq = 2}, response, {a, b}});
        CHECK(done.commit.changes.upserts.empty());
        REQUIRE(done.commit.changes.removals.size() == 1);
        CHECK(done.commit.changes.removals[0].id == a.id);
        CHECK(done.commit.changes.removals[0].call_id == "call-1");
        CHECK(done.commit.changes.removals[0].cseq == 2);
    }
}

TEST_CASE("R4 what the registrar grants counts, even where the client asked for the end") {
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>;expires=0"}},
                           {"Contact: <" + ours("sip:a@192.0.2.7") + ">;expires=60"}});
    CHECK(done.granted() == Lines{"a 60"});
}

TEST_CASE("R4 nothing is removed that was never there") {
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>;expires=0"}}, {}});
    CHECK(done.commit.changes.empty());
}

TEST_CASE("R5 * ends every binding that it was shown and nothing later") {
    const Binding a = registered("<sip:a@192.0.2.7>");
    const Binding b = registered("<sip:b@192.0.2.8>", udp_path(), {.call_id = "call-b"});
    const Binding later = registered("<sip:c@192.0.2.7>", udp_path(), {.cseq = 9});
    const Done done = run({{.lines = {"Contact: *", "Expires: 0"}, .cseq = 2}, {}, {a, b, later}});
    REQUIRE(done.commit.changes.removals.size() == 2);
    CHECK(done.commit.changes.removals[0].id == a.id);
    CHECK(done.commit.changes.removals[1].id == b.id);
    CHECK(done.commit.overtaken == 1);
}

TEST_CASE("R8 a 2xx that a later CSeq of its Call-ID has overtaken changes nothing") {
    const Binding row = registered("<sip:a@192.0.2.7>", udp_path(), {.cseq = 5});
    const Lines granted{"Contact: <" + ours("sip:a@192.0.2.7") + ">;expires=60"};
    const RegisterText older{.lines = {"Contact: <sip:a@192.0.2.7>"}, .cseq = 4};
    CHECK(run({older, granted, {row}}).commit.changes.empty());
    CHECK(run({older, granted, {row}}).commit.overtaken == 1);
    CHECK(run({older, granted, {row}}).rows() == Lines{"<sip:a@192.0.2.7>;expires=60"});
    RegisterText ending = older;
    ending.lines = {"Contact: <sip:a@192.0.2.7>;expires=0"};
    CHECK(run({ending, {}, {row}}).commit.changes.empty());
    RegisterText again = older;
    again.cseq = 5;
    CHECK(run({again, granted, {row}}).granted() == Lines{"a 60"});
    RegisterText elsewhere = older;
    elsewhere.call_id = "call-2";
    CHECK(run({elsewhere, granted, {row}}).granted() == Lines{"a 60"});
}

TEST_CASE("R10 a new Contact of the same instance and reg-id ends the old one") {
    const auto contact = [](const std::string& user, const std::string& rest) {
        return "<sip:" + user + "@x.invalid>" + rest;
    };
    const std::string one = ";+sip.instance=\"<one>\"";
    const Binding old = registered(contact("old", one + ";reg-id=1"), wss_path(1));
    const Binding second = registered(contact("second", one + ";reg-id=2"), wss_path(1));
    const Binding other =
        registered(contact("x", ";+sip.instance=\"<two>\";reg-id=1"), wss_path(3));
    const Exchange reload{
        {.lines = {"Contact: " + contact("new", one + ";reg-id=1")}, .call_id = "call-2"},
        {"Contact: <" + ours("sip:new@x.invalid", "one", 1) + ">;expires=60"},
        {old, second, other},
        wss_path(2)};
    const Done done = run(reload);
    CHECK(done.granted() == Lines{"new 60"});
    REQUIRE(done.commit.changes.removals.size() == 1);
    CHECK(done.commit.changes.removals[0].id == old.id);
    CHECK(done.commit.changes.removals[0].call_id.empty());
    CHECK(done.commit.changes.removals[0].replaced_by == done.commit.changes.upserts[0].id);
}

TEST_CASE("R10 without reg-id, an instance may have several Contacts") {
    const Binding old = registered("<sip:old@h>;+sip.instance=\"<one>\"");
    const Done done = run({{.lines = {"Contact: <sip:new@h>;+sip.instance=\"<one>\""}}, {}, {old}});
    CHECK(done.granted() == Lines{"new 3600"});
    CHECK(done.commit.changes.removals.empty());
}

TEST_CASE("R10 an overtaken Contact does not come back over the one that replaced it") {
    const std::string same = ";+sip.instance=\"<one>\";reg-id=1";
    const Binding newer = registered("<sip:new@h>" + same, udp_path(), {.cseq = 7});
    const Done done = run({{.lines = {"Contact: <sip:old@h>" + same}, .cseq = 6}, {}, {newer}});
    CHECK(done.commit.changes.empty());
    CHECK(done.commit.overtaken == 1);
}

TEST_CASE("R10 two Contacts of one REGISTER never end each other") {
    const std::string same = ";+sip.instance=\"<one>\";reg-id=1";
    const Binding a = registered("<sip:a@h>" + same);
    const Done done =
        run({{.lines = {"Contact: <sip:a@h>" + same + ", <sip:b@h>" + same}, .cseq = 2}, {}, {a}});
    CHECK(done.granted() == Lines{"a 3600", "b 3600"});
    CHECK(done.commit.changes.removals.empty());
}

TEST_CASE("R7 one Contact written twice is one binding, and both rows come back") {
    const std::string mine = "<" + ours("sip:a@h") + ">;expires=60";
    const Done done =
        run({{.lines = {"Contact: <sip:a@h>, <sip:a@h>"}}, {"Contact: " + mine + ", " + mine}});
    CHECK(done.granted() == Lines{"a 60"});
    CHECK(done.rows() == Lines{"<sip:a@h>;expires=60, <sip:a@h>;expires=60"});
}

TEST_CASE("R7 a registrar that answers in addr-spec form is understood") {
    // Without brackets even our rb= belongs to the header field, so it is the user that tells.
    const Done done = run({{.lines = {"Contact: <sip:a@192.0.2.7>"}},
                           {"Contact: " + ours("sip:a@192.0.2.7") + ";expires=60"}});
    CHECK(done.granted() == Lines{"a 60"});
    CHECK(done.rows().at(0).starts_with("<sip:a@192.0.2.7>;"));
    CHECK(done.rows().at(0).ends_with(";expires=60"));
}

TEST_CASE("R9 a token that is nobody's is left as it stands") {
    const std::string forged =
        "<sip:a@proxy.example:5062;rb=" + std::string(24, '7') + ">;expires=60";
    const Done done = run({{.lines = {"Contact: <sip:b@192.0.2.7>"}}, {"Contact: " + forged}});
    CHECK(done.rows() == Lines{forged});
    CHECK(done.commit.changes.empty());
}

TEST_CASE("R13 a GRUU in the 2xx comes back as it is, and binds nothing") {
    const std::string gruu = "<sip:alice@example.com;gr=urn:uuid:1>;expires=60";
    const Done done = run({{.lines = {"Contact: " + gruu}}, {"Contact: " + gruu}});
    CHECK(done.rows() == Lines{gruu});
    CHECK(done.commit.changes.empty());
}

TEST_CASE("a malformed Contact in the 2xx hurts nobody else's") {
    const Done done = run({{.lines = {"Contact: <sip:a@h>"}},
                           {"Contact: <sip:x@>, <" + ours("sip:a@h") + ">;expires=60"}});
    CHECK(done.granted() == Lines{"a 60"});
    CHECK(done.rows() == Lines{"<sip:x@>, <sip:a@h>;expires=60"});
}

TEST_CASE("escaped NULs: two keys are granted, and come back, each as its own") {
    const Done done = run({{.lines = {"Contact: <sip:%00@h>, <sip:%00%00@h>"}},
                           {"Contact: <" + ours("sip:%00%00@h") + ">;expires=20",
                            "Contact: <" + ours("sip:%00@h") + ">;expires=10"}});
    REQUIRE(done.commit.changes.upserts.size() == 2);
    CHECK((done.commit.changes.upserts[0].expires - noon).count() == 10);
    CHECK((done.commit.changes.upserts[1].expires - noon).count() == 20);
    CHECK(done.rows() == Lines{"<sip:%00%00@h>;expires=20", "<sip:%00@h>;expires=10"});
}
