#include "store/writer.hpp"

#include "store/database.hpp"

#include <SQLiteCpp/Transaction.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace roundabout::store {

using registration::Binding;
using registration::ChangeSet;

namespace {

using namespace std::chrono_literals;

/// An attempt on a locked database takes this long at most; who must be answered before the next
/// one would end is answered now.
constexpr auto attempt = 100ms;
/// Between attempts on a disk that is full or failing.
constexpr auto pause_after_failure = 250ms;
/// A change that reaches us later than this after one that is newer has been lost on the way.
constexpr auto removals_remembered = 30s;

} // namespace

SqliteBindingStore::Writer::Writer(SqliteOptions options, std::vector<Outlet> outlets, Lock lock,
                                   SQLite::Database database)
    : options_(std::move(options))
    , outlets_(std::move(outlets))
    , lock_(std::move(lock))
    , database_(std::move(database))
    , rows_(database_)
    , had_rows_(rows_.any())
    , outbox_(outlets_.size())
    , thread_([this] { run(); }) {}

void SqliteBindingStore::Writer::answer_now(Asker asker, Outcome outcome) const {
    if (asker.ticket == 0)
        return;
    std::vector<Outcome> one;
    one.push_back(std::move(outcome));
    outlets_[asker.worker](std::move(one));
}

void SqliteBindingStore::Writer::commit(ChangeSet changes, Asker asker) {
    Error refused = Error::none;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_)
            refused = Error::stopped;
        else if (asker.ticket != 0 && askers_ >= options_.queue_limit)
            refused = Error::queue_full;
        if (refused != Error::stopped)
            arrived_changes_.add(std::move(changes));
        if (refused == Error::none && asker.ticket != 0) {
            arrived_waiting_.push_back({asker, Clock::now() + options_.wait});
            ++askers_;
        }
    }
    arrived_.notify_one();
    if (refused != Error::none) {
        ++answered_late_;
        answer_now(asker, Committed{asker.ticket, false, refused});
    }
}

void SqliteBindingStore::Writer::find(const registration::BindingId& id, Asker asker) {
    Error refused = Error::none;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_)
            refused = Error::stopped;
        else if (askers_ >= options_.queue_limit)
            refused = Error::queue_full;
        if (refused == Error::none) {
            arrived_lookups_.push_back({asker, id});
            ++askers_;
        }
    }
    arrived_.notify_one();
    if (refused != Error::none)
        answer_now(asker, FoundRow{asker.ticket, refused});
}

void SqliteBindingStore::Writer::subscribe(Subscriber subscriber) {
    const std::scoped_lock lock(mutex_);
    subscribers_.push_back(std::move(subscriber));
}

StoreCounts SqliteBindingStore::Writer::counts() const {
    StoreCounts counts;
    counts.commits = commits_;
    counts.rows_written = rows_written_;
    counts.failed = failed_;
    counts.answered_late = answered_late_;
    const std::scoped_lock lock(mutex_);
    counts.waiting = unwritten_size_ + arrived_changes_.size();
    return counts;
}

void SqliteBindingStore::Writer::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

StoreResult<LoadSummary>
SqliteBindingStore::Writer::load(WallTime now, std::size_t page_size,
                                 const std::function<void(std::vector<Binding>)>& page) {
    const std::scoped_lock lock(database_mutex_);
    try {
        return load_rows(now, page_size, page);
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, options_.path);
    }
}

StoreResult<LoadSummary>
SqliteBindingStore::Writer::load_rows(WallTime now, std::size_t page_size,
                                      const std::function<void(std::vector<Binding>)>& page) {
    constexpr std::size_t described = 10;
    LoadSummary summary;
    std::vector<std::string> damaged_ids;
    std::vector<Binding> gathered;
    const auto give = [&] {
        if (!gathered.empty())
            page(std::exchange(gathered, {}));
    };
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    summary.expired = rows_.remove_expired(now);
    rows_.for_each(
        [&](Binding binding) {
            ++summary.loaded;
            gathered.push_back(std::move(binding));
            if (gathered.size() >= page_size)
                give();
        },
        [&](const std::string& id, const std::string& fault) {
            damaged_ids.push_back(id);
            if (summary.damage.size() < described)
                summary.damage.push_back(fault);
        });
    give();
    for (const std::string& id : damaged_ids)
        rows_.yield_version(id);
    summary.damaged = damaged_ids.size();
    transaction.commit();
    return summary;
}

void SqliteBindingStore::Writer::run() {
    removals_turn_ = Clock::now() + removals_remembered;
    while (take_arrivals()) {
        if (!unwritten_.empty() && Clock::now() >= try_again_)
            write();
        else if (unwritten_.empty())
            answer(true, Error::none, everybody); // asked with nothing to change
        const Clock::time_point due = Clock::now() + attempt;
        answer(false, failing_, [due](const Waiting& waiting) { return waiting.deadline <= due; });
        deliver();
    }
    answer(false, Error::stopped, everybody);
    deliver();
}

/// Waits until there is something to do and takes what has arrived. False: it is time to end.
bool SqliteBindingStore::Writer::take_arrivals() {
    std::vector<Lookup> lookups;
    {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] {
            return (stopping_ && give_up_ == not_yet) || !arrived_changes_.empty() ||
                   !arrived_waiting_.empty() || !arrived_lookups_.empty();
        };
        if (!unwritten_.empty())
            arrived_.wait_until(lock, next_attempt_or_deadline(), has_work);
        else if (!stopping_)
            arrived_.wait(lock, has_work);
        if (stopping_ && give_up_ == not_yet)
            give_up_ = Clock::now() + options_.wait;
        unwritten_.add(arrived_changes_.take());
        unwritten_size_ = unwritten_.size();
        std::ranges::move(arrived_waiting_, std::back_inserter(waiting_));
        arrived_waiting_.clear();
        lookups = std::exchange(arrived_lookups_, {});
    }
    look_up(lookups);
    const bool nothing_left = unwritten_.empty() && waiting_.empty();
    return give_up_ == not_yet || (!nothing_left && Clock::now() < give_up_);
}

SqliteBindingStore::Writer::Clock::time_point
SqliteBindingStore::Writer::next_attempt_or_deadline() const {
    Clock::time_point next = try_again_;
    for (const Waiting& waiting : waiting_)
        next = std::min(next, waiting.deadline - attempt);
    return next;
}

void SqliteBindingStore::Writer::look_up(const std::vector<Lookup>& lookups) {
    for (const Lookup& lookup : lookups) {
        Result<std::optional<Binding>> binding = std::optional<Binding>();
        if (const Binding* unwritten = unwritten_.upsert(lookup.id)) {
            binding = std::optional<Binding>(*unwritten);
        } else if (!unwritten_.has_removal(lookup.id)) {
            const std::scoped_lock lock(database_mutex_);
            try {
                binding = rows_.find(lookup.id);
            } catch (const SQLite::Exception& refused) {
                binding = to_error(refused);
            }
        }
        if (lookup.asker.ticket != 0)
            outbox_[lookup.asker.worker].emplace_back(
                FoundRow{lookup.asker.ticket, std::move(binding)});
    }
    const std::scoped_lock lock(mutex_);
    askers_ -= lookups.size();
}

void SqliteBindingStore::Writer::write() {
    if (Clock::now() >= removals_turn_) {
        removals_.turn();
        removals_turn_ = Clock::now() + removals_remembered;
    }
    ChangeSet changes = unwritten_.take();
    removals_.drop_overtaken(changes);
    const Error refused = changes.empty() ? Error::none : try_write(changes);
    if (refused == Error::none)
        after_success(changes);
    else
        after_failure(std::move(changes), refused);
}

Error SqliteBindingStore::Writer::try_write(const ChangeSet& changes) {
    const std::scoped_lock lock(database_mutex_);
    try {
        SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
        for (const Binding& binding : changes.upserts)
            rows_.upsert(binding);
        for (const registration::Removal& removal : changes.removals)
            rows_.remove(removal);
        transaction.commit();
        return Error::none;
    } catch (const SQLite::Exception& refused) {
        return to_error(refused);
    }
}

void SqliteBindingStore::Writer::after_success(const ChangeSet& changes) {
    ++commits_;
    rows_written_ += changes.size();
    unwritten_size_ = 0;
    failing_ = Error::store_busy;
    for (const registration::Removal& removal : changes.removals)
        removals_.remember(removal);
    answer(true, Error::none, everybody);
    std::vector<Subscriber> subscribers;
    {
        const std::scoped_lock lock(mutex_);
        subscribers = subscribers_;
    }
    for (const Subscriber& subscriber : subscribers)
        subscriber(changes);
}

void SqliteBindingStore::Writer::after_failure(ChangeSet changes, Error why) {
    ++failed_;
    failing_ = why;
    unwritten_.add(std::move(changes));
    if (why == Error::store_busy)
        return; // SQLite has waited already
    try_again_ = Clock::now() + pause_after_failure;
    answer(false, why, everybody); // a full disk will not be less full in two seconds
}

template <class Due>
void SqliteBindingStore::Writer::answer(bool stored, Error why, Due due) {
    std::size_t answered = 0;
    std::erase_if(waiting_, [&](const Waiting& waiting) {
        if (!due(waiting))
            return false;
        outbox_[waiting.asker.worker].emplace_back(Committed{waiting.asker.ticket, stored, why});
        ++answered;
        return true;
    });
    answered_late_ += stored ? 0 : answered;
    const std::scoped_lock lock(mutex_);
    askers_ -= answered;
}

void SqliteBindingStore::Writer::deliver() {
    for (std::size_t worker = 0; worker < outbox_.size(); ++worker) {
        if (!outbox_[worker].empty())
            outlets_[worker](std::exchange(outbox_[worker], {}));
    }
}

} // namespace roundabout::store
