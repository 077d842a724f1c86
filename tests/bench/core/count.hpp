#pragma once

#include <string>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else // Without valgrind nobody counts.
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS_AT(reason) static_cast<void>(reason)
#endif

namespace roundabout::bench {

/// While it lives, callgrind counts (start it with --collect-atstart=no); the count is dumped under
/// `name`, unless that is empty.
class Count {
  public:
    explicit Count(std::string name)
        : name_(std::move(name)) {
        CALLGRIND_ZERO_STATS;
        CALLGRIND_TOGGLE_COLLECT;
    }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() {
        CALLGRIND_TOGGLE_COLLECT;
        if (!name_.empty())
            CALLGRIND_DUMP_STATS_AT(name_.c_str());
    }

  private:
    std::string name_;
};

} // namespace roundabout::bench
