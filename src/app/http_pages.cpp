#include "app/http_pages.hpp"

#include "admin/metrics.hpp"
#include "app/worker_calls.hpp"

#include <string>
#include <utility>

namespace roundabout::app {
namespace {

namespace asio = boost::asio;
using Workers = std::vector<std::unique_ptr<WorkerThread>>;

admin::Page page_of(unsigned status, std::string body) {
    admin::Page page;
    page.status = status;
    page.body = std::move(body);
    return page;
}

admin::MetricsSources sources_of(const SharedState& shared, const Workers& workers,
                                 admin::StatisticsSources statistics) {
    admin::MetricsSources sources;
    sources.statistics = std::move(statistics);
    sources.parked = &shared.parked;
    for (const auto& worker : workers) {
        sources.messages.push_back(&worker->messages());
        sources.measures.push_back(&worker->measures());
        sources.turns.push_back(&worker->turns());
    }
    return sources;
}

asio::awaitable<admin::Page> health(asio::io_context& io, std::vector<admin::WorkerCall> workers) {
    const std::function<bool(proxy::Services&, transport::WorkerFlows&)> nothing =
        [](proxy::Services&, transport::WorkerFlows&) { return true; };
    for (std::size_t i = 0; i < workers.size(); ++i) {
        const std::optional<bool> answered =
            co_await admin::ask_worker<bool>(io, workers[i], nothing);
        if (!answered)
            co_return page_of(503, "worker " + std::to_string(i) + " does not answer\n");
    }
    co_return page_of(200, "ok\n");
}

admin::Page readiness(const SharedState& shared, bool stopping) {
    if (stopping)
        return page_of(503, "stopping\n");
    const store::StoreHealth health = shared.store->health();
    if (health.degraded)
        return page_of(200, "ready, store degraded: " + std::string(sentence(health.why)) +
                                (health.words.empty() ? "" : ": " + health.words) + "\n");
    return page_of(200, shared.bindings->complete() ? "ready\n"
                                                    : "ready, bindings are still being read\n");
}

} // namespace

admin::Pages make_pages(asio::io_context& io, const SharedState& shared, const Workers& workers,
                        admin::StatisticsSources statistics, std::function<bool()> stopping) {
    admin::Pages pages;
    pages.metrics = [sources = sources_of(shared, workers, std::move(statistics))] {
        admin::Page page = page_of(200, admin::metrics_text(sources));
        page.type = "text/plain; version=0.0.4; charset=utf-8";
        return page;
    };
    pages.health = [&io, calls = worker_calls(workers)] { return health(io, calls); };
    pages.readiness = [&shared, stopping = std::move(stopping)] {
        return readiness(shared, stopping());
    };
    return pages;
}

} // namespace roundabout::app
