#include "registration/binding_fixture.hpp"
#include "registration/nat_interval.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace roundabout;
using namespace roundabout::registration;

namespace {

constexpr std::uint16_t longest = 24;

/// A client that registered by UDP from behind a NAT.
Binding client() {
    Binding binding = test::sample_binding(7);
    binding.flow.transport = Transport::udp;
    binding.flow.id = {};
    binding.listener = "udp 192.0.2.1:5060";
    binding.behind_nat = true;
    binding.keepalive = 0;
    return binding;
}

/// The same, now heard from another port.
Binding moved(Binding binding) {
    ++binding.flow.remote.port;
    return binding;
}

/// Refreshes `client` with what each of `changes` makes of it, and gives what was found each time.
template <class... Changes>
std::vector<int> found(Binding client, Changes... changes) {
    std::vector<int> all;
    const auto refresh = [&](auto change) {
        const std::array existing{client};
        client = change(client);
        client.keepalive = nat_interval(client, existing, longest);
        all.push_back(client.keepalive);
    };
    (refresh(changes), ...);
    return all;
}

Binding same(Binding binding) { return binding; }
Binding started_anew(Binding binding) {
    binding.call_id += "-2";
    return moved(binding);
}
Binding elsewhere(Binding binding) {
    binding.flow.remote.address = IpAddress::v4({192, 0, 2, 99});
    return binding;
}

} // namespace

TEST_CASE("nat interval: halved each time that a refresh comes from another port, to a quarter") {
    CHECK(found(client(), same, moved, same, moved, moved, same) ==
          std::vector{0, 12, 12, 6, 6, 6});
}

TEST_CASE("nat interval: a device that started anew, or moved to another network, tells nothing") {
    CHECK(found(client(), started_anew) == std::vector{0});
    CHECK(found(client(), moved, started_anew, elsewhere) == std::vector{12, 12, 0});
}

TEST_CASE("nat interval: a device whose Contact carries its port is known by its Call-ID") {
    const Binding old = client();
    Binding fresh = moved(old);
    fresh.id.bytes[0] ^= 1U;
    Binding other = old;
    other.id.bytes[1] ^= 1U;
    other.call_id = "another device's";
    other.registered += std::chrono::seconds(5);
    CHECK(nat_interval(fresh, std::array{other, old}, longest) == 12);
    CHECK(nat_interval(fresh, std::array{other}, longest) == 0);
    CHECK(nat_interval(fresh, {}, longest) == 0);
}

TEST_CASE(
    "nat interval: streams, clients without NAT and other listeners have no mapping to lose") {
    const Binding old = client();
    Binding stream = moved(old);
    stream.flow.transport = Transport::tcp;
    Binding open = moved(old);
    open.behind_nat = false;
    Binding other = moved(old);
    other.listener = "udp 192.0.2.1:5070";
    for (const Binding& fresh : {stream, open, other})
        CHECK(nat_interval(fresh, std::array{old}, longest) == 0);
}

TEST_CASE("nat interval: what was found follows a shorter configured interval, or is given up") {
    Binding old = client();
    old.keepalive = 12;
    CHECK(nat_interval(old, std::array{old}, 30) == 12);
    CHECK(nat_interval(old, std::array{old}, 12) == 0);
    CHECK(nat_interval(moved(old), std::array{old}, 1) == 0);
    CHECK(nat_interval(moved(old), std::array{old}, 0) == 0);
}

TEST_CASE("nat interval: the divisor keeps within what was found, as far as a quarter") {
    CHECK(nat_interval_divisor(0, 24) == 1);
    CHECK(nat_interval_divisor(24, 24) == 1);
    CHECK(nat_interval_divisor(12, 24) == 2);
    CHECK(nat_interval_divisor(13, 24) == 2);
    CHECK(nat_interval_divisor(11, 24) == 4);
    CHECK(nat_interval_divisor(1, 24) == 4);
}
