#pragma once

#include "base/endpoint.hpp"
#include "base/transport.hpp"
#include "transport/descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roundabout::transport {

/// Sockets that another process bound, and whose queues may hold what nobody has read: those of the
/// service manager. Each listener takes those of its address; every one of them goes to exactly one
/// worker, however many there are. None is closed that a listener wants: with SO_REUSEPORT the
/// kernel gives each its share of what arrives.
///
/// Used on one thread, before the workers run.
class InheritedSockets {
  public:
    /// Owns `descriptor` from now on. `name` is what it was stored as. A second descriptor of a
    /// socket that is here already is passed over. Else a sentence if nothing can listen by it: it
    /// is no UDP and no listening TCP socket, or takes IPv4 and IPv6 at once.
    [[nodiscard]] std::optional<std::string> add(int descriptor, std::string name);

    /// Whether any is of that kind (datagrams or connections) and address.
    [[nodiscard]] bool has(Transport transport, const Endpoint& bind) const;

    /// Those that worker number `worker` of `workers` is to read, the owner being the caller. None
    /// where there are fewer sockets than workers.
    [[nodiscard]] std::vector<Descriptor> take(Transport transport, const Endpoint& bind,
                                               std::uint16_t worker, std::uint16_t workers);
    /// For a worker that got none and can bind none beside them, because they do not share the port
    /// (SO_REUSEPORT) or belong to another user: a second descriptor of one, to read it together.
    /// Empty if there is none.
    [[nodiscard]] Descriptor share(Transport transport, const Endpoint& bind, std::uint16_t worker);

    /// A socket that no listener took.
    struct Unwanted {
        std::string name;
        std::string address; ///< "udp 192.0.2.1:5060", "tcp ..." for all that have connections
    };
    /// Closes what nobody took, and tells what it was. Once, when all workers have taken theirs.
    [[nodiscard]] std::vector<Unwanted> close_rest();

    [[nodiscard]] bool empty() const noexcept { return sockets_.empty(); }

  private:
    struct Socket {
        Descriptor descriptor;
        std::string name;
        bool datagrams = false;
        bool taken = false;
        Endpoint local;
        ino_t inode = 0;
    };
    [[nodiscard]] static bool fits(const Socket& socket, Transport transport,
                                   const Endpoint& bind) noexcept;
    [[nodiscard]] std::vector<Socket*> group(Transport transport, const Endpoint& bind);

    std::vector<Socket> sockets_;
};

} // namespace roundabout::transport
