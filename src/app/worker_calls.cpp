#include "app/worker_calls.hpp"

#include <utility>

namespace roundabout::app {

std::vector<admin::WorkerCall>
worker_calls(const std::vector<std::unique_ptr<WorkerThread>>& workers) {
    std::vector<admin::WorkerCall> calls;
    calls.reserve(workers.size());
    for (const auto& worker : workers)
        calls.emplace_back(
            [at = worker.get()](admin::OnWorker what) { at->run_soon(std::move(what)); });
    return calls;
}

} // namespace roundabout::app
