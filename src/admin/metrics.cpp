#include "admin/metrics.hpp"

#include "admin/binding_row.hpp"
#include "admin/metric_families.hpp"
#include "base/error.hpp"
#include "sip/response.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace roundabout::admin {
namespace {

using proxy::Measures;
using proxy::RuleCounts;
using transport::Counter;
using transport::MessageCounts;
using transport::StreamCounters;

/// The sum of one counter over all workers.
template <class Owner>
std::uint64_t sum(const std::vector<const Owner*>& workers, Counter Owner::* counter) {
    std::uint64_t all = 0;
    for (const Owner* worker : workers)
        all += (worker->*counter).value();
    return all;
}

std::string method_name(sip::Method method) {
    return method == sip::Method::other ? "other" : std::string(sip::name(method));
}

template <class Each>
void for_each_method(Each each) {
    for (std::size_t i = 0; i < MessageCounts::methods; ++i)
        each(static_cast<sip::Method>(i));
}

// Messages.

void add_messages(MetricFamilies& out, const std::vector<const MessageCounts*>& workers,
                  Transport transport, MessageCounts::Way way) {
    const char* const direction = way == MessageCounts::Way::received ? "received" : "sent";
    for_each_method([&](sip::Method method) {
        for (std::size_t slot = 0; slot < sip::status_slots; ++slot) {
            std::uint64_t count = 0;
            for (const MessageCounts* worker : workers)
                count += worker->value(way, transport, method, slot);
            if (count != 0)
                out.add(count, {{"method", method_name(method)},
                                {"transport", std::string(name(transport))},
                                {"direction", direction},
                                {"code", sip::status_slot_name(slot)}});
        }
    });
}

void add_messages(MetricFamilies& out, const std::vector<const MessageCounts*>& workers) {
    out.counter("roundabout_sip_messages_total",
                "SIP messages, retransmissions among them; code is empty for requests.");
    for (const MessageCounts::Way way : MessageCounts::ways) {
        for (const Transport transport : all_transports)
            add_messages(out, workers, transport, way);
    }
}

void add_reasons(MetricFamilies& out, const std::vector<const proxy::Measures*>& workers,
                 proxy::ReasonCounts proxy::Measures::* counts) {
    for (std::size_t i = 0; i < proxy::ReasonCounts::size; ++i) {
        std::uint64_t count = 0;
        for (const proxy::Measures* worker : workers)
            count += (worker->*counts).value(i);
        out.add_if_any(count, {{"reason", std::string(sentence(static_cast<Error>(i)))}});
    }
}

void add_decisions(MetricFamilies& out, const std::vector<const proxy::Measures*>& workers) {
    out.counter("roundabout_requests_decided_total",
                "New requests, by what was decided and the rule that did.");
    const auto decisions = std::to_array<std::pair<const char*, RuleCounts Measures::*>>({
        {"forwarded", &Measures::forwarded},
        {"answered", &Measures::answered},
        {"dropped", &Measures::dropped},
    });
    for (const auto& [decision, counts] : decisions) {
        for (std::size_t i = 0; i < RuleCounts::size; ++i) {
            std::uint64_t count = 0;
            for (const Measures* worker : workers)
                count += (worker->*counts).value(i);
            const std::string_view rule = routing::words(static_cast<routing::Rule>(i));
            out.add_if_any(count, {{"decision", decision}, {"rule", std::string(rule)}});
        }
    }
}

void add_waiting(MetricFamilies& out, const std::vector<const proxy::Measures*>& workers,
                 std::array<WaitingTimes, proxy::Measures::methods> proxy::Measures::* times) {
    for_each_method([&](sip::Method method) {
        HistogramValue all;
        for (const proxy::Measures* worker : workers)
            all.add((worker->*times)[static_cast<std::size_t>(method)].value());
        if (std::ranges::any_of(all.counts, [](std::uint64_t count) { return count != 0; }))
            out.add(all, WaitingTimes::bounds(), {{"method", method_name(method)}});
    });
}

// Connections.

void add_streams(MetricFamilies& out, const std::vector<const transport::Counters*>& workers,
                 Counter StreamCounters::* counter) {
    for (const Transport transport : all_transports) {
        std::uint64_t all = 0;
        for (const transport::Counters* worker : workers)
            all += (worker->by_transport[static_cast<std::size_t>(transport)].*counter).value();
        if (is_reliable(transport))
            out.add(all, {{"transport", std::string(name(transport))}});
    }
}

void add_connections(MetricFamilies& out, const StatisticsSources& sources) {
    const auto& workers = sources.transport;
    out.gauge("roundabout_connections", "Connections open now, whoever opened them.");
    add_streams(out, workers, &StreamCounters::open);
    out.counter("roundabout_connections_accepted_total", "Connections that others opened.");
    add_streams(out, workers, &StreamCounters::accepted);
    out.counter("roundabout_handshakes_total",
                "Accepted connections whose PROXY header, TLS and WebSocket handshakes are done.");
    add_streams(out, workers, &StreamCounters::handshakes);
    out.counter("roundabout_handshakes_failed_total",
                "Accepted connections that were turned away or did not get that far.");
    add_streams(out, workers, &StreamCounters::handshakes_failed);
    out.counter("roundabout_connects_total", "Connections that were opened to others.");
    add_streams(out, workers, &StreamCounters::connected);
    out.counter("roundabout_connects_failed_total", "Connections that could not be opened.");
    add_streams(out, workers, &StreamCounters::connects_failed);
}

// Limits.

void add_limits(MetricFamilies& out, const StatisticsSources& sources) {
    using Proxy = proxy::Counters;
    using Transports = transport::Counters;
    out.counter("roundabout_limit_drops_total",
                "What was turned away or lost, by the limit that it met.");
    const auto of_proxy = std::to_array<std::pair<const char*, Counter Proxy::*>>({
        {"transactions", &Proxy::transaction_limit},
        {"messages_per_source", &Proxy::source_limit},
        {"client_messages", &Proxy::client_limit},
        {"rejections", &Proxy::rejections_muted},
    });
    for (const auto& [limit, counter] : of_proxy)
        out.add(sum(sources.proxy, counter), {{"limit", limit}});
    const auto of_transport = std::to_array<std::pair<const char*, Counter Transports::*>>({
        {"connections", &Transports::accept_limit},
        {"connections_per_source", &Transports::accept_limit_source},
        {"handshakes", &Transports::handshake_limit},
        {"handshakes_per_source", &Transports::handshake_limit_source},
        {"handshake_time", &Transports::handshake_timeouts},
        {"message_time", &Transports::closed_unfinished},
        {"idle_time", &Transports::closed_idle},
        {"queue", &Transports::closed_slow},
        {"udp_queue", &Transports::udp_queue_drops},
        {"inbox", &Transports::inbox_full},
        {"descriptors", &Transports::accept_pauses},
    });
    for (const auto& [limit, counter] : of_transport)
        out.add(sum(sources.transport, counter), {{"limit", limit}});
}

// Registrations and their store.

void add_bindings(MetricFamilies& out, const StatisticsSources& sources) {
    out.gauge("roundabout_bindings", "Registered bindings, by the server that granted them.");
    for (const auto& [server, count] : sources.bindings->size_by_server())
        out.add(count, {{"server", to_utf8(server)}});
    out.gauge("roundabout_bindings_complete",
              "1 once all bindings have been read from the database.");
    out.add(sources.bindings->complete() ? 1U : 0U);
}

void add_store(MetricFamilies& out, const store::BindingStore& store) {
    const store::StoreCounts counts = store.counts();
    out.histogram("roundabout_store_commit_seconds", "How long commits to the database took.");
    out.add(counts.commit_times, WorkingTimes::bounds());
    out.gauge("roundabout_store_queue", "Changes that are not on disk yet.");
    out.add(counts.waiting);
    out.counter("roundabout_store_rows_total", "Rows written or removed.");
    out.add(counts.rows_written);
    out.counter("roundabout_store_failures_total",
                "Attempts that the database refused or was too busy for.");
    out.add(counts.failed);
    out.counter("roundabout_store_answers_late_total",
                "Answers to REGISTER that did not wait for the disk any longer.");
    out.add(counts.answered_late);
    out.counter("roundabout_store_renewals_total",
                "Times that a new database was begun in place of a bad one.");
    out.add(counts.renewed);
    out.gauge("roundabout_store_degraded", "1 while changes cannot be written.");
    out.add(store.health().degraded ? 1U : 0U);
}

/// In seconds, since metrics have base units; promtool insists.
void add_certificates(MetricFamilies& out, const StatisticsSources& sources) {
    constexpr std::uint64_t seconds_a_day = 86'400;
    out.gauge("roundabout_certificate_left_seconds",
              "Whole days until a listener's certificate expires, of several the first.");
    if (!sources.certificates)
        return;
    for (const auto& [name, days] : sources.certificates())
        out.add(days * seconds_a_day, {{"listener", name.substr(name.find('/') + 1)}});
}

void add_servers(MetricFamilies& out, const proxy::ServerHealth& health) {
    const std::vector<proxy::PlaceHealth> places = health.snapshot();
    const auto labels = [](const proxy::PlaceHealth& place) {
        return Labels{{"server", to_utf8(place.server)},
                      {"transport", std::string(name(place.place.transport))},
                      {"address", place.place.remote.to_string()}};
    };
    out.gauge("roundabout_server_up", "1 where requests go to that address of a trusted server.");
    for (const proxy::PlaceHealth& place : places)
        out.add(place.state == proxy::PlaceState::up ? 1U : 0U, labels(place));
    out.counter("roundabout_server_down_total", "Times that an address of a server went down.");
    for (const proxy::PlaceHealth& place : places)
        out.add(place.times_down, labels(place));
}

/// What the parts above do not show by its own name, under that of `roundabout-ctl stats`.
void add_events(MetricFamilies& out, const StatisticsSources& sources) {
    out.counter("roundabout_events_total",
                "Every other counter, as roundabout-ctl stats names it.");
    for (const auto& [name, value] : gather(sources)) {
        const bool event = name.starts_with("proxy_") || name.starts_with("transaction_") ||
                           name.starts_with("transport_");
        const bool state = name.ends_with("_live") || name == "transport_connections";
        if (event && !state)
            out.add(value, {{"event", name}});
    }
}

} // namespace

std::string metrics_text(const MetricsSources& sources) {
    MetricFamilies out;
    const StatisticsSources& statistics = sources.statistics;
    out.gauge("roundabout_workers", "Threads that carry the traffic.");
    out.add(statistics.proxy.size());
    add_messages(out, sources.messages);
    out.gauge("roundabout_transactions", "Transactions under way, client and server.");
    out.add(sum(statistics.transaction, &transaction::Counters::live));
    out.gauge("roundabout_requests_under_way",
              "Requests whose response context lives, and what is sent without one.");
    out.add(sum(statistics.proxy, &proxy::Counters::live));
    out.gauge("roundabout_parked_requests", "Requests that wait for their client's new flow.");
    out.add(sources.parked->size());
    add_decisions(out, sources.measures);
    out.histogram("roundabout_first_response_seconds",
                  "From a request's arrival to the first response beyond 100 that went back.");
    add_waiting(out, sources.measures, &proxy::Measures::first_response);
    out.histogram("roundabout_final_response_seconds",
                  "From a request's arrival to the final response that went back.");
    add_waiting(out, sources.measures, &proxy::Measures::final_response);
    out.counter("roundabout_messages_refused_total", "Messages that could not be read, by reason.");
    add_reasons(out, sources.measures, &proxy::Measures::refused);
    add_connections(out, statistics);
    out.counter("roundabout_connections_refused_total",
                "Connections not let in or not through their handshakes, by reason.");
    add_reasons(out, sources.measures, &proxy::Measures::turned_away);
    out.counter("roundabout_connections_closed_total", "Connections that ended, by reason.");
    add_reasons(out, sources.measures, &proxy::Measures::closed);
    add_limits(out, statistics);
    add_bindings(out, statistics);
    add_store(out, *statistics.store);
    add_servers(out, *statistics.servers);
    add_certificates(out, statistics);
    out.histogram("roundabout_loop_busy_seconds",
                  "How long a worker was busy with what it did at one go.");
    for (std::size_t i = 0; i < sources.turns.size(); ++i)
        out.add(sources.turns[i]->value(), WorkingTimes::bounds(), {{"worker", std::to_string(i)}});
    add_events(out, statistics);
    return out.text();
}

} // namespace roundabout::admin
