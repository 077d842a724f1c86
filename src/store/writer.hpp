#pragma once

#include "store/binding_rows.hpp"
#include "store/lock.hpp"
#include "store/sqlite_binding_store.hpp"
#include "store/unwritten_changes.hpp"

#include <SQLiteCpp/Database.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace roundabout::store {

/// The thread that writes, and what it shares with those who ask it. Two locks, never both at once:
/// one over what has arrived, held for a few moves; one over the database, held by the thread for a
/// transaction and by load().
class SqliteBindingStore::Writer {
  public:
    Writer(SqliteOptions options, std::vector<Outlet> outlets, Lock lock,
           SQLite::Database database);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void commit(registration::ChangeSet changes, Asker asker);
    void find(const registration::BindingId& id, Asker asker);
    void subscribe(Subscriber subscriber);
    StoreResult<LoadSummary>
    load(WallTime now, std::size_t page_size,
         const std::function<void(std::vector<registration::Binding>)>& page);
    [[nodiscard]] StoreCounts counts() const;
    void stop();
    [[nodiscard]] bool had_rows() const noexcept { return had_rows_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Waiting {
        Asker asker;
        Clock::time_point deadline;
    };
    static bool everybody(const Waiting&) noexcept { return true; }
    static constexpr Clock::time_point not_yet = Clock::time_point::max();
    struct Lookup {
        Asker asker;
        registration::BindingId id;
    };

    void answer_now(Asker asker, Outcome outcome) const;
    StoreResult<LoadSummary>
    load_rows(WallTime now, std::size_t page_size,
              const std::function<void(std::vector<registration::Binding>)>& page);

    // On the thread.
    void run();
    [[nodiscard]] bool take_arrivals();
    [[nodiscard]] Clock::time_point next_attempt_or_deadline() const;
    void look_up(const std::vector<Lookup>& lookups);
    void write();
    [[nodiscard]] Error try_write(const registration::ChangeSet& changes);
    void after_success(const registration::ChangeSet& changes);
    void after_failure(registration::ChangeSet changes, Error why);
    /// Answers those for whom `due` holds and forgets them.
    template <class Due>
    void answer(bool stored, Error why, Due due);
    void deliver();

    const SqliteOptions options_;
    const std::vector<Outlet> outlets_;
    const Lock lock_;

    std::mutex database_mutex_;
    SQLite::Database database_;
    BindingRows rows_;
    bool had_rows_ = false;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    UnwrittenChanges arrived_changes_;
    std::vector<Waiting> arrived_waiting_;
    std::vector<Lookup> arrived_lookups_;
    std::vector<Subscriber> subscribers_;
    std::size_t askers_ = 0; ///< not answered yet
    bool stopping_ = false;

    // The thread's own.
    UnwrittenChanges unwritten_;
    RecentRemovals removals_;
    Clock::time_point removals_turn_;
    std::vector<Waiting> waiting_;
    std::vector<std::vector<Outcome>> outbox_; ///< one a worker
    Clock::time_point try_again_;
    Clock::time_point give_up_ = not_yet; ///< once stopping
    Error failing_ = Error::store_busy;   ///< what whoever waits too long is told

    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> rows_written_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::atomic<std::uint64_t> answered_late_ = 0;
    std::atomic<std::size_t> unwritten_size_ = 0;

    std::thread thread_; ///< last: it uses all of the above
};

} // namespace roundabout::store
