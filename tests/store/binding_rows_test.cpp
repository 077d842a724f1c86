#include "registration/binding_fixture.hpp"
#include "store/binding_rows.hpp"
#include "store/migrations.hpp"
#include "store/outcomes.hpp"
#include "store/stored_rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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
    StoredRows stored{database};

    void upsert(Binding binding) { rows.apply(upsert_of(std::move(binding)), written); }
    void remove(const registration::BindingId& id, std::uint64_t version) {
        rows.apply(removal_of(id, version), written);
    }
    std::vector<Binding> find(const registration::BindingId& id) { return stored.find(ById{id}); }
    std::vector<std::string> faults() {
        std::vector<std::string> found;
        std::string cursor;
        while (stored.walk(
            cursor, 10, [](const Binding&) {},
            [&](const std::string&, const std::string& fault) { found.push_back(fault); })) {
        }
        return found;
    }

    static constexpr WallTime written{std::chrono::seconds(1'650'000'000)};
};

Binding must_find(Rows& in, const registration::BindingId& id) {
    const std::vector<Binding> found = in.find(id);
    REQUIRE(found.size() == 1);
    return found.front();
}

std::vector<registration::BindingId> ids(const std::vector<Binding>& bindings) {
    std::vector<registration::BindingId> all;
    for (const Binding& binding : bindings)
        all.push_back(binding.id);
    std::ranges::sort(all);
    return all;
}

} // namespace

TEST_CASE("rows: every field comes back as it was") {
    Rows in;
    for (std::uint32_t i = 0; i < 5; ++i) {
        in.upsert(storable_binding(i));
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
    in.upsert(six);
    CHECK(same(must_find(in, six.id), six));
}

TEST_CASE("rows: escaped NULs and users of NUL bytes are kept whole") {
    Rows in;
    Binding binding = storable_binding(1);
    binding.aor = "sip:null-%00-null@example.com";
    binding.contact_uri = "sip:%00%00@host5.example.com";
    binding.user = std::string(2, '\0');
    in.upsert(binding);
    CHECK(same(must_find(in, binding.id), binding));
    Binding other = storable_binding(2);
    other.contact_uri = "sip:%00@host5.example.com";
    other.user = std::string(1, '\0');
    in.upsert(other);
    CHECK(must_find(in, other.id).user.size() == 1);
    CHECK(must_find(in, binding.id).user.size() == 2);
}

TEST_CASE("rows: only a newer version replaces, and only an older one is removed") {
    Rows in;
    Binding binding = storable_binding(1);
    binding.version = 10;
    in.upsert(binding);
    for (const std::uint64_t version : {9U, 10U}) {
        Binding stale = binding;
        stale.version = version;
        stale.user_agent = "stale";
        in.upsert(stale);
        CHECK(must_find(in, binding.id).user_agent == binding.user_agent);
    }
    binding.version = 11;
    binding.user_agent = "newer";
    in.upsert(binding);
    CHECK(must_find(in, binding.id).user_agent == "newer");
    in.remove(binding.id, 10);
    CHECK(in.rows.any());
    in.remove(binding.id, 12);
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
        in.upsert(storable_binding(1));
        CHECK(in.faults().empty());
        in.database.exec("UPDATE bindings SET " + damage);
        CHECK(in.faults().size() == 1);
        CHECK(in.find(storable_binding(1).id).empty());
    }
}

TEST_CASE("rows: a damaged row gives way to the client's next registration, whatever it claims") {
    Rows in;
    const Binding binding = storable_binding(1);
    in.upsert(binding);
    in.database.exec("UPDATE bindings SET version = 9223372036854775807");
    in.upsert(binding);
    CHECK(same(must_find(in, binding.id), binding));
}

TEST_CASE("rows: what a request asks for is found, and nothing else") {
    Rows in;
    for (std::uint32_t i = 0; i < 20; ++i)
        in.upsert(storable_binding(i));
    Binding datagram = storable_binding(30);
    datagram.flow.transport = Transport::udp;
    datagram.flow.remote = storable_binding(5).flow.remote;
    datagram.aor = "sip:c5@other.example";
    in.upsert(datagram);
    Binding elsewhere = storable_binding(31);
    elsewhere.server = "carrier";
    elsewhere.aor = storable_binding(5).aor;
    in.upsert(elsewhere);

    const registration::BindingId five = storable_binding(5).id;
    using Ids = std::vector<registration::BindingId>;
    CHECK(ids(in.stored.find(ByAor{"pbx", "sip:user5@example.com"})) == Ids{five});
    CHECK(ids(in.stored.find(ByUser{"pbx", "user5"})) == Ids{five});
    Ids both{five, datagram.id};
    std::ranges::sort(both);
    CHECK(ids(in.stored.find(ByUser{"pbx", "c5"})) == both); // a Contact's user, and an AOR's
    CHECK(ids(in.stored.find(ByRemote{datagram.flow.remote})) == Ids{datagram.id});
    CHECK(in.stored.find(ByUser{"pbx", "user"}).empty());
    CHECK(in.stored.find(ByUser{"pbx", "user5A"}).empty());
    CHECK(in.stored.find(ByAor{"none", "sip:user5@example.com"}).empty());
}

TEST_CASE("rows: a walk meets every row once, whatever the size of its steps") {
    for (const std::size_t step : {1U, 7U, 50U, 51U}) {
        Rows in;
        for (std::uint32_t i = 0; i < 50; ++i)
            in.upsert(storable_binding(i));
        std::vector<registration::BindingId> met;
        std::string cursor;
        bool more = true;
        while (more)
            more = in.stored.walk(
                cursor, step, [&](const Binding& binding) { met.push_back(binding.id); },
                [](const std::string&, const std::string&) {});
        CHECK(met.size() == 50);
        CHECK(std::ranges::is_sorted(met));
    }
}

TEST_CASE("rows: how far versions have come is known without reading every row") {
    Rows in;
    CHECK(in.rows.progress().newest_version == 0);
    Binding binding = storable_binding(1);
    binding.version = 900;
    in.upsert(binding);
    in.remove(storable_binding(2).id, 901);
    CHECK(BindingRows(in.database).progress().newest_version == 901);
    CHECK(in.rows.progress().written == Rows::written);
    in.database.exec("DELETE FROM progress");
    CHECK(in.rows.progress().newest_version == 0);
    in.database.exec("INSERT INTO progress VALUES (1, -5, -5)");
    CHECK(in.rows.progress().newest_version == 0);
    CHECK(in.rows.progress().written == WallTime{});
}

TEST_CASE("rows: a cursor gets past any part of the file in a bounded number of steps") {
    std::string cursor(12, '\x10');
    unsigned attempt = 0;
    for (std::string next = beyond(cursor, attempt); !next.empty();
         next = beyond(cursor, ++attempt)) {
        CHECK(next.size() == 12);
        CHECK(next > cursor);
        cursor = next;
    }
    CHECK(attempt < 30);
    CHECK(beyond("", 0) > std::string(12, '\0'));
    CHECK(beyond(std::string(12, '\xFF'), 0).empty());
}
