#include "store/lock.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
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

} // namespace

StoreResult<Lock> Lock::take(const std::string& database) {
    const std::string path = database + ".lock";
    File file = File::open(path, O_RDWR | O_CREAT | O_NOFOLLOW, owner_only);
    if (!file)
        return Failure{Error::store_unavailable, errno_sentence("cannot open the lock", path)};
    if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return Failure{Error::store_unavailable, errno_sentence("cannot lock", path)};
        return Failure{Error::store_locked, "the database " + database + " is in use by " +
                                                holder(file) +
                                                "; two owners would undo each "
                                                "other's registrations"};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.fd(), 0) != 0 || !write_all(file, pid))
        return Failure{Error::store_unavailable, errno_sentence("cannot write", path)};
    return Lock(std::move(file));
}

} // namespace roundabout::store
