#include "transport/lent_connections.hpp"

#include <iterator>

namespace roundabout::transport {
namespace {

constexpr std::size_t kept = 8;

} // namespace

std::size_t LentConnections::Hash::operator()(const LentFor& peer) const noexcept {
    return std::hash<Endpoint>{}(peer.remote) ^
           (static_cast<std::size_t>(peer.transport) * 31U + peer.tls_profile);
}

void LentConnections::add(const LentFor& peer, const Flow& flow) {
    std::vector<Flow>& flows = flows_[peer];
    std::erase_if(flows, [&](const Flow& known) { return known.id == flow.id; });
    if (flows.size() == kept)
        flows.erase(flows.begin());
    flows.push_back(flow);
}

void LentConnections::remove(FlowId id) {
    for (auto at = flows_.begin(); at != flows_.end();) {
        std::erase_if(at->second, [id](const Flow& flow) { return flow.id == id; });
        at = at->second.empty() ? flows_.erase(at) : std::next(at);
    }
}

std::optional<Flow> LentConnections::find(const ConnectTarget& target,
                                          const std::function<bool(FlowId)>& is_open) {
    const auto found =
        flows_.find({target.transport, target.remote, target.tls_profile, target.listener});
    if (found == flows_.end())
        return std::nullopt;
    std::vector<Flow>& flows = found->second;
    while (!flows.empty() && !is_open(flows.back().id))
        flows.pop_back();
    if (!flows.empty())
        return flows.back();
    flows_.erase(found);
    return std::nullopt;
}

std::size_t LentConnections::size() const noexcept {
    std::size_t all = 0;
    for (const auto& [peer, flows] : flows_)
        all += flows.size();
    return all;
}

} // namespace roundabout::transport
