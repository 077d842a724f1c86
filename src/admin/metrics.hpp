#pragma once

#include "admin/statistics.hpp"
#include "base/histogram.hpp"
#include "proxy/measures.hpp"
#include "proxy/parked.hpp"
#include "transport/message_counts.hpp"

#include <functional>
#include <string>
#include <vector>

namespace roundabout::admin {

/// What the metrics are read from; all of it outlives whoever reads.
struct MetricsSources {
    StatisticsSources statistics; ///< with `servers`
    const proxy::Parked* parked = nullptr;
    std::vector<const transport::MessageCounts*> messages; ///< one a worker
    std::vector<const proxy::Measures*> measures;          ///< one a worker
    std::vector<const WorkingTimes*> turns;                ///< one a worker
};

/// All metrics in the text format of Prometheus, version 0.0.4: summed over the workers, but for
/// the time that each worker's loop was busy. What never happened is left out where a label would
/// only say so. From any thread that may call `statistics.certificates`. O(workers x counters).
[[nodiscard]] std::string metrics_text(const MetricsSources& sources);

} // namespace roundabout::admin
