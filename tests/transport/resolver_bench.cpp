#include "transport/resolver_bench.hpp"

#include <utility>

namespace roundabout::transport::testing {

using namespace std::chrono_literals;

Addresses addresses(std::initializer_list<const char*> texts) {
    Addresses out;
    for (const char* text : texts)
        out.push_back(*IpAddress::parse(text));
    return out;
}

Sought with_port(const std::string& host) {
    Sought sought;
    sought.host = host;
    sought.port = 5060;
    return sought;
}

Addresses addresses_of(const Location& location) {
    Addresses out;
    for (const ServiceHost& host : location)
        out.insert(out.end(), host.addresses.begin(), host.addresses.end());
    return out;
}

DnsCacheLimits no_cache() {
    DnsCacheLimits limits;
    limits.least_ttl = 0s;
    limits.retry = 3600s;
    return limits;
}

Bench::Bench(const std::string& name_server, DnsCacheLimits cache, std::size_t most_queries)
    : inbox_([this] { boost::asio::post(context_, [this] { take(); }); }, 16) {
    ResolverSettings settings;
    settings.name_servers = {name_server};
    settings.timeout = 300ms;
    settings.tries = 1;
    settings.most_queries = most_queries;
    settings.cache = cache;
    auto made = Resolver::make(context_, inbox_, settings);
    REQUIRE(made.has_value());
    resolver = std::move(*made);
}

Location Bench::locate(const Sought& sought) {
    const Ticket ticket = ++last_ticket;
    resolver->locate(sought, ticket);
    CHECK_FALSE(outcomes.contains(ticket));
    await(ticket);
    return outcomes.at(ticket);
}

Addresses Bench::await(Ticket ticket) {
    run_until([&] { return outcomes.contains(ticket); });
    return addresses_of(outcomes.at(ticket));
}

Addresses Bench::in_book(const std::string& host) const {
    return addresses_of(resolver->book()->find(with_port(host)));
}

void Bench::run_ready() {
    context_.restart();
    context_.poll();
}

void Bench::take() {
    std::vector<Arrival> arrivals;
    inbox_.take(arrivals);
    for (const Arrival& arrival : arrivals) {
        const auto* resolved = std::get_if<Resolved>(&arrival);
        REQUIRE(resolved != nullptr);
        const bool first = !outcomes.contains(resolved->ticket);
        CHECK(first);
        outcomes[resolved->ticket] = resolved->location ? *resolved->location : Location{};
    }
}

} // namespace roundabout::transport::testing
