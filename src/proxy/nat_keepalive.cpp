#include "proxy/nat_keepalive.hpp"

#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace roundabout::proxy {
namespace {

using registration::NatRound;

constexpr std::size_t pieces = registration::BindingTable::pieces;
constexpr std::chrono::seconds look_again{1}; // while the configuration wants none

/// Few bindings are not worth a wake-up for each piece of them; of many, each is to be a short
/// turn.
/// Nor are steps so short that a late wake-up misses the next one: `one` is that of a single piece.
std::size_t pieces_at_once(std::size_t bindings, Duration one) noexcept {
    constexpr std::size_t few = 64;
    constexpr std::size_t most = 16;
    constexpr Duration shortest = std::chrono::milliseconds(20);
    const auto for_few = std::clamp<std::size_t>(few / (bindings / pieces + 1), 1, most);
    if (one <= Duration::zero())
        return for_few;
    return std::max(for_few, static_cast<std::size_t>((shortest + one - Duration(1)) / one));
}

void send_to(std::size_t piece, NatRound round, Services& services) {
    for (const Flow& flow :
         services.bindings.flows_behind_nat(piece, services.expiry_clock(), round)) {
        if (services.flows.send(flow, Bytes("\r\n\r\n"), 0))
            services.counters.nat_keepalives.add();
    }
}

} // namespace

transaction::Task keep_mappings(transaction::Loop& loop, Services& services,
                                std::uint16_t workers) {
    transaction::Mailbox<transaction::Event> nothing(loop);
    if (services.worker >= pieces)
        co_return;
    const std::size_t own = (pieces - services.worker + workers - 1) / workers;
    unsigned walk = 0;     // over all the pieces that are its own
    std::size_t place = 0; // of the next piece among them
    TimePoint next = loop.now();
    for (;;) {
        const config::Limits& limits = services.snapshot->config->limits;
        const std::uint16_t longest = limits.udp_keepalive_seconds();
        const Duration interval = limits.udp_keepalive_interval;
        const bool wanted = interval > Duration::zero();
        const Duration one = interval * workers / static_cast<int>(pieces * NatRound::rounds);
        const std::size_t at_once =
            std::min(pieces_at_once(services.bindings.size(), one), own - place);
        const Duration step = wanted ? one * static_cast<int>(at_once) : Duration(look_again);
        next += step;
        if (next + step < loop.now()) // what was missed is not made up for at once
            next = loop.now();
        co_await nothing.next(next);
        if (!wanted)
            continue;
        for (const std::size_t end = place + at_once; place < end; ++place) {
            // Each piece begins its interval in another walk than its neighbour: an even load.
            const NatRound round{walk + static_cast<unsigned>(place), longest};
            send_to(services.worker + place * workers, round, services);
        }
        if (place == own) {
            place = 0;
            ++walk;
        }
    }
}

} // namespace roundabout::proxy
