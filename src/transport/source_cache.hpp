#pragma once

#include "base/endpoint.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <unordered_map>

namespace roundabout::transport {

/// The answers of source_address(), which costs four system calls, for a short while: a change of
/// the routing table is followed within `life`. One a worker.
class SourceCache {
  public:
    static constexpr std::chrono::seconds life{5};
    static constexpr std::size_t most = 4096;

    using Ask = IpAddress (*)(const IpAddress& remote) noexcept;
    /// `ask`: source_address(), or a test's own.
    explicit SourceCache(Ask ask) noexcept
        : ask_(ask) {}

    /// O(1). That there is no route is asked for each time.
    [[nodiscard]] IpAddress towards(const IpAddress& remote, TimePoint now) {
        const auto found = known_.find(remote);
        if (found != known_.end() && now < found->second.until)
            return found->second.source;
        const IpAddress source = ask_(remote);
        if (source.is_unspecified())
            return source;
        if (known_.size() >= most)
            known_.clear();
        known_[remote] = {source, now + life};
        return source;
    }

  private:
    struct Known {
        IpAddress source;
        TimePoint until;
    };

    Ask ask_;
    std::unordered_map<IpAddress, Known> known_;
};

} // namespace roundabout::transport
