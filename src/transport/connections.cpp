#include "transport/connections.hpp"

#include <utility>
#include <vector>

namespace roundabout::transport {

Connections::Connections(const StreamSurroundings& surroundings, const FlowId& name)
    : surroundings_(&surroundings)
    , next_(name) {
    next_.serial = 1;
}

Flow Connections::adopt(Opened opened, std::function<void(const Flow&)> ended) {
    opened.flow.id = next_;
    ++next_.serial;
    const Flow flow = opened.flow;
    auto gone = [this, ended = std::move(ended)](const Flow& of) {
        by_serial_.erase(of.id.serial);
        if (ended)
            ended(of);
    };
    const auto connection =
        std::make_shared<Connection>(*surroundings_, std::move(opened), std::move(gone));
    by_serial_.emplace(flow.id.serial, connection);
    surroundings_->counters.connections.add();
    surroundings_->counters.of(flow.transport).open.add();
    connection->start();
    if (flow.outgoing)
        connection->keep_alive();
    return flow;
}

std::shared_ptr<Connection> Connections::find(const FlowId& id) const {
    if (!made(id))
        return nullptr;
    const auto found = by_serial_.find(id.serial);
    return found == by_serial_.end() ? nullptr : found->second;
}

bool Connections::made(const FlowId& id) const noexcept {
    return id.node == next_.node && id.worker == next_.worker && id.boot == next_.boot &&
           id.serial != 0;
}

std::vector<FlowId> Connections::ids() const {
    std::vector<FlowId> ids;
    ids.reserve(by_serial_.size());
    FlowId id = next_;
    for (const auto& [serial, connection] : by_serial_) {
        id.serial = serial;
        ids.push_back(id);
    }
    return ids;
}

void Connections::close_of(ListenerIndex listener, Error why) {
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [serial, connection] : by_serial_) {
        if (connection->flow().listener == listener)
            all.push_back(connection);
    }
    for (const auto& connection : all)
        connection->close(why);
}

void Connections::close_all(Error why) {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(by_serial_.size());
    for (const auto& [serial, connection] : by_serial_)
        all.push_back(connection);
    for (const auto& connection : all)
        connection->close(why);
}

} // namespace roundabout::transport
