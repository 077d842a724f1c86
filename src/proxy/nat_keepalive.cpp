#include "proxy/nat_keepalive.hpp"

#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"

#include <chrono>
#include <cstddef>

namespace roundabout::proxy {
namespace {

using registration::NatRound;

constexpr std::size_t pieces = registration::BindingTable::pieces;
constexpr std::chrono::seconds look_again{1}; // while the configuration wants none

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
    std::size_t piece = services.worker;
    unsigned walk = 0;  // over all the pieces that are its own
    unsigned place = 0; // of the piece among them
    TimePoint next = loop.now();
    for (;;) {
        const config::Limits& limits = services.snapshot->config->limits;
        // Each piece begins its interval in another walk than its neighbour: an even load.
        const NatRound round{walk + place, limits.udp_keepalive_seconds()};
        const Duration interval = limits.udp_keepalive_interval;
        const bool wanted = interval > Duration::zero();
        const Duration step = wanted
                                  ? interval * workers / static_cast<int>(pieces * NatRound::rounds)
                                  : Duration(look_again);
        next += step;
        if (next + step < loop.now()) // what was missed is not made up for at once
            next = loop.now();
        co_await nothing.next(next);
        if (!wanted)
            continue;
        send_to(piece, round, services);
        ++place;
        piece += workers;
        if (piece >= pieces) {
            piece = services.worker;
            place = 0;
            ++walk;
        }
    }
}

} // namespace roundabout::proxy
