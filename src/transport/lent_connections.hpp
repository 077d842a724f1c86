#pragma once

#include "transport/flow_table.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace roundabout::transport {

/// Connections that peers opened and that may carry requests to them (R40), as one worker knows
/// them: its own, and those that the other workers told it of.
class LentConnections {
  public:
    /// The newest few of a peer are kept.
    void add(const LentFor& peer, const Flow& flow);
    /// O(peers).
    void remove(FlowId id);

    /// The newest one for that target of which `is_open` does not say otherwise; those are dropped.
    std::optional<Flow> find(const ConnectTarget& target,
                             const std::function<bool(FlowId)>& is_open);

    [[nodiscard]] std::size_t size() const noexcept;

  private:
    struct Hash {
        std::size_t operator()(const LentFor& peer) const noexcept;
    };

    std::unordered_map<LentFor, std::vector<Flow>, Hash> flows_; // each newest last
};

} // namespace roundabout::transport
