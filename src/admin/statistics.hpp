#pragma once

#include "proxy/counters.hpp"
#include "registration/binding_table.hpp"
#include "store/binding_store.hpp"
#include "transport/counters.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::admin {

/// Names and numbers, in the order in which they are shown.
using Statistics = std::vector<std::pair<std::string, std::uint64_t>>;

/// What the numbers are read from; all of it outlives whoever reads.
struct StatisticsSources {
    std::vector<const proxy::Counters*> proxy;         ///< one a worker
    std::vector<const transport::Counters*> transport; ///< one a worker
    const registration::BindingTable* bindings = nullptr;
    const store::BindingStore* store = nullptr;
};

/// Every counter, summed over the workers. From any thread.
[[nodiscard]] Statistics gather(const StatisticsSources& sources);

} // namespace roundabout::admin
