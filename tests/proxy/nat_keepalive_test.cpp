#include "proxy/nat_keepalive.hpp"
#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using registration::Binding;

namespace {

class NatScene : public ProxyScene {
  public:
    explicit NatScene(std::chrono::milliseconds interval) {
        place.config.limits.udp_keepalive_interval = interval;
        reconfigure();
    }

    void keep(std::uint16_t number = 0, std::uint16_t workers = 1) {
        services.worker = number;
        contexts.spawn(keep_mappings(loop, services, workers));
        loop.run();
    }

    /// A client that registered by UDP from port `number` of its NAT.
    Binding client(std::uint32_t number) {
        Binding binding;
        binding.id.bytes[0] = static_cast<std::uint8_t>(number);
        binding.id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
        binding.id.bytes[2] = static_cast<std::uint8_t>(number >> 16U);
        binding.aor = "sip:user@pbx.test";
        binding.contact_uri = "sip:user@10.0.0.9";
        binding.user = "user";
        binding.server = "pbx";
        binding.flow = phone();
        binding.flow.remote = {
            IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(number >> 16U)}),
            static_cast<std::uint16_t>(number)};
        binding.behind_nat = true;
        binding.expires = noon + 1h;
        return binding;
    }

    void put(const Binding& binding) {
        registration::ChangeSet changes;
        changes.upserts.push_back(binding);
        bindings.apply(std::move(changes));
    }

    /// How many keepalives each remote end got since the last call.
    std::map<Endpoint, int> kept() {
        std::map<Endpoint, int> all;
        for (const FakeNetwork::Sent& sent : network.sent) {
            CHECK(sent.bytes == "\r\n\r\n");
            ++all[sent.flow.remote];
        }
        network.sent.clear();
        return all;
    }
};

} // namespace

TEST_CASE("UDP keepalives: each client behind a NAT gets one an interval, spread over it") {
    NatScene scene(25s);
    constexpr std::uint32_t clients = 20'000;
    for (std::uint32_t i = 0; i < clients; ++i)
        scene.put(scene.client(i));
    scene.keep();
    scene.pass(25s);
    std::map<std::chrono::milliseconds, std::size_t> batches;
    for (const FakeNetwork::Sent& sent : scene.network.sent)
        ++batches[sent.at];
    CHECK(batches.size() == 256);
    CHECK(std::ranges::all_of(batches, [](const auto& batch) { return batch.second < 100; }));
    const auto kept = scene.kept();
    CHECK(kept.size() == clients);
    CHECK(std::ranges::all_of(kept, [](const auto& each) { return each.second == 1; }));
    CHECK(scene.counters.nat_keepalives.value() == clients);
    scene.pass(25s);
    CHECK(scene.kept().size() == clients);
}

TEST_CASE("UDP keepalives: none for streams, clients without NAT, and bindings that are over") {
    NatScene scene(25s);
    const Binding kept = scene.client(1);
    Binding open = scene.client(2);
    open.behind_nat = false;
    Binding stream = scene.client(3);
    stream.flow.transport = Transport::wss;
    stream.flow.id = {0, 0, 1, 7};
    Binding expired = scene.client(4);
    expired.expires = noon;
    const Binding ended = scene.client(5);
    Binding same_flow = scene.client(6);
    same_flow.id = kept.id;
    same_flow.id.bytes[5] = 1;
    same_flow.flow.remote = kept.flow.remote;
    for (const Binding& binding : {kept, open, stream, expired, ended, same_flow})
        scene.put(binding);
    scene.keep();
    scene.pass(25s);
    CHECK(scene.kept() == std::map<Endpoint, int>{{kept.flow.remote, 1}, {ended.flow.remote, 1}});
    registration::ChangeSet changes;
    changes.removals.push_back({ended.id, {}, 0, 0});
    scene.bindings.apply(std::move(changes));
    scene.pass(25s);
    CHECK(scene.kept() == std::map<Endpoint, int>{{kept.flow.remote, 1}});
}

TEST_CASE("UDP keepalives: who needs them in half or a quarter of the interval gets them so") {
    NatScene scene(24s);
    std::vector<Binding> clients;
    for (const std::uint16_t found : std::to_array<std::uint16_t>({0, 12, 6})) {
        Binding client = scene.client(static_cast<std::uint32_t>(100 + found));
        client.keepalive = found;
        clients.push_back(client);
        scene.put(client);
    }
    scene.keep();
    for (int i = 0; i < 3; ++i) {
        scene.pass(24s);
        CHECK(scene.kept() == std::map<Endpoint, int>{{clients[0].flow.remote, 1},
                                                      {clients[1].flow.remote, 2},
                                                      {clients[2].flow.remote, 4}});
    }
}

TEST_CASE("UDP keepalives: few clients are looked for seldom, and each at the same distance") {
    NatScene scene(24s);
    std::map<Endpoint, std::chrono::milliseconds> last;
    for (std::uint32_t i = 0; i < 50; ++i)
        scene.put(scene.client(i));
    scene.keep();
    const TimePoint end = scene.loop.now() + 48s;
    std::size_t wakes = 0;
    std::size_t sent = 0;
    for (; scene.loop.next_deadline() <= end; ++wakes) {
        scene.loop.advance(scene.loop.next_deadline());
        scene.loop.run();
        for (; sent < scene.network.sent.size(); ++sent) {
            const FakeNetwork::Sent& one = scene.network.sent[sent];
            const auto [before, first] = last.try_emplace(one.flow.remote, one.at);
            const auto distance = one.at - std::exchange(before->second, one.at);
            CHECK((first || (distance > 23'900ms && distance <= 24s)));
        }
    }
    CHECK(sent == 100);
    CHECK(wakes < 48 * 8);
}

TEST_CASE("UDP keepalives: each of several workers sends its part, and together all") {
    std::map<Endpoint, int> all;
    std::size_t parts = 0;
    for (std::uint16_t worker = 0; worker < 3; ++worker) {
        NatScene scene(25s);
        for (std::uint32_t i = 0; i < 1000; ++i)
            scene.put(scene.client(i));
        scene.keep(worker, 3);
        scene.pass(26s);
        const auto kept = scene.kept();
        parts += kept.size();
        all.insert(kept.begin(), kept.end());
    }
    CHECK(parts == 1000);
    CHECK(all.size() == 1000);
}

TEST_CASE("UDP keepalives: with interval 0 none leaves, and a new configuration is taken up") {
    NatScene scene(0ms);
    scene.put(scene.client(1));
    scene.keep();
    scene.pass(60s);
    CHECK(scene.network.sent.empty());
    scene.place.config.limits.udp_keepalive_interval = 10s;
    scene.reconfigure();
    scene.pass(12s);
    CHECK(scene.kept().size() == 1);
}
