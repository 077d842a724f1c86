#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>

namespace roundabout::load {

/// What a process and its descendants have used or hold.
struct Usage {
    std::chrono::microseconds cpu{0}; ///< user and system, since their start; 10 ms apart
    std::uint64_t memory = 0;         ///< bytes resident; what they share counts once (Pss)
};

/// From /proc; throws std::runtime_error if there is no such process.
[[nodiscard]] Usage usage_of(pid_t process);

} // namespace roundabout::load
