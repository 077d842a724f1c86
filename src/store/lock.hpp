#pragma once

#include "store/failure.hpp"
#include "store/file.hpp"

#include <string>
#include <utility>

namespace roundabout::store {

/// Sole use of a database: an exclusive flock on "<database>.lock" (0600), which holds the owner's
/// pid. The kernel gives it up when the owner ends, however that happens; the file stays, since
/// deleting it would let two owners hold two files of one name.
class Lock {
  public:
    /// Failures: store_locked (the sentence names the pid that holds it), store_unavailable.
    [[nodiscard]] static StoreResult<Lock> take(const std::string& database);
    /// The lock that another process took and gave away: `file` is a second descriptor of it. Both
    /// hold it until both have ended. Failures: store_unavailable if it is another file's.
    [[nodiscard]] static StoreResult<Lock> adopt(const std::string& database, File file);

    /// For whoever is to hold it too.
    [[nodiscard]] int descriptor() const noexcept { return file_.fd(); }

  private:
    explicit Lock(File file) noexcept
        : file_(std::move(file)) {}
    File file_;
};

} // namespace roundabout::store
