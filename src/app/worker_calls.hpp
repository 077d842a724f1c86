#pragma once

#include "admin/worker_calls.hpp"
#include "app/worker_thread.hpp"

#include <memory>
#include <vector>

namespace roundabout::app {

/// For each worker, by number, how to have something done on its thread. The workers outlive them.
[[nodiscard]] std::vector<admin::WorkerCall>
worker_calls(const std::vector<std::unique_ptr<WorkerThread>>& workers);

} // namespace roundabout::app
