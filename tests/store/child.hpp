#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace roundabout::test {

/// A run of the program store_child, which holds or fills a database as another process would.
/// Ended by the destructor at the latest.
class Child {
  public:
    explicit Child(std::vector<std::string> arguments);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// The next line that it prints, without its end; empty at the end of what it prints.
    [[nodiscard]] std::string line();
    /// What it waits for before it lets go.
    void close_input();
    /// SIGKILL, and waits until it is gone.
    void kill();
    /// Waits for its own end; its exit code, or -1.
    int wait();

  private:
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string read_;
};

/// A directory of its own, removed with all that is in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

} // namespace roundabout::test
