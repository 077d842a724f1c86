#pragma once

#include "admin/record.hpp"
#include "admin/statistics.hpp"
#include "base/endpoint.hpp"
#include "base/flow.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "proxy/server_health.hpp"
#include "proxy/snapshot.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// What `status`, `servers` and `flows` say, as records.
namespace roundabout::admin {

/// What is known of the process from its start.
struct ProcessFacts {
    std::string version;
    std::string config_file;
    std::chrono::steady_clock::time_point started;
};

/// {"status":{...}}.
[[nodiscard]] Record status_record(const ProcessFacts& process, const StatisticsSources& sources,
                                   bool stopping);

/// {"listener":{...}}, one a listener that is open.
[[nodiscard]] std::vector<Record> listener_records(const config::Config& config,
                                                   const Statistics& certificate_days);

/// {"server":{...}}, one a place, and one for a server of which no place is known. `places`: what
/// is known of each; `now`: by the same clock.
[[nodiscard]] std::vector<Record>
server_records(const config::Config& config,
               const std::map<std::string, std::size_t, std::less<>>& bindings,
               const std::vector<proxy::PlaceHealth>& places, TimePoint now);

/// The name of the first trusted server at that address; empty if there is none.
[[nodiscard]] std::string server_at(const proxy::Snapshot& snapshot, const IpAddress& address);

/// {"flow":{...}} of a connection. `aors`: whose bindings it carries.
[[nodiscard]] Record flow_record(const Flow& flow, const proxy::Snapshot& snapshot,
                                 std::vector<std::string> aors);

} // namespace roundabout::admin
