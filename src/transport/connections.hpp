#pragma once

#include "transport/connection.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace roundabout::transport {

/// The open stream connections of one worker, by the serial number of their FlowId.
class Connections {
  public:
    /// `name` gives node, boot and worker of every FlowId made here. `surroundings` outlives this.
    Connections(const StreamSurroundings& surroundings, const FlowId& name);
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// Gives the connection its name and starts it. `ended` may be empty; it is called once, before
    /// FlowClosed.
    Flow adopt(Opened opened, std::function<void(const Flow&)> ended);

    /// Null if it was never ours or is gone. Shared: it may end while the caller uses it.
    [[nodiscard]] std::shared_ptr<Connection> find(const FlowId& id) const;
    /// True for the name of a connection, dead or alive, that this worker made in this process.
    [[nodiscard]] bool made(const FlowId& id) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return by_serial_.size(); }
    [[nodiscard]] std::vector<FlowId> ids() const;

    void close_all(Error why);
    /// Those of one listener, and those that it spoke for. O(connections).
    void close_of(ListenerIndex listener, Error why);

  private:
    const StreamSurroundings* surroundings_;
    FlowId next_;
    boost::unordered_flat_map<std::uint64_t, std::shared_ptr<Connection>> by_serial_;
};

} // namespace roundabout::transport
