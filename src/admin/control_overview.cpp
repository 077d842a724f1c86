#include "admin/binding_row.hpp"
#include "admin/control_session.hpp"

#include <algorithm>
#include <utility>

// What a session answers to status, servers and flows.
namespace roundabout::admin {

namespace asio = boost::asio;

namespace {

/// Connections that a worker is asked about at once, so that a hundred thousand of them hold nobody
/// up.
constexpr std::size_t flows_at_once = 500;

std::string joined(const std::vector<Record>& records) {
    std::string lines;
    for (const Record& record : records)
        lines += to_line(record);
    return lines;
}

End counted(std::size_t matched) {
    End end;
    end.matched = matched;
    return end;
}

End late() {
    End end;
    end.ending = Ending::failed;
    end.reason = "a worker did not answer in time";
    return end;
}

std::vector<Flow> flows_at(const transport::WorkerFlows& flows, const std::vector<FlowId>& ids) {
    std::vector<Flow> found;
    for (const FlowId& id : ids) {
        if (const auto flow = flows.find(id))
            found.push_back(*flow);
    }
    return found;
}

std::vector<std::string> aors_over(const Flow& flow, const registration::BindingTable& bindings) {
    constexpr std::size_t most = 8;
    std::vector<std::string> aors;
    for (const registration::Binding& binding : bindings.find_by_flow(flow)) {
        std::string aor = to_utf8(binding.aor);
        if (aors.size() < most && std::ranges::find(aors, aor) == aors.end())
            aors.push_back(std::move(aor));
    }
    return aors;
}

} // namespace

asio::awaitable<End> ControlSession::status() {
    const bool stopping = subject_.stopping && subject_.stopping();
    std::vector<Record> records{status_record(subject_.process, subject_.statistics, stopping)};
    const auto& certificates = subject_.statistics.certificates;
    const Statistics days = certificates ? certificates() : Statistics{};
    if (subject_.snapshot) {
        for (Record& each : listener_records(*subject_.snapshot()->config, days))
            records.push_back(std::move(each));
    }
    std::string lines = joined(records);
    co_await send(std::move(lines));
    co_return counted(records.size());
}

asio::awaitable<End> ControlSession::servers() {
    const proxy::SnapshotPtr snapshot = subject_.snapshot();
    const auto now = TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
    const std::vector<Record> records =
        server_records(*snapshot->config, subject_.bindings->size_by_server(),
                       subject_.statistics.servers->snapshot(), now);
    std::string lines = joined(records);
    co_await send(std::move(lines));
    co_return counted(records.size());
}

asio::awaitable<End> ControlSession::flows() {
    End end;
    for (const WorkerCall& worker : subject_.workers) {
        const End of_one = co_await flows_of(worker);
        if (of_one.ending != Ending::ok)
            co_return of_one;
        end.matched += of_one.matched;
    }
    co_return end;
}

asio::awaitable<End> ControlSession::flows_of(WorkerCall worker) {
    using Ids = std::vector<FlowId>;
    using Flows = std::vector<Flow>;
    const std::function<Ids(proxy::Services&, transport::WorkerFlows&)> which =
        [](proxy::Services&, transport::WorkerFlows& flows) { return flows.open_connections(); };
    std::optional<Ids> ids = co_await ask_worker<Ids>(io_, worker, which);
    if (!ids)
        co_return late();
    std::ranges::sort(*ids);
    End end;
    for (std::size_t at = 0; at < ids->size() && socket_.is_open(); at += flows_at_once) {
        const auto first = ids->begin() + static_cast<std::ptrdiff_t>(at);
        const Ids some(
            first, first + static_cast<std::ptrdiff_t>(std::min(flows_at_once, ids->size() - at)));
        const std::function<Flows(proxy::Services&, transport::WorkerFlows&)> what =
            [some](proxy::Services&, transport::WorkerFlows& flows) {
                return flows_at(flows, some);
            };
        const std::optional<Flows> found = co_await ask_worker<Flows>(io_, worker, what);
        if (!found)
            co_return late();
        const proxy::SnapshotPtr snapshot = subject_.snapshot();
        std::vector<Record> records;
        for (const Flow& flow : *found)
            records.push_back(flow_record(flow, *snapshot, aors_over(flow, *subject_.bindings)));
        end.matched += records.size();
        std::string lines = joined(records);
        co_await send(std::move(lines));
    }
    co_return end;
}

} // namespace roundabout::admin
