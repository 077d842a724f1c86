#pragma once

#include "base/transport.hpp"
#include "sip/method.hpp"
#include "sip/response.hpp"
#include "transport/counters.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace roundabout::transport {

/// What a message is, as far as it is counted.
struct MessageKind {
    sip::Method method = sip::Method::other; ///< a response's is that of its CSeq
    std::uint16_t status = 0;                ///< 0: a request
};

/// The SIP messages of one worker: which came and which went, retransmissions among them. Only the
/// owning worker writes; adding takes no lock and allocates nothing.
class MessageCounts {
  public:
    enum class Way : std::uint8_t { received, sent };
    static constexpr std::array<Way, 2> ways{Way::received, Way::sent};
    static constexpr std::size_t methods = static_cast<std::size_t>(sip::Method::update) + 1;

    void add(Way way, Transport transport, MessageKind kind) noexcept {
        counters_[place(way, transport, kind.method, sip::status_slot(kind.status))].add();
    }
    /// `slot`: of sip::status_slot().
    [[nodiscard]] std::uint64_t value(Way way, Transport transport, sip::Method method,
                                      std::size_t slot) const noexcept {
        return counters_[place(way, transport, method, slot)].value();
    }

  private:
    static constexpr std::size_t transports = all_transports.size();

    [[nodiscard]] static constexpr std::size_t
    place(Way way, Transport transport, sip::Method method, std::size_t slot) noexcept {
        const auto side =
            static_cast<std::size_t>(way) * transports + static_cast<std::size_t>(transport);
        return (side * methods + static_cast<std::size_t>(method)) * sip::status_slots + slot;
    }

    std::array<Counter, ways.size() * transports * methods * sip::status_slots> counters_;
};

} // namespace roundabout::transport
