#pragma once

#include "proxy/counters.hpp"
#include "proxy/server_health.hpp"
#include "registration/binding_table.hpp"
#include "store/binding_store.hpp"
#include "transaction/counters.hpp"
#include "transport/counters.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::admin {

/// Names and numbers, in the order in which they are shown.
using Statistics = std::vector<std::pair<std::string, std::uint64_t>>;

/// What the numbers are read from; all of it outlives whoever reads.
struct StatisticsSources {
    std::vector<const proxy::Counters*> proxy;             ///< one a worker
    std::vector<const transaction::Counters*> transaction; ///< one a worker
    std::vector<const transport::Counters*> transport;     ///< one a worker
    const registration::BindingTable* bindings = nullptr;
    const store::BindingStore* store = nullptr;
    /// Days that certificates have left, by listener; may be empty. On the caller's thread.
    std::function<Statistics()> certificates;
    const proxy::ServerHealth* servers = nullptr; ///< null: says nothing of them
};

/// Every counter, summed over the workers. From any thread that may call `certificates`.
[[nodiscard]] Statistics gather(const StatisticsSources& sources);

} // namespace roundabout::admin
