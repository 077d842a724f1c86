#pragma once

#include "store/failure.hpp"

#include <string>
#include <utility>

namespace roundabout::store {

/// Sole use of a database: an exclusive flock on "<database>.lock" (0600), which holds the owner's
/// pid. The kernel gives it up when the owner ends, however that happens. Movable.
class Lock {
  public:
    /// Failures: store_locked (the sentence names the pid that holds it), store_unavailable.
    [[nodiscard]] static StoreResult<Lock> take(const std::string& database);

    Lock(Lock&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&& other) noexcept;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

  private:
    explicit Lock(int fd) noexcept
        : fd_(fd) {}
    int fd_;
};

} // namespace roundabout::store
