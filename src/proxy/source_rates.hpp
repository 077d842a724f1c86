#pragma once

#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace roundabout::proxy {

/// So many a second in the long run, `burst` of them at once.
struct Rate {
    double a_second = 1;
    double burst = 1;
};

/// Token buckets for a bounded number of sources, shared by all workers. No lock: a bucket is one
/// number, the time at which it will be full again (the "theoretical arrival time" of the generic
/// cell rate algorithm). A source falls into one of four places by a keyed hash; where all four are
/// taken, the bucket that is nearest to full makes room, which forgets the least. Two workers that
/// meet a new source at the same instant may each give it a bucket; no more is lost.
class SourceRates {
  public:
    /// `sources`: how many buckets, rounded up to a power of two; `secret` keys the hash.
    SourceRates(std::size_t sources, const HashKey& secret);

    /// An address, or an IPv6 /64, which one host has to itself.
    [[nodiscard]] std::uint64_t key_of(const IpAddress& source) const noexcept;
    /// One client: the connection, or the UDP peer.
    [[nodiscard]] std::uint64_t key_of(const Flow& flow) const noexcept;

    /// True if one more message of that source may pass at `now`. O(1), any thread.
    [[nodiscard]] bool pass(std::uint64_t key, const Rate& rate, TimePoint now) noexcept;

  private:
    struct Bucket {
        std::atomic<std::uint64_t> key{0}; ///< 0: never used
        std::atomic<std::int64_t> full_at{0};
    };
    static constexpr std::size_t ways = 4; ///< buckets that a key may fall into

    [[nodiscard]] Bucket& bucket_of(std::uint64_t key) noexcept;

    HashKey secret_;
    std::size_t mask_;
    std::vector<Bucket> buckets_;
};

} // namespace roundabout::proxy
