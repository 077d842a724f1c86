#include "registration/binding_fixture.hpp"
#include "registration/binding_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

using namespace roundabout;
using namespace roundabout::registration;
using namespace roundabout::test;

namespace {

constexpr HashKey key{1, 2};

ChangeSet upsert(Binding binding) {
    ChangeSet changes;
    changes.upserts.push_back(std::move(binding));
    return changes;
}

ChangeSet removal(const BindingId& id, std::string call_id = {}, std::uint32_t cseq = 0) {
    ChangeSet changes;
    changes.removals.push_back({id, std::move(call_id), cseq, 0});
    return changes;
}

/// What must be there.
Found find(const BindingTable& table, const BindingId& id) {
    const std::optional<Found> found = table.find(id);
    REQUIRE(found.has_value());
    return found.value_or(Found{});
}

Flow connection(FlowId id) {
    Flow flow;
    flow.transport = Transport::tcp;
    flow.id = id;
    return flow;
}

std::vector<std::string> contacts(const std::vector<Binding>& found) {
    std::vector<std::string> users;
    users.reserve(found.size());
    for (const Binding& binding : found)
        users.push_back(binding.contact_uri);
    std::ranges::sort(users);
    return users;
}

Binding of(std::uint32_t number, const std::string& aor, const std::string& user,
           const std::string& server = "pbx") {
    Binding binding = sample_binding(number);
    binding.aor = aor;
    binding.user = user;
    binding.contact_uri = "sip:" + user + "@h" + std::to_string(number);
    binding.server = server;
    return binding;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("table: a binding is found by token, AOR and flow, and is a copy") {
    BindingTable table(key);
    const ChangeSet applied = table.apply(upsert(sample_binding(1)));
    REQUIRE(applied.upserts.size() == 1);
    const Binding& binding = applied.upserts[0];
    CHECK(table.size() == 1);
    CHECK(same(find(table, binding.id).binding, binding));
    CHECK_FALSE(find(table, binding.id).pending);
    CHECK(same(table.find_by_aor("pbx", binding.aor).at(0), binding));
    CHECK(same(table.find_by_flow(binding.flow).at(0), binding));
    CHECK_FALSE(table.find(sample_binding(2).id).has_value());
    CHECK(table.find_by_flow(Flow{}).empty());
}

TEST_CASE("table: a UDP binding is found by its listener and remote pair, and only by those") {
    BindingTable table(key);
    Binding binding = sample_binding(1);
    binding.flow.transport = Transport::udp;
    binding.flow.id = {};
    table.apply(upsert(binding));
    CHECK(table.find_by_flow(binding.flow).size() == 1);
    Flow other_port = binding.flow;
    ++other_port.remote.port;
    CHECK(table.find_by_flow(other_port).empty());
    Flow other_listener = binding.flow;
    ++other_listener.listener;
    CHECK(table.find_by_flow(other_listener).empty());
    Flow tcp = binding.flow;
    tcp.transport = Transport::tcp;
    CHECK(table.find_by_flow(tcp).empty());
}

TEST_CASE("table: of the bindings over one flow one stands for all, and each is found by its AOR") {
    for (const bool udp : {false, true}) {
        CAPTURE(udp);
        BindingTable table(key);
        const Flow flow = [&] {
            Flow made = sample_binding(1).flow;
            if (udp) {
                made.transport = Transport::udp;
                made.id = {};
            }
            return made;
        }();
        CHECK_FALSE(table.carried_by(flow));
        for (unsigned i = 1; i <= 100; ++i) {
            Binding one = of(i, "sip:user" + std::to_string(i) + "@x", "c", i % 2 != 0 ? "a" : "b");
            one.flow = flow;
            table.apply(upsert(one));
            const auto carried = table.carried_by(flow);
            REQUIRE(carried);
            CHECK(carried->alone == (i == 1));
            CHECK(table.find(carried->id));
        }
        CHECK(table.carried_by(flow, "a", "sip:user7@x") == sample_binding(7).id);
        CHECK(table.carried_by(flow, "b", "sip:user8@x") == sample_binding(8).id);
        CHECK_FALSE(table.carried_by(flow, "b", "sip:user7@x"));
        CHECK_FALSE(table.carried_by(flow, "a", "sip:user7@y"));
        Flow other = flow;
        if (udp)
            ++other.listener;
        else
            ++other.id.serial;
        CHECK_FALSE(table.carried_by(other));
        CHECK_FALSE(table.carried_by(other, "a", "sip:user7@x"));
    }
}

TEST_CASE("R9 table: only the server that granted a binding finds it by user or AOR") {
    BindingTable table(key);
    table.apply(upsert(of(1, "sip:alice@x", "c", "pbx")));
    CHECK(table.find_by_user("pbx", "c").size() == 1);
    CHECK(table.find_by_user("other", "c").empty());
    CHECK(table.find_by_aor("other", "sip:alice@x").empty());
    CHECK(table.find_by_aor("pbx", "sip:alice@y").empty());
}

TEST_CASE("R9 table: the AOR's own user is preferred to a Contact's") {
    BindingTable table(key);
    table.apply(upsert(of(1, "sip:1001@x", "random1")));
    table.apply(upsert(of(2, "sip:1001@x", "1001")));
    table.apply(upsert(of(3, "sip:bob@x", "1001")));
    CHECK(contacts(table.find_by_user("pbx", "1001")) == Texts{"sip:1001@h2", "sip:random1@h1"});
    CHECK(contacts(table.find_by_user("pbx", "random1")) == Texts{"sip:random1@h1"});
    table.apply(removal(sample_binding(1).id));
    table.apply(removal(sample_binding(2).id));
    CHECK(contacts(table.find_by_user("pbx", "1001")) == Texts{"sip:1001@h3"});
}

TEST_CASE("R9 table: several AORs with one Contact user are all given, up to the limit") {
    BindingTable table(key);
    for (std::uint32_t i = 0; i < 100; ++i)
        table.apply(upsert(of(i, "sip:u" + std::to_string(i) + "@x", "s")));
    CHECK(table.find_by_user("pbx", "s", 1000).size() == 100);
    CHECK(table.find_by_user("pbx", "s").size() == 64);
    for (std::uint32_t i = 0; i < 99; ++i)
        table.apply(removal(sample_binding(i).id));
    CHECK(contacts(table.find_by_user("pbx", "s")) == Texts{"sip:s@h99"});
}

TEST_CASE("table: users of one and of two NULs are two users") {
    BindingTable table(key);
    Binding one = of(1, "sip:a@x", "z");
    one.user = std::string(1, '\0');
    Binding two = of(2, "sip:b@x", "z");
    two.user = std::string(2, '\0');
    table.apply(upsert(one));
    table.apply(upsert(two));
    CHECK(table.find_by_user("pbx", std::string(1, '\0')).at(0).aor == "sip:a@x");
    CHECK(table.find_by_user("pbx", std::string(2, '\0')).at(0).aor == "sip:b@x");
    CHECK(table.find_by_user("pbx", "").empty());
}

TEST_CASE("table: a refresh replaces the row, and its old keys lead nowhere") {
    BindingTable table(key);
    Binding binding = sample_binding(1);
    table.apply(upsert(binding));
    const Flow before = binding.flow;
    binding.flow.id.serial = 99;
    binding.user = "moved";
    binding.cseq++;
    const ChangeSet applied = table.apply(upsert(binding));
    CHECK(table.size() == 1);
    CHECK(applied.upserts.at(0).version > 1);
    CHECK(table.find_by_flow(before).empty());
    CHECK(table.find_by_flow(binding.flow).size() == 1);
    CHECK(table.find_by_user("pbx", "c1").empty());
    CHECK(table.find_by_user("pbx", "moved").size() == 1);
}

TEST_CASE("R8 table: of two 2xx that cross, the later CSeq stays") {
    BindingTable table(key);
    Binding later = sample_binding(1);
    later.cseq = 8;
    Binding older = later;
    older.cseq = 7;
    older.user_agent = "older";
    table.apply(upsert(later));
    CHECK(table.apply(upsert(older)).empty());
    CHECK(find(table, later.id).binding.user_agent == later.user_agent);
    CHECK(table.apply(removal(later.id, later.call_id, 7)).empty());
    CHECK(table.size() == 1);
    older.call_id = "another call";
    CHECK(table.apply(upsert(older)).size() == 1);
    CHECK(table.apply(removal(later.id, later.call_id, 7)).size() == 1);
    CHECK(table.size() == 0);
}

TEST_CASE("table: versions rise over all bindings, beyond those that were restored") {
    BindingTable table(key);
    Binding restored = sample_binding(1);
    restored.version = 1000;
    table.restore(restored);
    CHECK(find(table, restored.id).binding.version == 1000);
    const std::uint64_t first = table.apply(upsert(sample_binding(2))).upserts.at(0).version;
    const std::uint64_t second = table.apply(removal(restored.id)).removals.at(0).version;
    CHECK(first > 1000);
    CHECK(second > first);
}

TEST_CASE("table: what is restored has no connection; UDP is reachable, a stream is not") {
    BindingTable table(key);
    const Binding stream = sample_binding(1);
    Binding datagram = sample_binding(2);
    datagram.flow.transport = Transport::udp;
    datagram.flow.id = {};
    table.restore(stream);
    table.restore(datagram);
    CHECK_FALSE(find(table, stream.id).binding.reachable);
    CHECK_FALSE(static_cast<bool>(find(table, stream.id).binding.flow.id));
    CHECK(table.find_by_flow(stream.flow).empty());
    CHECK(find(table, datagram.id).binding.reachable);
}

TEST_CASE("table: what the store brings never overtakes what happened in this process") {
    BindingTable table(key);
    CHECK(table.complete());
    table.begin_restoring(5000);
    CHECK_FALSE(table.complete());
    Binding refreshed = sample_binding(1);
    refreshed.user_agent = "new";
    CHECK(table.apply(upsert(refreshed)).upserts.at(0).version == 5001);
    table.restore(sample_binding(1));
    CHECK(find(table, refreshed.id).binding.user_agent == "new");
    table.restore(sample_binding(2));
    CHECK(table.apply(removal(sample_binding(2).id)).removals.size() == 1);
    table.restore(sample_binding(2));
    CHECK_FALSE(table.find(sample_binding(2).id).has_value());
    table.finish_restoring();
    CHECK(table.complete());
    table.restore(sample_binding(2));
    CHECK(table.size() == 2);
}

TEST_CASE("table: a sweep ends no more than it may, and none is passed over for that") {
    BindingTable table(key);
    for (std::uint32_t i = 0; i < 500; ++i)
        table.apply(upsert(sample_binding(i)));
    std::size_t ended = 0;
    while (ended < 500) {
        const std::size_t now = table.expire(WallTime::max(), 10'000, 7).removals.size();
        REQUIRE(now > 0);
        CHECK(now <= 7);
        ended += now;
    }
    CHECK(table.size() == 0);
}

TEST_CASE(
    "R10 table: a closed flow makes its bindings unreachable, and no binding that has moved on") {
    BindingTable table(key);
    Binding a = sample_binding(1);
    Binding b = sample_binding(2);
    Binding moved = sample_binding(3);
    b.flow.id = moved.flow.id = a.flow.id;
    const FlowId shared = a.flow.id;
    table.apply(upsert(a));
    table.apply(upsert(b));
    table.apply(upsert(moved));
    moved.flow.id.serial = 99;
    moved.cseq++;
    table.apply(upsert(moved));

    CHECK(table.flow_closed(shared) == 2);
    CHECK_FALSE(find(table, a.id).binding.reachable);
    CHECK_FALSE(static_cast<bool>(find(table, b.id).binding.flow.id));
    CHECK(find(table, moved.id).binding.reachable);
    CHECK(table.size() == 3);
    CHECK(table.flow_closed(shared) == 0);
    CHECK(table.flow_closed(FlowId{}) == 0);

    a.flow.id.serial = 100;
    a.cseq++;
    table.apply(upsert(a));
    CHECK(find(table, a.id).binding.reachable);
}

TEST_CASE("R10 table: a hundred ghosts of a user do not hide the one that can be reached") {
    BindingTable table(key);
    for (std::uint32_t i = 0; i < 100; ++i)
        table.apply(upsert(of(i, "sip:alice@x", "c" + std::to_string(i))));
    CHECK(table.reaches_another("pbx", "sip:alice@x", sample_binding(1).id));
    for (std::uint32_t i = 0; i < 100; ++i) {
        if (i != 77)
            table.flow_closed(sample_binding(i).flow.id);
    }
    const auto found = table.find_by_user("pbx", "alice");
    REQUIRE(found.size() == 64);
    CHECK(found.front().id == sample_binding(77).id);
    std::set<BindingId> ids;
    for (const Binding& binding : found)
        ids.insert(binding.id);
    CHECK(ids.size() == 64);
    CHECK(table.reaches_another("pbx", "sip:alice@x", sample_binding(1).id));
    CHECK_FALSE(table.reaches_another("pbx", "sip:alice@x", sample_binding(77).id));
    CHECK_FALSE(table.reaches_another("other", "sip:alice@x", sample_binding(1).id));
}

TEST_CASE("table: expiry takes what is over, in pieces, and names it for the store") {
    BindingTable table(key);
    const WallTime now(std::chrono::seconds(1'700'000'000));
    std::set<BindingId> over;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        Binding binding = sample_binding(i);
        binding.expires = now + std::chrono::seconds(i % 2);
        if (i % 2 == 0)
            over.insert(binding.id);
        table.apply(upsert(binding));
    }
    std::size_t calls = 0;
    std::uint64_t newest = 0;
    for (; !over.empty(); ++calls) {
        REQUIRE(calls < 300);
        const ChangeSet changes = table.expire(now, 500, 300);
        CHECK(changes.upserts.empty());
        CHECK(changes.removals.size() <= 300);
        for (const Removal& ended : changes.removals) {
            CHECK(over.erase(ended.id) == 1);
            CHECK(ended.version > newest);
            newest = ended.version;
        }
    }
    CHECK(calls > 1);
    CHECK(table.size() == 1000);
    CHECK(table.find_by_user("pbx", "c0").empty());
    CHECK(table.find_by_user("pbx", "c1").size() == 1);
}

TEST_CASE("table: an expiry beyond 32 bits does not wrap into the past") {
    BindingTable table(key);
    Binding binding = sample_binding(1);
    binding.expires = WallTime(std::chrono::seconds(0x100000001));
    table.apply(upsert(binding));
    for (int i = 0; i < 256; ++i)
        table.expire(WallTime(std::chrono::seconds(1'700'000'000)), 1, 100);
    CHECK(table.size() == 1);
}

TEST_CASE("table: a pending binding is found by token only, and goes with its transaction") {
    BindingTable table(key);
    const Binding binding = sample_binding(1);
    table.add_pending({&binding, 1}, 41);
    REQUIRE(table.find(binding.id).has_value());
    CHECK(find(table, binding.id).pending);
    CHECK(same(find(table, binding.id).binding, binding));
    CHECK(table.find_by_user("pbx", binding.user).empty());
    CHECK(table.find_by_aor("pbx", binding.aor).empty());
    CHECK(table.find_by_flow(binding.flow).empty());
    CHECK(table.page(std::nullopt, 10).empty());
    CHECK(table.size() == 0);
    CHECK(table.pending_size() == 1);
    table.drop_pending({&binding.id, 1}, 42);
    CHECK(table.find(binding.id).has_value());
    table.drop_pending({&binding.id, 1}, 41);
    CHECK_FALSE(table.find(binding.id).has_value());
    CHECK(table.pending_size() == 0);
}

TEST_CASE("table: an unchecked REGISTER takes over no confirmed binding") {
    BindingTable table(key);
    const Binding binding = sample_binding(1);
    table.apply(upsert(binding));
    Binding intruder = binding;
    intruder.flow.id.serial = 666;
    table.add_pending({&intruder, 1}, 1);
    CHECK_FALSE(find(table, binding.id).pending);
    CHECK(find(table, binding.id).binding.flow.id != intruder.flow.id);
    table.drop_pending({&binding.id, 1}, 1);
    CHECK(table.find(binding.id).has_value());
}

TEST_CASE("table: a REGISTER under way can be asked for beside a binding whose flow is gone") {
    BindingTable table(key);
    const Binding binding = sample_binding(1);
    table.apply(upsert(binding));
    table.flow_closed(binding.flow.id);
    Binding back = binding;
    back.flow.id.serial = 666;
    table.add_pending({&back, 1}, 1);
    REQUIRE(table.find_pending(binding.id).has_value());
    CHECK(table.find_pending(binding.id)->flow.id == back.flow.id);
    CHECK_FALSE(find(table, binding.id).pending);
    table.drop_pending({&binding.id, 1}, 1);
    CHECK_FALSE(table.find_pending(binding.id).has_value());
    CHECK_FALSE(find(table, binding.id).binding.reachable);
}

TEST_CASE("table: two transactions that register one Contact end apart") {
    BindingTable table(key);
    const Binding binding = sample_binding(1);
    table.add_pending({&binding, 1}, 1);
    table.add_pending({&binding, 1}, 2);
    table.drop_pending({&binding.id, 1}, 1);
    CHECK(find(table, binding.id).pending);
    table.drop_pending({&binding.id, 1}, 2);
    CHECK_FALSE(table.find(binding.id).has_value());
}

TEST_CASE("table: a walk in pages meets each binding once, in order, whatever changes around it") {
    BindingTable table(key);
    std::set<BindingId> expected;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        table.apply(upsert(sample_binding(i)));
        expected.insert(sample_binding(i).id);
    }
    std::vector<BindingId> met;
    std::optional<BindingId> after;
    std::uint32_t newcomer = 5000;
    for (;;) {
        const std::vector<Binding> page = table.page(after, 7);
        if (page.empty())
            break;
        CHECK(page.size() <= 7);
        for (const Binding& binding : page)
            met.push_back(binding.id);
        after = page.back().id;
        table.apply(upsert(sample_binding(newcomer)));
        table.apply(removal(sample_binding(newcomer++).id));
    }
    CHECK(std::ranges::is_sorted(met));
    CHECK(std::set<BindingId>(met.begin(), met.end()) == expected);
    CHECK(met.size() == expected.size());
}

TEST_CASE("table: workers that refresh, close, sweep and look at once leave it whole") {
    BindingTable table(key);
    constexpr std::uint32_t bindings = 64;
    const auto work = [&table](std::uint32_t seed) {
        for (std::uint32_t round = 0; round < 2000; ++round) {
            Binding binding = sample_binding((round * 7 + seed) % bindings);
            binding.call_id = "call-" + std::to_string(seed);
            binding.flow.id.serial = 1 + (round % 5);
            table.apply(upsert(binding));
            table.flow_closed(binding.flow.id);
            if (round % 3 == 0)
                table.apply(removal(binding.id));
            table.expire(WallTime(std::chrono::seconds(1)), 10, 100);
            for (const Binding& found : table.find_by_user("pbx", binding.user))
                CHECK(found.aor == binding.aor);
        }
    };
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (std::uint32_t seed = 0; seed < 4; ++seed)
        threads.emplace_back(work, seed);
    for (std::thread& thread : threads)
        thread.join();
    const std::vector<Binding> left = table.page(std::nullopt, 1000);
    CHECK(left.size() == table.size());
    for (const Binding& binding : left) {
        CHECK(table.find_by_aor("pbx", binding.aor).size() == 1);
        table.apply(removal(binding.id));
        CHECK(table.find_by_aor("pbx", binding.aor).empty());
    }
    for (std::uint64_t serial = 1; serial <= 5; ++serial)
        CHECK(table.find_by_flow(connection({1, 2, 3, serial})).empty());
}

TEST_CASE("table: among tens of thousands each binding is found by its own keys") {
    BindingTable table(key);
    for (std::uint32_t i = 0; i < 20'000; ++i)
        table.apply(upsert(sample_binding(i)));
    CHECK(table.size() == 20'000);
    for (std::uint32_t i = 0; i < 20'000; i += 97) {
        CHECK(table.find_by_user("pbx", "c" + std::to_string(i)).size() == 1);
        CHECK(table.find_by_flow(sample_binding(i).flow).size() == 1);
        CHECK(table.find(sample_binding(i).id).has_value());
    }
}

TEST_CASE(
    "table: bindings are counted by the server that granted them, through all their changes") {
    using Sizes = std::map<std::string, std::size_t, std::less<>>;
    BindingTable table(key);
    CHECK(table.size_by_server().empty());
    for (std::uint32_t number = 1; number <= 400; ++number)
        table.apply(upsert(of(number, "sip:a@b", "a", number % 4 == 0 ? "carrier" : "pbx")));
    CHECK(table.size_by_server() == Sizes{{"carrier", 100}, {"pbx", 300}});
    table.apply(upsert(of(1, "sip:a@b", "again", "pbx")));
    table.apply(upsert(of(2, "sip:a@b", "a", "other")));
    CHECK(table.size_by_server() == Sizes{{"carrier", 100}, {"other", 1}, {"pbx", 299}});
    for (std::uint32_t number = 1; number <= 400; ++number)
        table.apply(removal(sample_binding(number).id));
    CHECK(table.size_by_server().empty());
}
