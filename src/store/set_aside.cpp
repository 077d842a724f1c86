#include "store/set_aside.hpp"

#include "store/file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace roundabout::store {
namespace {

/// False with errno set if it can't; a missing `from` is none of it.
bool move_new(const std::string& from, const std::string& to) noexcept {
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ||
           errno == ENOENT;
}

} // namespace

std::string aside_name(const std::string& path, WallTime now) {
    const std::time_t seconds = now.time_since_epoch().count();
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
    return path + ".damaged-" + std::string(text.data(), size);
}

StoreResult<std::string> set_aside(const std::string& path, WallTime now) {
    constexpr int most = 1000;
    const std::string dated = aside_name(path, now);
    std::string name = dated;
    for (int i = 2; ::link(path.c_str(), name.c_str()) != 0; ++i) {
        if (errno == ENOENT) {
            name.clear();
            break;
        }
        if (errno != EEXIST || i > most)
            return Failure{Error::store_unavailable,
                           errno_sentence("cannot set the damaged database aside:", path)};
        name = dated + "-" + std::to_string(i);
    }
    // A log without its database belongs to nothing, but holds what nobody else may hold.
    const std::string& beside = name.empty() ? dated : name;
    for (const char* suffix : {"-wal", "-shm"}) {
        if (!move_new(path + suffix, beside + suffix))
            return Failure{Error::store_unavailable,
                           errno_sentence("cannot set aside", path + suffix)};
    }
    if (!sync_directory_of(path))
        return Failure{Error::store_unavailable, errno_sentence("cannot sync", path)};
    return name;
}

} // namespace roundabout::store
