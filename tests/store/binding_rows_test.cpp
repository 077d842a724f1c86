#include "registration/binding_fixture.hpp"
#include "store/binding_rows.hpp"
#include "store/migrations.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::store;
using namespace roundabout::test;
using registration::Binding;

namespace {

struct Rows {
    SQLite::Database database{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    bool migrated = migrate(database).has_value();
    BindingRows rows{database};

    std::vector<std::string> faults() {
        std::vector<std::string> found;
        rows.for_each(
            [](const Binding&) {},
            [&](const std::string&, const std::string& fault) { found.push_back(fault); });
        return found;
    }
};

Binding must_find(Rows& in, const registration::BindingId& id) {
    const std::optional<Binding> found = in.rows.find(id);
    REQUIRE(found.has_value());
    return found.value_or(Binding{});
}

} // namespace

TEST_CASE("rows: every field comes back as it was") {
    Rows in;
    for (std::uint32_t i = 0; i < 5; ++i) {
        in.rows.upsert(storable_binding(i));
        CHECK(same(must_find(in, storable_binding(i).id), storable_binding(i)));
    }
    Binding six = storable_binding(6);
    six.flow.local = *Endpoint::parse("[2001:db8::1]:5060");
    six.flow.remote = *Endpoint::parse("[2001:db8::2]:40000");
    six.flow.transport = Transport::udp;
    six.reg_id = 0xFFFFFFFF;
    six.cseq = 0xFFFFFFFF;
    six.user_agent.clear();
    six.instance.clear();
    in.rows.upsert(six);
    CHECK(same(must_find(in, six.id), six));
}

TEST_CASE("rows: escaped NULs and users of NUL bytes are kept whole") {
    Rows in;
    Binding binding = storable_binding(1);
    binding.aor = "sip:null-%00-null@example.com";
    binding.contact_uri = "sip:%00%00@host5.example.com";
    binding.user = std::string(2, '\0');
    in.rows.upsert(binding);
    CHECK(same(must_find(in, binding.id), binding));
    Binding other = storable_binding(2);
    other.contact_uri = "sip:%00@host5.example.com";
    other.user = std::string(1, '\0');
    in.rows.upsert(other);
    CHECK(must_find(in, other.id).user.size() == 1);
    CHECK(must_find(in, binding.id).user.size() == 2);
}

TEST_CASE("rows: only a newer version replaces, and only an older one is removed") {
    Rows in;
    Binding binding = storable_binding(1);
    binding.version = 10;
    in.rows.upsert(binding);
    for (const std::uint64_t version : {9U, 10U}) {
        Binding stale = binding;
        stale.version = version;
        stale.user_agent = "stale";
        in.rows.upsert(stale);
        CHECK(must_find(in, binding.id).user_agent == binding.user_agent);
    }
    binding.version = 11;
    binding.user_agent = "newer";
    in.rows.upsert(binding);
    CHECK(must_find(in, binding.id).user_agent == "newer");
    in.rows.remove({binding.id, {}, 0, 10});
    CHECK(in.rows.any());
    in.rows.remove({binding.id, {}, 0, 12});
    CHECK_FALSE(in.rows.any());
}

TEST_CASE("rows: what has expired goes, to the second") {
    Rows in;
    const Binding binding = storable_binding(1);
    in.rows.upsert(binding);
    CHECK(in.rows.remove_expired(binding.expires - std::chrono::seconds(1)) == 0);
    CHECK(in.rows.remove_expired(binding.expires) == 1);
    CHECK_FALSE(in.rows.any());
}

TEST_CASE("rows: one that no REGISTER could have made is not given out") {
    const std::vector<std::string> damages{
        "aor = 'sip:Alice@EXAMPLE.com'",
        "aor = 'alice'",
        "contact_uri = 'sip:c1@h' || char(13, 10) || 'Via: SIP/2.0/UDP evil'",
        "contact_uri = 'tel:+49'",
        "contact_uri = ''",
        "user = 'somebody'",
        "server = ''",
        "server = 'a' || char(10)",
        "transport = 'sctp'",
        "remote = '192.0.2.1'",
        "remote = 'evil.example:5060'",
        "local = ''",
        "listener = char(0)",
        "outgoing = 256",
        "reg_id = -1",
        "reg_id = 4294967296",
        "q = 1001",
        "call_id = ''",
        "call_id = char(13)",
        "cseq = -5",
        "user_agent = char(10)",
        "instance = char(127)",
        "expires = registered - 1",
        "expires = registered + 1000000000",
        "registered = -1",
        "version = 0",
        "version = 9223372036854775807",
        "contact_uri = 'sip:c1@' || hex(zeroblob(4000))"};
    for (const std::string& damage : damages) {
        CAPTURE(damage);
        Rows in;
        in.rows.upsert(storable_binding(1));
        CHECK(in.faults().empty());
        in.database.exec("UPDATE bindings SET " + damage);
        CHECK(in.faults().size() == 1);
        CHECK_FALSE(in.rows.find(storable_binding(1).id).has_value());
    }
}

TEST_CASE("rows: a damaged row gives way to the client's next registration, whatever it claims") {
    Rows in;
    const Binding binding = storable_binding(1);
    in.rows.upsert(binding);
    in.database.exec("UPDATE bindings SET version = 9223372036854775807");
    const std::string id(binding.id.bytes.begin(), binding.id.bytes.end());
    in.rows.yield_version(id);
    in.rows.upsert(binding);
    CHECK(same(must_find(in, binding.id), binding));
}
