#pragma once

#include "base/endpoint.hpp"
#include "transport/inbox.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace roundabout::transport {

/// The last datagrams that went out with a ticket: an ICMP error that comes back names only the
/// peer (RFC 3261 §18.4). Fixed size; the oldest is forgotten first.
class RecentSends {
  public:
    void remember(const Endpoint& peer, Ticket ticket) noexcept {
        ring_[next_++ % ring_.size()] = {peer, ticket};
    }

    /// Calls `failed(ticket)` for each send to that peer, once.
    template <class Call>
    void take(const Endpoint& peer, Call&& failed) {
        for (Entry& entry : ring_) {
            if (entry.ticket != 0 && entry.peer == peer)
                failed(std::exchange(entry.ticket, 0));
        }
    }

  private:
    struct Entry {
        Endpoint peer;
        Ticket ticket = 0;
    };
    std::array<Entry, 256> ring_;
    std::size_t next_ = 0;
};

} // namespace roundabout::transport
