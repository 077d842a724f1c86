#include "proxy/source_rates.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

namespace roundabout::proxy {
namespace {

constexpr std::memory_order relaxed = std::memory_order_relaxed;

std::string_view network_part(const IpAddress& source) noexcept {
    const auto* bytes = reinterpret_cast<const char*>(source.bytes().data());
    return {bytes, source.is_v4() ? std::size_t{4} : std::size_t{8}};
}

// 0 is the key of a bucket that was never used.
std::uint64_t used(std::uint64_t key) noexcept { return std::max<std::uint64_t>(key, 1); }

} // namespace

SourceRates::SourceRates(std::size_t sources, const HashKey& secret)
    : secret_(secret)
    , mask_(std::bit_ceil(std::max(sources, ways)) / ways - 1)
    , buckets_((mask_ + 1) * ways) {}

std::uint64_t SourceRates::key_of(const IpAddress& source) const noexcept {
    return used(SipHash(secret_).field(network_part(source)).finish());
}

std::uint64_t SourceRates::key_of(const Flow& flow) const noexcept {
    const auto* bytes = reinterpret_cast<const char*>(flow.remote.address.bytes().data());
    SipHash hash(secret_);
    hash.field(std::string_view(bytes, flow.remote.address.size()));
    hash.field(std::uint64_t{flow.remote.port} << 16U | flow.listener);
    hash.field(flow.id.serial).field(flow.id.worker);
    return used(hash.finish());
}

bool SourceRates::pass(std::uint64_t key, const Rate& rate, TimePoint now) noexcept {
    using Nanoseconds = std::chrono::nanoseconds;
    const std::int64_t at = std::chrono::duration_cast<Nanoseconds>(now.time_since_epoch()).count();
    const auto one = static_cast<std::int64_t>(1e9 / rate.a_second);
    const auto most_ahead = static_cast<std::int64_t>((rate.burst - 1) * 1e9 / rate.a_second);
    std::atomic<std::int64_t>& full_at = bucket_of(key).full_at;
    std::int64_t seen = full_at.load(relaxed);
    for (;;) {
        const std::int64_t begin = std::max(seen, at);
        if (begin - at > most_ahead)
            return false;
        if (full_at.compare_exchange_weak(seen, begin + one, relaxed))
            return true;
    }
}

SourceRates::Bucket& SourceRates::bucket_of(std::uint64_t key) noexcept {
    Bucket* const first = &buckets_[(key & mask_) * ways];
    Bucket* fullest = first;
    for (Bucket* bucket = first; bucket != first + ways; ++bucket) {
        if (bucket->key.load(relaxed) == key)
            return *bucket;
        if (bucket->full_at.load(relaxed) < fullest->full_at.load(relaxed))
            fullest = bucket;
    }
    fullest->key.store(key, relaxed);
    fullest->full_at.store(0, relaxed);
    return *fullest;
}

} // namespace roundabout::proxy
