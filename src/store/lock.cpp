#include "store/lock.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roundabout::store {
namespace {

constexpr unsigned owner_only = 0600;

std::string holder(const File& file) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(file.fd(), text.data(), text.size(), 0);
    std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    pid.erase(std::min(pid.find('\n'), pid.size()));
    return pid.empty() ? "another process" : "process " + pid;
}

Failure open_failure(const std::string& path) {
    return {Error::store_unavailable, errno_sentence("cannot open the lock", path)};
}

std::optional<Failure> name_ourselves(const File& file, const std::string& path) {
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.fd(), 0) == 0 && ::lseek(file.fd(), 0, SEEK_SET) == 0 &&
        write_all(file, pid))
        return std::nullopt;
    return Failure{Error::store_unavailable, errno_sentence("cannot write", path)};
}

} // namespace

StoreResult<Lock> Lock::take(const std::string& database) {
    const std::string path = database + ".lock";
    File file = File::open(path, O_RDWR | O_CREAT | O_NOFOLLOW, owner_only);
    if (!file)
        return open_failure(path);
    if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return Failure{Error::store_unavailable, errno_sentence("cannot lock", path)};
        return Failure{Error::store_locked, "the database " + database + " is in use by " +
                                                holder(file) +
                                                "; two owners would undo each "
                                                "other's registrations"};
    }
    if (auto failure = name_ourselves(file, path))
        return std::move(*failure);
    return Lock(std::move(file));
}

StoreResult<Lock> Lock::adopt(const std::string& database, File file) {
    const std::string path = database + ".lock";
    struct stat here{};
    struct stat given{};
    const bool known = ::stat(path.c_str(), &here) == 0 && ::fstat(file.fd(), &given) == 0;
    if (!known || here.st_dev != given.st_dev || here.st_ino != given.st_ino)
        return Failure{Error::store_unavailable,
                       "the database " + database +
                           " is not the one of the running process; "
                           "its configuration and this one must name the same"};
    if (auto failure = name_ourselves(file, path))
        return std::move(*failure);
    return Lock(std::move(file));
}

} // namespace roundabout::store
