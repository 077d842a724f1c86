#include "admin/statistics.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string_view>

namespace roundabout::admin {
namespace {

using transport::Counter;

template <class Counters>
struct NamedCounter {
    std::string_view name;
    Counter Counters::* counter;
};

constexpr auto proxy_counters = std::to_array<NamedCounter<proxy::Counters>>({
    {"proxy_requests_forwarded", &proxy::Counters::requests_forwarded},
    {"proxy_requests_answered", &proxy::Counters::requests_answered},
    {"proxy_requests_dropped", &proxy::Counters::requests_dropped},
    {"proxy_requests_malformed", &proxy::Counters::requests_malformed},
    {"proxy_requests_handed_on", &proxy::Counters::requests_handed_on},
    {"proxy_responses_forwarded", &proxy::Counters::responses_forwarded},
    {"proxy_responses_stray", &proxy::Counters::responses_stray},
    {"proxy_responses_stateless", &proxy::Counters::responses_stateless},
    {"proxy_responses_foreign", &proxy::Counters::responses_foreign},
    {"proxy_acks_forwarded", &proxy::Counters::acks_forwarded},
    {"proxy_cancels_forwarded", &proxy::Counters::cancels_forwarded},
    {"proxy_rejections_muted", &proxy::Counters::rejections_muted},
    {"proxy_contacts_too_long", &proxy::Counters::contacts_too_long},
    {"proxy_retried", &proxy::Counters::retried},
    {"proxy_tried_next", &proxy::Counters::tried_next},
    {"proxy_large_by_tcp", &proxy::Counters::large_by_tcp},
    {"proxy_bindings_confirmed", &proxy::Counters::bindings_confirmed},
    {"proxy_bindings_ended", &proxy::Counters::bindings_ended},
    {"proxy_unsealed", &proxy::Counters::unsealed},
    {"proxy_loops", &proxy::Counters::loops},
    {"proxy_stored_late", &proxy::Counters::stored_late},
    {"proxy_refused_unstored", &proxy::Counters::refused_unstored},
    {"proxy_unreachable", &proxy::Counters::unreachable},
    {"proxy_transaction_limit", &proxy::Counters::transaction_limit},
    {"proxy_source_limit", &proxy::Counters::source_limit},
    {"proxy_client_limit", &proxy::Counters::client_limit},
    {"proxy_parked", &proxy::Counters::parked},
    {"proxy_parked_delivered", &proxy::Counters::parked_delivered},
    {"proxy_parked_given_up", &proxy::Counters::parked_given_up},
    {"proxy_live", &proxy::Counters::live},
    {"proxy_nat_keepalives", &proxy::Counters::nat_keepalives},
    {"proxy_probes", &proxy::Counters::probes},
    {"proxy_probes_failed", &proxy::Counters::probes_failed},
});
static_assert(sizeof(proxy::Counters) == proxy_counters.size() * sizeof(Counter),
              "a counter of the proxy has no name here");

constexpr auto transaction_counters = std::to_array<NamedCounter<transaction::Counters>>({
    {"transaction_servers_started", &transaction::Counters::servers_started},
    {"transaction_clients_started", &transaction::Counters::clients_started},
    {"transaction_requests_absorbed", &transaction::Counters::requests_absorbed},
    {"transaction_requests_sent_again", &transaction::Counters::requests_sent_again},
    {"transaction_responses_sent_again", &transaction::Counters::responses_sent_again},
    {"transaction_client_timeouts", &transaction::Counters::client_timeouts},
    {"transaction_acks_missing", &transaction::Counters::acks_missing},
    {"transaction_send_errors", &transaction::Counters::send_errors},
    {"transaction_events_dropped", &transaction::Counters::events_dropped},
    {"transaction_live", &transaction::Counters::live},
});
static_assert(sizeof(transaction::Counters) == transaction_counters.size() * sizeof(Counter),
              "a counter of the transactions has no name here");

constexpr auto transport_counters = std::to_array<NamedCounter<transport::Counters>>({
    {"transport_received", &transport::Counters::received},
    {"transport_sent", &transport::Counters::sent},
    {"transport_steered", &transport::Counters::steered},
    {"transport_refused", &transport::Counters::refused},
    {"transport_inbox_full", &transport::Counters::inbox_full},
    {"transport_send_failures", &transport::Counters::send_failures},
    {"transport_keepalives", &transport::Counters::keepalives},
    {"transport_udp_queue_drops", &transport::Counters::udp_queue_drops},
    {"transport_udp_not_steered", &transport::Counters::udp_not_steered},
    {"transport_udp_unreachable", &transport::Counters::udp_unreachable},
    {"transport_udp_read_errors", &transport::Counters::udp_read_errors},
    {"transport_stun_answered", &transport::Counters::stun_answered},
    {"transport_accepted", &transport::Counters::accepted},
    {"transport_accept_pauses", &transport::Counters::accept_pauses},
    {"transport_accept_limit", &transport::Counters::accept_limit},
    {"transport_accept_limit_source", &transport::Counters::accept_limit_source},
    {"transport_handshake_limit", &transport::Counters::handshake_limit},
    {"transport_handshake_limit_source", &transport::Counters::handshake_limit_source},
    {"transport_handshake_timeouts", &transport::Counters::handshake_timeouts},
    {"transport_proxies_refused", &transport::Counters::proxies_refused},
    {"transport_handshake_failures", &transport::Counters::handshake_failures},
    {"transport_connects", &transport::Counters::connects},
    {"transport_connect_failures", &transport::Counters::connect_failures},
    {"transport_connects_borrowed", &transport::Counters::connects_borrowed},
    {"transport_connections", &transport::Counters::connections},
    {"transport_closed", &transport::Counters::closed},
    {"transport_closed_slow", &transport::Counters::closed_slow},
    {"transport_closed_idle", &transport::Counters::closed_idle},
    {"transport_pings", &transport::Counters::pings},
    {"transport_closed_unanswered", &transport::Counters::closed_unanswered},
    {"transport_closed_unfinished", &transport::Counters::closed_unfinished},
    {"transport_closed_broken", &transport::Counters::closed_broken},
    {"transport_posted", &transport::Counters::posted},
    {"transport_mail_full", &transport::Counters::mail_full},
    {"transport_unexpected", &transport::Counters::unexpected},
});
static_assert(sizeof(transport::Counters) == transport_counters.size() * sizeof(Counter) +
                                                 sizeof(transport::Counters::by_transport),
              "a counter of the transport room has no name here");

template <class Counters>
void add_sums(Statistics& all, std::span<const NamedCounter<Counters>> named,
              const std::vector<const Counters*>& workers) {
    for (const NamedCounter<Counters>& each : named) {
        std::uint64_t sum = 0;
        for (const Counters* counters : workers)
            sum += (counters->*each.counter).value();
        all.emplace_back(each.name, sum);
    }
}

void add_store(Statistics& all, const store::StoreCounts& counts) {
    all.emplace_back("store_commits", counts.commits);
    all.emplace_back("store_rows_written", counts.rows_written);
    all.emplace_back("store_failed", counts.failed);
    all.emplace_back("store_answered_late", counts.answered_late);
    all.emplace_back("store_renewed", counts.renewed);
    all.emplace_back("store_waiting", counts.waiting);
}

/// Each place of each server: whether requests go there, and how often that has ended.
void add_servers(Statistics& all, const proxy::ServerHealth& health) {
    for (const proxy::PlaceHealth& place : health.snapshot()) {
        const std::string name = place.server + "/" +
                                 std::string(roundabout::name(place.place.transport)) + "/" +
                                 place.place.remote.to_string(); // no space: one word a line
        all.emplace_back("server_up/" + name, place.state == proxy::PlaceState::up ? 1U : 0U);
        all.emplace_back("server_times_down/" + name, place.times_down);
    }
}

} // namespace

Statistics gather(const StatisticsSources& sources) {
    Statistics all;
    all.emplace_back("workers", sources.proxy.size());
    all.emplace_back("bindings", sources.bindings->size());
    all.emplace_back("bindings_complete", sources.bindings->complete() ? 1U : 0U);
    all.emplace_back("bindings_pending", sources.bindings->pending_size());
    add_sums<proxy::Counters>(all, proxy_counters, sources.proxy);
    add_sums<transaction::Counters>(all, transaction_counters, sources.transaction);
    add_sums<transport::Counters>(all, transport_counters, sources.transport);
    add_store(all, sources.store->counts());
    all.emplace_back("store_degraded", sources.store->health().degraded ? 1U : 0U);
    if (sources.servers != nullptr)
        add_servers(all, *sources.servers);
    if (sources.certificates)
        std::ranges::copy(sources.certificates(), std::back_inserter(all));
    return all;
}

} // namespace roundabout::admin
