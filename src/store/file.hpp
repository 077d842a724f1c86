#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace roundabout::store {

/// A file descriptor that closes itself.
class File {
  public:
    File() noexcept = default;
    explicit File(int fd) noexcept
        : fd_(fd) {}
    File(File&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    /// As open(2), never inherited by a child.
    [[nodiscard]] static File open(const std::string& path, int flags, unsigned mode = 0) noexcept;

    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }

  private:
    int fd_ = -1;
};

/// Writes all of it, from where the file stands. False with errno set if it can't.
[[nodiscard]] bool write_all(const File& file, std::string_view bytes) noexcept;

/// Makes the directory entry of `path` itself durable. False with errno set if it can't.
[[nodiscard]] bool sync_directory_of(const std::string& path) noexcept;

/// "cannot open /x: Permission denied", from errno.
[[nodiscard]] std::string errno_sentence(std::string_view doing, const std::string& path);

} // namespace roundabout::store
