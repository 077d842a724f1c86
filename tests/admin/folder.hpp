#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace roundabout::test {

/// A folder of the test's own, gone with it. Its path is short: a socket's name has a limit.
class Folder {
  public:
    Folder() {
        std::string name = "/tmp/roundabout-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

} // namespace roundabout::test
