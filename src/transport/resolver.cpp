#include "transport/resolver.hpp"

#include "base/ascii.hpp"
#include "sip/locate.hpp"
#include "transport/dns_channel.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace roundabout::transport {
namespace {

namespace asio = boost::asio;

// Names that are nobody's to resolve (RFC 6761 §6.4); browsers' Contacts are full of them.
bool is_invalid_by_design(std::string_view host) {
    return host.empty() || host == "invalid" || host.ends_with(".invalid");
}

TimePoint steady_now() {
    return TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

Sought normal(Sought sought) {
    sought.host = ascii::to_lower(sought.host);
    return sought;
}

/// One locate() under way: what it was told so far. A question is answered once for it, whatever
/// the cache thinks of that answer a moment later.
struct Search {
    Sought sought;
    Ticket ticket = 0;
    std::map<DnsQuestion, DnsRecordsPtr> told;
    std::size_t open = 0; ///< questions that it waits for
};
using SearchPtr = std::shared_ptr<Search>;

const DnsRecordsPtr& no_records() {
    static const DnsRecordsPtr none = std::make_shared<const DnsRecords>();
    return none;
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

    void go_on(const SearchPtr& search);
    bool tell_known(Search& search, const DnsQuestion& question);
    void ask_for(const DnsQuestion& question, const SearchPtr& search);
    void start(const DnsQuestion& question);
    void finish(const DnsQuestion& question, const Result<DnsAnswer>& answer);
    void keep_all();
    [[nodiscard]] sip::Located locate_kept(const Sought& sought);
    void refresh_due();
    void arm_refresh();

    Inbox& inbox;
    DnsCache cache;
    std::size_t most_queries;
    asio::steady_timer refresh;
    std::map<DnsQuestion, std::vector<SearchPtr>> under_way; // who waits for it
    std::vector<Sought> kept;
    AddressBookPtr book = std::make_shared<const AddressBook>();
    ResolverCounters counters;
    std::unique_ptr<DnsChannel> channel; // the last member: its queries refer to the others
};

/// As far as it gets without waiting: to its end, or to questions that DNS has now.
void Resolver::Core::go_on(const SearchPtr& search) {
    while (search->open == 0) {
        sip::Located located = sip::locate(search->sought, [&](const DnsQuestion& question) {
            const auto told = search->told.find(question);
            return told == search->told.end() ? nullptr : told->second.get();
        });
        if (located.needs.empty()) {
            if (located.location.empty())
                inbox.put(Resolved{search->ticket, Error::resolve_failed});
            else
                inbox.put(Resolved{search->ticket, std::move(located.location)});
            return;
        }
        // All are counted first: an answer may come before query() returns.
        std::erase_if(located.needs,
                      [&](const DnsQuestion& question) { return tell_known(*search, question); });
        search->open = located.needs.size();
        for (const DnsQuestion& question : located.needs)
            ask_for(question, search);
        if (!located.needs.empty())
            return;
    }
}

/// What the cache, or nobody, has to say; false if DNS must be asked first.
bool Resolver::Core::tell_known(Search& search, const DnsQuestion& question) {
    if (is_invalid_by_design(question.name)) {
        search.told[question] = no_records();
        return true;
    }
    DnsCache::Answer known = cache.find(question, steady_now());
    switch (known.state) {
    case DnsCache::State::unknown:
    case DnsCache::State::expired:
        return false;
    case DnsCache::State::fresh:
        ++counters.cached;
        break;
    case DnsCache::State::stale:
        ++counters.stale;
        if (known.ask && under_way.try_emplace(question).second)
            start(question);
        break;
    case DnsCache::State::failed:
        break;
    }
    search.told[question] = known.records ? std::move(known.records) : no_records();
    return true;
}

void Resolver::Core::ask_for(const DnsQuestion& question, const SearchPtr& search) {
    const auto found = under_way.find(question);
    if (found != under_way.end()) {
        ++counters.joined;
        found->second.push_back(search);
        return;
    }
    if (under_way.size() >= most_queries) {
        ++counters.refused;
        search->told[question] = no_records();
        if (--search->open == 0)
            go_on(search);
        return;
    }
    under_way[question].push_back(search);
    start(question);
}

// The question is in `under_way` already: the answer may come before query() returns.
void Resolver::Core::start(const DnsQuestion& question) {
    ++counters.queries;
    channel->query(question,
                   [this, question](const Result<DnsAnswer>& answer) { finish(question, answer); });
}

void Resolver::Core::finish(const DnsQuestion& question, const Result<DnsAnswer>& answer) {
    const TimePoint now = steady_now();
    if (answer) {
        cache.store(question, answer->records, answer->ttl, now);
    } else {
        ++counters.failures;
        cache.fail(question, now);
    }
    const auto waiting = under_way.extract(question);
    const DnsRecordsPtr records = cache.find(question, now).records;
    for (const SearchPtr& search : waiting.mapped()) {
        if (!answer && records)
            ++counters.stale;
        search->told[question] = records ? records : no_records();
        if (--search->open == 0)
            go_on(search);
    }
    if (cache.is_kept(question))
        keep_all();
}

/// By what is known, however old; what that rests on is kept from now on, and so is what it lacks.
sip::Located Resolver::Core::locate_kept(const Sought& sought) {
    std::vector<DnsRecordsPtr> used; // the cache may drop them meanwhile
    const TimePoint now = steady_now();
    return sip::locate(sought, [&](const DnsQuestion& question) -> const DnsRecords* {
        if (is_invalid_by_design(question.name))
            return no_records().get();
        const DnsCache::Answer known = cache.find(question, now);
        cache.keep(question);
        const bool failed = !known.records && cache.is_failing(question);
        used.push_back(failed ? no_records() : known.records);
        return used.back().get();
    });
}

void Resolver::Core::keep_all() {
    cache.keep_none();
    auto next = std::make_shared<AddressBook>();
    for (const Sought& sought : kept) {
        sip::Located located = locate_kept(sought);
        const Location& before = book->find(sought);
        // Half of it would be taken for all, and nobody would be asked for the rest.
        if (located.needs.empty() && !located.location.empty())
            next->locations.emplace(sought, std::move(located.location));
        else if (!before.empty())
            next->locations.emplace(sought, before);
    }
    if (next->locations != book->locations)
        book = std::move(next);
    arm_refresh();
}

void Resolver::Core::refresh_due() {
    const TimePoint now = steady_now();
    for (const DnsQuestion& question : cache.due(now)) {
        cache.asked(question, now);
        if (under_way.try_emplace(question).second)
            start(question);
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

void Resolver::locate(const Sought& sought, Ticket ticket) {
    core_->go_on(std::make_shared<Search>(Search{normal(sought), ticket, {}, 0}));
}

void Resolver::keep(const std::vector<Sought>& places) {
    core_->kept.clear();
    for (const Sought& sought : places)
        core_->kept.push_back(normal(sought));
    core_->keep_all();
}

const AddressBookPtr& Resolver::book() const noexcept { return core_->book; }

const ResolverCounters& Resolver::counters() const noexcept { return core_->counters; }

} // namespace roundabout::transport
