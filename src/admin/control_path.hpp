#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// What stands in the file system for the control socket, and who is at its other end.
namespace roundabout::admin {

/// Makes way for a socket at `path`: its directory is made (0750, of `group`) if it is not there, a
/// socket that no process serves any more is removed. A sentence if a live process serves it, if
/// something else is in the way, or if that can't be done.
[[nodiscard]] std::optional<std::string> clear_way(const std::string& path,
                                                   const std::string& group);

/// Lets the owner and `group` (empty: the process's own) use the socket, and nobody else: 0660. To
/// be called before listen(), until which nobody can connect.
[[nodiscard]] std::optional<std::string> restrict_access(const std::string& path,
                                                         const std::string& group);

/// The process at the other end of a connected Unix socket, by SO_PEERCRED (unix(7)): as it was
/// when it connected.
struct Peer {
    std::uint32_t uid = 0;
    std::int32_t pid = 0;
};
[[nodiscard]] std::optional<Peer> peer_of(int socket) noexcept;

/// Root and the daemon's own user may change bindings and the configuration.
[[nodiscard]] bool may_change(const Peer& peer, std::uint32_t own_uid) noexcept;

} // namespace roundabout::admin
