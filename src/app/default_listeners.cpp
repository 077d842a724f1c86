#include "app/default_listeners.hpp"

#include "transport/bind_check.hpp"

namespace roundabout::app {

std::string obstacle_at(Transport transport, const Endpoint& place) {
    transport::ListenerSettings listener;
    listener.transport = transport;
    listener.bind = place;
    std::vector<transport::ListenerSettings> alone{listener};
    const auto fault = transport::check_binds(alone);
    return fault ? fault->reason() : std::string();
}

} // namespace roundabout::app
