#include "admin/overview.hpp"

#include "admin/binding_row.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace roundabout::admin {
namespace {

std::uint64_t value_of(const Statistics& statistics, std::string_view name) {
    const auto found =
        std::ranges::find(statistics, name, &std::pair<std::string, std::uint64_t>::first);
    return found == statistics.end() ? 0 : found->second;
}

std::vector<std::string> serves(const config::Listener& listener) {
    std::vector<std::string> words;
    if (listener.serves_clients)
        words.emplace_back("clients");
    if (listener.serves_servers)
        words.emplace_back("servers");
    return words;
}

Record server_record(const config::TrustedServer& server, std::size_t bindings) {
    Record record;
    record.kind = "server";
    record.add("name", to_utf8(server.name));
    record.add("domains", server.domains);
    record.add("bindings", static_cast<std::int64_t>(bindings));
    return record;
}

Record place_record(const config::TrustedServer& server, std::size_t bindings,
                    const proxy::PlaceHealth& place, TimePoint now) {
    Record record = server_record(server, bindings);
    record.add("transport", std::string(name(place.place.transport)));
    record.add("address", place.place.remote.to_string());
    record.add("state", std::string(proxy::words(place.state)));
    if (place.since != TimePoint{})
        record.add(
            "for",
            std::int64_t{
                std::chrono::duration_cast<std::chrono::seconds>(now - place.since).count()});
    record.add("times_down", static_cast<std::int64_t>(place.times_down));
    if (place.probe > Duration{}) {
        record.add("probes", static_cast<std::int64_t>(place.probes));
        record.add("probes_answered", static_cast<std::int64_t>(place.probes_answered));
    }
    return record;
}

} // namespace

Record status_record(const ProcessFacts& process, const StatisticsSources& sources, bool stopping) {
    const Statistics all = gather(sources);
    const store::StoreHealth health = sources.store->health();
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - process.started);
    Record record;
    record.kind = "status";
    record.add("version", process.version);
    record.add("pid", std::int64_t{::getpid()});
    record.add("uptime", std::int64_t{up.count()});
    record.add("config", to_utf8(process.config_file));
    record.add("state", std::string(stopping          ? "stopping"
                                    : health.degraded ? "degraded"
                                                      : "ready"));
    const auto number = [&](const char* key, std::string_view name) {
        record.add(key, static_cast<std::int64_t>(value_of(all, name)));
    };
    number("workers", "workers");
    number("transactions", "transaction_live");
    number("requests_under_way", "proxy_live");
    number("connections", "transport_connections");
    number("received", "transport_received");
    number("sent", "transport_sent");
    number("bindings", "bindings");
    number("bindings_pending", "bindings_pending");
    record.add("bindings_complete", value_of(all, "bindings_complete") != 0);
    number("store_waiting", "store_waiting");
    record.add("store_degraded", health.degraded);
    record.add("store_problem", health.degraded
                                    ? std::string(sentence(health.why)) +
                                          (health.words.empty() ? "" : ": ") + to_utf8(health.words)
                                    : std::string());
    return record;
}

std::vector<Record> listener_records(const config::Config& config,
                                     const Statistics& certificate_days) {
    std::vector<Record> records;
    for (const config::Listener& listener : config.listeners) {
        if (listener.closed)
            continue;
        const std::string transport(name(listener.transport));
        const std::string bind = listener.bind.to_string();
        Record& record = records.emplace_back();
        record.kind = "listener";
        record.add("transport", transport);
        record.add("bind", bind);
        record.add("serves", serves(listener));
        std::string days = "certificate_days_left/";
        days.append(transport).append("/").append(bind);
        const auto found = std::ranges::find(certificate_days, days,
                                             &std::pair<std::string, std::uint64_t>::first);
        if (found != certificate_days.end())
            record.add("certificate_days_left", static_cast<std::int64_t>(found->second));
    }
    return records;
}

std::vector<Record> server_records(const config::Config& config,
                                   const std::map<std::string, std::size_t, std::less<>>& bindings,
                                   const std::vector<proxy::PlaceHealth>& places, TimePoint now) {
    std::vector<Record> records;
    for (const config::TrustedServer& server : config.servers) {
        const auto granted = bindings.find(server.name);
        const std::size_t count = granted == bindings.end() ? 0 : granted->second;
        const std::size_t before = records.size();
        for (const proxy::PlaceHealth& place : places) {
            if (place.server == server.name)
                records.push_back(place_record(server, count, place, now));
        }
        if (records.size() == before)
            records.emplace_back(server_record(server, count))
                .add("state", std::string("not located"));
    }
    return records;
}

std::string server_at(const proxy::Snapshot& snapshot, const IpAddress& address) {
    const auto found = snapshot.servers.at(address);
    return found.empty() ? std::string() : snapshot.config->servers[found.front().server].name;
}

Record flow_record(const Flow& flow, const proxy::Snapshot& snapshot,
                   std::vector<std::string> aors) {
    Record record;
    record.kind = "flow";
    record.add("worker", std::int64_t{flow.id.worker});
    record.add("connection", static_cast<std::int64_t>(flow.id.serial));
    record.add("transport", std::string(name(flow.transport)));
    record.add("direction", std::string(flow.outgoing ? "outgoing" : "incoming"));
    record.add("local", flow.local.to_string());
    record.add("remote", flow.remote.to_string());
    record.add("listener", to_utf8(snapshot.listener_name(flow.listener)));
    record.add("server", to_utf8(server_at(snapshot, flow.remote.address)));
    record.add("aors", std::move(aors));
    return record;
}

} // namespace roundabout::admin
