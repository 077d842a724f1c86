#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace roundabout::test {

/// A file system for SQLite on which things go wrong when the test says so. It knows of each file
/// what has been synced; a power cut throws away the rest, or any part of it, as a real disk may.
class FaultyDisk {
  public:
    FaultyDisk();
    ~FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    /// SQLite's name of it.
    [[nodiscard]] const std::string& name() const;

    // From any thread, while it is in use.
    void fail(bool on);                             ///< each write and sync is an error
    void fill(bool on);                             ///< no file can grow
    void slow_down(std::chrono::milliseconds sync); ///< each sync takes that long
    /// The power goes at the write or sync after that many more.
    void cut_after(std::uint64_t operations);
    [[nodiscard]] bool is_cut() const;

    /// Makes the files what the disk has: everything synced, and of what was not a part that
    /// `random` chooses, write by write. Once everything is closed.
    void lose_power(std::mt19937& random);
    /// Makes the files what the operating system has: everything written. Once everything is
    /// closed.
    void lose_process();

    struct State;

  private:
    std::unique_ptr<State> state_;
};

} // namespace roundabout::test
