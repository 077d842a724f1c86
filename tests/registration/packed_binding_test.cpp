#include "registration/binding_fixture.hpp"
#include "registration/key_index.hpp"
#include "registration/packed_binding.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace roundabout;
using namespace roundabout::registration;
using namespace roundabout::test;

TEST_CASE("packed binding: every field comes out as it went in") {
    StringPool pool;
    for (const Binding& binding : {sample_binding(1), sample_binding(2), Binding{}}) {
        PackedBinding packed(binding, pool);
        CHECK(same(packed.unpack(pool), binding));
        packed.release(pool);
    }
    CHECK(pool.size() == 0);
}

TEST_CASE("packed binding: a user with NULs that its Contact URI has only escaped is kept whole") {
    StringPool pool;
    Binding binding = sample_binding(1);
    binding.contact_uri = "sip:%00%00@192.0.2.7";
    binding.user = std::string(2, '\0');
    const PackedBinding packed(binding, pool);
    CHECK(packed.user() == binding.user);
    CHECK(same(packed.unpack(pool), binding));
}

TEST_CASE("packed binding: an IPv6 flow is kept") {
    StringPool pool;
    Binding binding = sample_binding(1);
    binding.flow.local = *Endpoint::parse("[2001:db8::1]:5061");
    binding.flow.remote = *Endpoint::parse("[2001:db8::2]:61234");
    CHECK(same(PackedBinding(binding, pool).unpack(pool), binding));
}

TEST_CASE("packed binding: each kind of remote end is kept, with and without a connection") {
    StringPool pool;
    for (const char* remote : {"0.0.0.0:0", "203.0.113.9:65535", "[::]:1", "[2001:db8::2]:61234"}) {
        for (const std::uint64_t serial : {0U, 7U}) {
            Binding binding = sample_binding(1);
            binding.flow.remote = *Endpoint::parse(remote);
            binding.flow.id = serial == 0 ? FlowId{} : FlowId{1, 2, 3, serial};
            const PackedBinding packed(binding, pool);
            CHECK(packed.remote() == binding.flow.remote);
            CHECK(packed.flow_id() == binding.flow.id);
            CHECK(packed.call_id() == binding.call_id);
            CHECK(same(packed.unpack(pool), binding));
        }
    }
}

TEST_CASE("packed binding: losing the flow forgets its id and nothing else") {
    StringPool pool;
    Binding binding = sample_binding(1);
    PackedBinding packed(binding, pool);
    packed.lose_flow();
    binding.flow.id = {};
    binding.reachable = false;
    CHECK(same(packed.unpack(pool), binding));
}

TEST_CASE("string pool: a text is kept once, for as long as somebody uses it") {
    StringPool pool;
    const auto first = pool.use("Phone/1.0");
    CHECK(pool.use("Phone/1.0") == first);
    const auto second = pool.use("Phone/2.0");
    CHECK(pool.size() == 2);
    pool.release(first);
    CHECK(pool.text(first) == "Phone/1.0");
    pool.release(first);
    CHECK(pool.size() == 1);
    CHECK(pool.text(pool.use("Phone/3.0")) == "Phone/3.0");
    CHECK(pool.text(second) == "Phone/2.0");
}

TEST_CASE("key index: behaves as a set of pairs under any order of adding and removing") {
    // Neighbouring slots, and keys that differ in no bit that the index looks at: those share.
    const auto hash_of = [](std::uint64_t key) {
        return key < 20 ? key : (std::uint64_t{1} << 40U) + key;
    };
    const auto shared = [](std::uint64_t hash) {
        return std::max<std::uint64_t>(hash & 0x7FFFFFFFU, 1);
    };
    KeyIndex index;
    std::map<std::uint64_t, std::set<BindingId>> model;
    std::mt19937_64 random; // the same numbers in each run
    for (int step = 0; step < 40'000; ++step) {
        const std::uint64_t hash = hash_of(random() % 24);
        BindingId id;
        id.bytes[0] = static_cast<std::uint8_t>(random() % 12);
        if (random() % 2 == 0) {
            index.add(hash, id);
            model[shared(hash)].insert(id);
        } else {
            index.remove(hash, id);
            model[shared(hash)].erase(id);
        }
        const std::uint64_t looked_at = hash_of(random() % 24);
        const std::set<BindingId>& expected = model[shared(looked_at)];
        const bool equal = std::ranges::equal(index.find(looked_at), expected);
        REQUIRE(equal);
    }
}
