#pragma once

#include "admin/http_listener.hpp"
#include "admin/statistics.hpp"
#include "app/shared_state.hpp"
#include "app/worker_thread.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace roundabout::app {

/// What the HTTP listener serves: metrics; health, which is that every worker does what it is asked
/// in time; readiness, which is that requests are taken. An unreachable database is told, but is no
/// reason for 503, since routing goes on without it. All arguments but `statistics` outlive the
/// pages; `stopping` says that nothing new is taken. The pages are for the thread of `io`.
[[nodiscard]] admin::Pages make_pages(boost::asio::io_context& io, const SharedState& shared,
                                      const std::vector<std::unique_ptr<WorkerThread>>& workers,
                                      admin::StatisticsSources statistics,
                                      std::function<bool()> stopping);

} // namespace roundabout::app
