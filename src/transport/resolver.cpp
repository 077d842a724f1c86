#include "transport/resolver.hpp"

#include "base/ascii.hpp"
#include "transport/dns_channel.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace roundabout::transport {
namespace {

namespace asio = boost::asio;

using Addresses = std::vector<IpAddress>;

// Names that are nobody's to resolve (RFC 6761 §6.4); browsers' Contacts are full of them.
bool is_invalid_by_design(std::string_view host) {
    return host == "invalid" || host.ends_with(".invalid");
}

TimePoint steady_now() {
    return TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

} // namespace

struct Resolver::Core : std::enable_shared_from_this<Resolver::Core> {
    Core(asio::io_context& context, Inbox& exit, std::unique_ptr<DnsChannel> dns,
         const ResolverSettings& settings)
        : inbox(exit)
        , cache(settings.cache)
        , most_queries(settings.most_queries)
        , refresh(context)
        , channel(std::move(dns)) {}

    void give(Ticket ticket, Result<Addresses> addresses) {
        inbox.put(Resolved{ticket, std::move(addresses)});
    }
    void ask_for(const std::string& host, Ticket ticket);
    void start(const std::string& host);
    void finish(const std::string& host, const Result<DnsAnswer>& answer);
    void keep(const std::string& host);
    void refresh_due();
    void arm_refresh();
    void publish();

    Inbox& inbox;
    DnsCache cache;
    std::size_t most_queries;
    asio::steady_timer refresh;
    std::unordered_map<std::string, std::vector<Ticket>> under_way; // by host: who waits for it
    Addresses numeric;                                              // kept, and in no need of DNS
    AddressBookPtr book = std::make_shared<const AddressBook>();
    ResolverCounters counters;
    std::unique_ptr<DnsChannel> channel; // the last member: its queries refer to the others
};

void Resolver::Core::ask_for(const std::string& host, Ticket ticket) {
    const auto found = under_way.find(host);
    if (found != under_way.end()) {
        ++counters.joined;
        found->second.push_back(ticket);
        return;
    }
    if (under_way.size() >= most_queries) {
        ++counters.refused;
        give(ticket, Error::resolve_failed);
        return;
    }
    under_way[host].push_back(ticket);
    start(host);
}

// The host is in `under_way` already: the answer may come before query() returns.
void Resolver::Core::start(const std::string& host) {
    ++counters.queries;
    channel->query(host, [this, host](const Result<DnsAnswer>& answer) { finish(host, answer); });
}

void Resolver::Core::finish(const std::string& host, const Result<DnsAnswer>& answer) {
    const TimePoint now = steady_now();
    bool changed = false;
    if (answer) {
        changed = cache.store(host, answer->addresses, answer->ttl, now);
    } else {
        ++counters.failures;
        cache.fail(host, now);
    }
    const auto waiting = under_way.extract(host);
    const Addresses* addresses = cache.find(host, now).addresses;
    for (const Ticket ticket : waiting.mapped()) {
        if (!answer && addresses != nullptr)
            ++counters.stale;
        if (addresses != nullptr)
            give(ticket, *addresses);
        else
            give(ticket, Error::resolve_failed);
    }
    if (!cache.is_kept(host))
        return;
    if (changed)
        publish();
    arm_refresh();
}

void Resolver::Core::keep(const std::string& host) {
    if (const auto address = IpAddress::parse(host)) {
        if (std::ranges::find(numeric, *address) == numeric.end())
            numeric.push_back(*address);
        return;
    }
    const std::string key = ascii::to_lower(host);
    if (!is_invalid_by_design(key))
        cache.keep(key);
}

void Resolver::Core::refresh_due() {
    const TimePoint now = steady_now();
    for (const std::string& host : cache.due(now)) {
        cache.asked(host, now);
        if (under_way.try_emplace(host).second)
            start(host);
    }
    arm_refresh();
}

void Resolver::Core::arm_refresh() {
    const TimePoint next = cache.next_due();
    if (next == never) {
        refresh.cancel();
        return;
    }
    refresh.expires_at(std::chrono::steady_clock::time_point(next.time_since_epoch()));
    refresh.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto core = weak.lock();
        if (!error && core)
            core->refresh_due();
    });
}

void Resolver::Core::publish() {
    auto next = std::make_shared<AddressBook>();
    for (auto& [host, addresses] : cache.kept())
        next->hosts.emplace(host, std::move(addresses));
    for (const IpAddress& address : numeric)
        next->hosts.emplace(address.to_string(), Addresses{address});
    if (next->hosts != book->hosts)
        book = std::move(next);
}

Result<std::unique_ptr<Resolver>> Resolver::make(asio::io_context& context, Inbox& inbox,
                                                 const ResolverSettings& settings) {
    auto channel =
        DnsChannel::make(context, {settings.name_servers, settings.timeout, settings.tries});
    if (!channel)
        return channel.error();
    auto core = std::make_shared<Core>(context, inbox, std::move(*channel), settings);
    return std::unique_ptr<Resolver>(new Resolver(std::move(core)));
}

Resolver::Resolver(std::shared_ptr<Core> core)
    : core_(std::move(core)) {}

Resolver::~Resolver() = default;

void Resolver::resolve(const std::string& host, Ticket ticket) {
    if (const auto address = IpAddress::parse(host)) {
        core_->give(ticket, Addresses{*address});
        return;
    }
    const std::string key = ascii::to_lower(host);
    if (key.empty() || is_invalid_by_design(key)) {
        core_->give(ticket, Error::resolve_failed);
        return;
    }
    const TimePoint now = steady_now();
    const DnsCache::Answer known = core_->cache.find(key, now);
    switch (known.state) {
    case DnsCache::State::fresh:
        ++core_->counters.cached;
        core_->give(ticket, *known.addresses);
        return;
    case DnsCache::State::stale:
        ++core_->counters.stale;
        core_->give(ticket, *known.addresses);
        if (known.ask && core_->under_way.try_emplace(key).second)
            core_->start(key);
        return;
    case DnsCache::State::failed:
        core_->give(ticket, Error::resolve_failed);
        return;
    case DnsCache::State::unknown:
    case DnsCache::State::expired:
        core_->ask_for(key, ticket);
        return;
    }
}

void Resolver::keep(const std::vector<std::string>& hosts) {
    core_->cache.keep_none();
    core_->numeric.clear();
    for (const std::string& host : hosts)
        core_->keep(host);
    core_->publish();
    core_->arm_refresh();
}

const AddressBookPtr& Resolver::book() const noexcept { return core_->book; }

const ResolverCounters& Resolver::counters() const noexcept { return core_->counters; }

} // namespace roundabout::transport
