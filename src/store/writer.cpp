#include "store/writer.hpp"

#include "store/database.hpp"
#include "store/renewal.hpp"

#include <SQLiteCpp/Transaction.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace roundabout::store {

using registration::ChangeSet;

namespace {

using namespace std::chrono_literals;

/// An attempt on a locked database takes this long at most; who must be answered before the next
/// one would end is answered now.
constexpr auto attempt = 100ms;
/// Between attempts to make a whole new file.
constexpr auto pause_after_renewal_failed = 5s;
/// How often the file is looked at while nothing is written.
constexpr auto look_interval = 1s;
/// A change that reaches us later than this after one that is newer has been lost on the way.
constexpr auto removals_remembered = 30s;

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

} // namespace

WritingConnection::WritingConnection(SQLite::Database opened)
    : database(std::move(opened))
    , rows(database) {}

SqliteBindingStore::Writer::Writer(SqliteOptions options, std::vector<Outlet> outlets, Lock lock,
                                   std::unique_ptr<WritingConnection> connection)
    : options_(std::move(options))
    , outlets_(std::move(outlets))
    , lock_(std::move(lock))
    , connection_(std::move(connection))
    , outbox_(outlets_.size()) {
    try {
        had_rows_ = connection_->rows.any();
        progress_ = connection_->rows.progress();
    } catch (const SQLite::Exception& refused) {
        had_rows_ = true;
        if (to_error(refused) != Error::store_corrupt || !options_.memory)
            throw;
        bad_ = refused.what();
    }
    thread_ = std::thread([this] { run(); });
}

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
        if (refused != Error::stopped) {
            unwritten_versions_.add(changes);
            arrived_changes_.add(std::move(changes));
        }
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
    counts.commit_times = commit_times_.value();
    const std::scoped_lock lock(mutex_);
    counts.renewed = health_.renewals();
    counts.waiting = unwritten_versions_.size();
    return counts;
}

StoreHealth SqliteBindingStore::Writer::health() const {
    const std::scoped_lock lock(mutex_);
    return health_.report(Clock::now(), options_.wait, unwritten_versions_.size());
}

std::vector<bool>
SqliteBindingStore::Writer::unwritten(std::span<const registration::BindingId> ids) const {
    std::vector<bool> unwritten(ids.size());
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < ids.size(); ++i)
        unwritten[i] = unwritten_versions_.has(ids[i]);
    return unwritten;
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

bool SqliteBindingStore::Writer::stopping() const {
    const std::scoped_lock lock(mutex_);
    return stopping_;
}

void SqliteBindingStore::Writer::tell_renewed(std::string sentence) {
    const std::scoped_lock lock(mutex_);
    health_.renewed(std::move(sentence));
}

void SqliteBindingStore::Writer::loaded() {
    const std::scoped_lock lock(mutex_);
    loaded_ = true;
}

void SqliteBindingStore::Writer::distrust(std::string why) {
    {
        const std::scoped_lock lock(mutex_);
        distrusted_ = std::move(why);
    }
    arrived_.notify_one();
}

void SqliteBindingStore::Writer::run() {
    removals_turn_ = Clock::now() + removals_remembered;
    while (take_arrivals()) {
        look_after_file();
        if (unwritten_.empty() && bad_.empty())
            answer(true, Error::none, everybody); // asked with nothing to change
        else if (Clock::now() >= try_again_)
            write();
        const Clock::time_point due = Clock::now() + attempt;
        answer(false, failing_, [due](const Waiting& waiting) { return waiting.deadline <= due; });
        deliver();
    }
    answer(false, Error::stopped, everybody);
    deliver();
}

/// Waits until there is something to do and takes what has arrived. False: it is time to end.
bool SqliteBindingStore::Writer::take_arrivals() {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] {
        return (stopping_ && give_up_ == not_yet) || !arrived_changes_.empty() ||
               !arrived_waiting_.empty() || !distrusted_.empty();
    };
    const bool at_rest = unwritten_.empty() && bad_.empty() && waiting_.empty();
    if (!at_rest)
        arrived_.wait_until(lock, next_attempt_or_deadline(), has_work);
    else if (!stopping_)
        arrived_.wait_until(lock, look_again_, has_work);
    if (stopping_ && give_up_ == not_yet)
        give_up_ = Clock::now() + options_.wait;
    unwritten_.add(arrived_changes_.take());
    std::ranges::move(arrived_waiting_, std::back_inserter(waiting_));
    arrived_waiting_.clear();
    if (!distrusted_.empty() && options_.memory)
        bad_ = std::exchange(distrusted_, {});
    const bool nothing_left = unwritten_.empty() && waiting_.empty() && bad_.empty();
    return give_up_ == not_yet || (!nothing_left && Clock::now() < give_up_);
}

SqliteBindingStore::Writer::Clock::time_point
SqliteBindingStore::Writer::next_attempt_or_deadline() const {
    Clock::time_point next = try_again_;
    for (const Waiting& waiting : waiting_)
        next = std::min(next, waiting.deadline - attempt);
    return next;
}

/// A file that was deleted or replaced takes every write and keeps none.
void SqliteBindingStore::Writer::look_after_file() {
    if (Clock::now() < look_again_)
        return;
    look_again_ = Clock::now() + look_interval;
    if (bad_.empty() && options_.memory && has_moved(connection_->database))
        bad_ = "the file was deleted or replaced while it was in use";
}

void SqliteBindingStore::Writer::write() {
    if (Clock::now() >= removals_turn_) {
        removals_.turn();
        removals_turn_ = Clock::now() + removals_remembered;
    }
    if (!bad_.empty())
        renew();
    ChangeSet changes = unwritten_.take();
    const ChangeSet overtaken = removals_.drop_overtaken(changes);
    const Error refused = changes.empty() ? Error::none : try_write(changes);
    {
        const std::scoped_lock lock(mutex_);
        unwritten_versions_.written(overtaken);
        if (refused == Error::none && bad_.empty())
            unwritten_versions_.written(changes);
    }
    if (refused == Error::none)
        after_success(changes);
    else
        after_failure(std::move(changes), refused);
}

Error SqliteBindingStore::Writer::try_write(const ChangeSet& changes) {
    if (!bad_.empty())
        return failing_;
    {
        const std::scoped_lock lock(mutex_);
        health_.begin(Clock::now());
    }
    const Clock::time_point begun = Clock::now();
    try {
        SQLite::Transaction transaction(connection_->database,
                                        SQLite::TransactionBehavior::IMMEDIATE);
        connection_->rows.apply(changes, wall_now());
        transaction.commit();
        if (options_.memory && has_moved(connection_->database)) {
            bad_ = "the file was deleted or replaced while it was in use";
            fail(Error::store_unavailable, bad_);
            return Error::store_unavailable;
        }
        commit_times_.add(Clock::now() - begun);
        const std::scoped_lock lock(mutex_);
        health_.succeeded();
        return Error::none;
    } catch (const SQLite::Exception& refused) {
        const Error why = to_error(refused);
        if (why == Error::store_corrupt && options_.memory)
            bad_ = refused.what();
        fail(why, refused.what());
        return why;
    }
}

void SqliteBindingStore::Writer::fail(Error why, std::string words) {
    failing_ = why;
    const std::scoped_lock lock(mutex_);
    if (why == Error::store_busy)
        health_.busy(std::move(words));
    else
        health_.failed(why, std::move(words));
}

/// Sets the bad file aside and makes a new one of what is in memory; `bad_` says whether it did.
void SqliteBindingStore::Writer::renew() {
    {
        const std::scoped_lock lock(mutex_);
        if (!loaded_) {
            try_again_ = Clock::now() + options_.retry;
            failing_ = Error::store_corrupt;
            health_.failed(failing_, bad_ + "; what it holds is still being read");
            return;
        }
    }
    const StoreResult<void> written = write_new_file(options_, wall_now());
    StoreResult<std::string> aside = std::string();
    if (written) {
        if (connection_)
            checkpoint_on_close(connection_->database, false);
        connection_.reset();
        aside = take_place(options_, wall_now());
    }
    if (written && aside) {
        if (auto opened = open_database(options_)) {
            try {
                connection_ = std::make_unique<WritingConnection>(std::move(*opened));
                const std::scoped_lock lock(mutex_);
                health_.succeeded();
                health_.renewed(renewal_sentence(options_.path, bad_, *aside));
                bad_.clear();
                return;
            } catch (const SQLite::Exception& refused) {
                fail(to_error(refused), refused.what());
            }
        } else {
            fail(opened.error().error, opened.error().sentence);
        }
    } else {
        const Failure& failure = written ? aside.error() : written.error();
        fail(failure.error, failure.sentence);
    }
    try_again_ = Clock::now() + pause_after_renewal_failed;
}

void SqliteBindingStore::Writer::after_success(const ChangeSet& changes) {
    if (!bad_.empty())
        return; // nothing was there to write, and nothing could be
    ++commits_;
    rows_written_ += changes.size();
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
    unwritten_.add(std::move(changes));
    if (why == Error::store_busy)
        return; // SQLite has waited already
    try_again_ = std::max(try_again_, Clock::now() + options_.retry);
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
