#pragma once

#include "base/time.hpp"

#include <chrono>

namespace roundabout::transaction::fsm {

/// Whether the transport delivers by itself (RFC 3261 §17: TCP and what runs over it) or the
/// transaction has to send again (UDP).
enum class Delivery : bool { unreliable, reliable };

/// The timers of RFC 3261 §17 (table 4 in appendix A) and of RFC 6026 §7, by their letters. All
/// follow from T1, T2 and T4.
struct Timers {
    Duration t1 = std::chrono::milliseconds(500); ///< estimate of the round-trip time
    Duration t2 = std::chrono::seconds(4);        ///< longest interval between retransmissions
    Duration t4 = std::chrono::seconds(5);        ///< longest time a message stays in the network

    /// INVITE client, first retransmission interval; doubles each time. UDP only.
    [[nodiscard]] constexpr Duration a() const noexcept { return t1; }
    /// INVITE client: no response at all.
    [[nodiscard]] constexpr Duration b() const noexcept { return 64 * t1; }
    /// Proxy: no final response after a provisional one (§16.6 step 11: more than 3 minutes; R25).
    /// The response context's, restarted by each 101 to 199.
    [[nodiscard]] static constexpr Duration c() noexcept { return std::chrono::seconds(181); }
    /// INVITE client in Completed: how long responses are absorbed; at least 32 s.
    [[nodiscard]] constexpr Duration d(Delivery delivery) const noexcept {
        const Duration least = std::chrono::seconds(32);
        return delivery == Delivery::reliable ? Duration::zero()
                                              : (64 * t1 > least ? 64 * t1 : least);
    }
    /// Non-INVITE client, first retransmission interval; doubles up to T2. UDP only.
    [[nodiscard]] constexpr Duration e() const noexcept { return t1; }
    /// Non-INVITE client: no final response.
    [[nodiscard]] constexpr Duration f() const noexcept { return 64 * t1; }
    /// INVITE server in Completed, first retransmission interval of the response; doubles up to T2.
    /// UDP only.
    [[nodiscard]] constexpr Duration g() const noexcept { return t1; }
    /// INVITE server in Completed: no ACK.
    [[nodiscard]] constexpr Duration h() const noexcept { return 64 * t1; }
    /// INVITE server in Confirmed: how long ACKs are absorbed.
    [[nodiscard]] constexpr Duration i(Delivery delivery) const noexcept {
        return delivery == Delivery::reliable ? Duration::zero() : t4;
    }
    /// Non-INVITE server in Completed: how long requests are answered again.
    [[nodiscard]] constexpr Duration j(Delivery delivery) const noexcept {
        return delivery == Delivery::reliable ? Duration::zero() : 64 * t1;
    }
    /// Non-INVITE client in Completed: how long responses are absorbed.
    [[nodiscard]] constexpr Duration k(Delivery delivery) const noexcept {
        return delivery == Delivery::reliable ? Duration::zero() : t4;
    }
    /// INVITE server in Accepted (RFC 6026 §7.1).
    [[nodiscard]] constexpr Duration l() const noexcept { return 64 * t1; }
    /// INVITE client in Accepted (RFC 6026 §7.2).
    [[nodiscard]] constexpr Duration m() const noexcept { return 64 * t1; }
    /// An INVITE that was cancelled and gets no final response is over after this (§9.1).
    [[nodiscard]] constexpr Duration after_cancel() const noexcept { return 64 * t1; }
    /// An INVITE server sends 100 by then unless something else went before (§17.2.1; R24).
    [[nodiscard]] static constexpr Duration trying() noexcept {
        return std::chrono::milliseconds(200);
    }
};

} // namespace roundabout::transaction::fsm
