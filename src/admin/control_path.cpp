#include "admin/control_path.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace roundabout::admin {
namespace {

constexpr mode_t directory_mode = 0750;
constexpr mode_t socket_mode = 0660;

std::string errno_sentence(std::string_view doing, const std::string& path) {
    const int error = errno;
    return std::string(doing) + " " + path + ": " + std::generic_category().message(error);
}

/// The number of a group; nothing if there is none of that name.
std::optional<gid_t> find_group(const std::string& name) {
    std::array<char, 16384> buffer{};
    group entry{};
    group* found = nullptr;
    ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

std::optional<std::string> give_to_group(const std::string& path, const std::string& group) {
    if (group.empty())
        return std::nullopt;
    const std::optional<gid_t> number = find_group(group);
    if (!number)
        return "the control socket's group \"" + group + "\" does not exist";
    if (::chown(path.c_str(), static_cast<uid_t>(-1), *number) != 0)
        return errno_sentence("cannot give group " + group, path);
    return std::nullopt;
}

std::optional<std::string> make_directory_of(const std::string& path, const std::string& group) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0)
        return std::nullopt;
    const std::string directory = path.substr(0, slash);
    if (::mkdir(directory.c_str(), directory_mode) != 0)
        return errno == EEXIST ? std::nullopt
                               : std::optional(errno_sentence("cannot make", directory));
    if (::chmod(directory.c_str(), directory_mode) != 0) // whatever the umask is
        return errno_sentence("cannot set the mode of", directory);
    return give_to_group(directory, group);
}

/// 0 if a process serves the socket at `path`; else the reason why there is no connection.
int try_connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return ENAMETOOLONG;
    std::ranges::copy(path, address.sun_path);
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return errno;
    const int result =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = result == 0 ? 0 : errno;
    ::close(probe);
    return error;
}

} // namespace

std::optional<std::string> clear_way(const std::string& path, const std::string& group) {
    if (auto problem = make_directory_of(path, group))
        return problem;
    struct stat there{};
    if (::lstat(path.c_str(), &there) != 0)
        return errno == ENOENT ? std::nullopt
                               : std::optional(errno_sentence("cannot look at", path));
    if (!S_ISSOCK(there.st_mode))
        return "the control socket can't be " + path + ": something else is there";
    const int error = try_connect(path);
    if (error == ENOENT)
        return std::nullopt;
    if (error != ECONNREFUSED) // with EAGAIN somebody listens and is busy
        return "another process serves the control socket " + path;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return errno_sentence("cannot remove the dead socket", path);
    return std::nullopt;
}

std::optional<std::string> restrict_access(const std::string& path, const std::string& group) {
    if (auto problem = give_to_group(path, group))
        return problem;
    if (::chmod(path.c_str(), socket_mode) != 0)
        return errno_sentence("cannot set the mode of", path);
    return std::nullopt;
}

std::optional<Peer> peer_of(int socket) noexcept {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    return Peer{credentials.uid, credentials.pid};
}

bool may_change(const Peer& peer, std::uint32_t own_uid) noexcept {
    return peer.uid == 0 || peer.uid == own_uid;
}

} // namespace roundabout::admin
