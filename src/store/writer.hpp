#pragma once

#include "store/binding_rows.hpp"
#include "store/lock.hpp"
#include "store/sqlite_binding_store.hpp"
#include "store/unwritten_changes.hpp"
#include "store/write_health.hpp"

#include <SQLiteCpp/Database.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace roundabout::store {

/// A connection that writes. Closed by its destructor.
struct WritingConnection {
    /// May throw SQLite::Exception.
    explicit WritingConnection(SQLite::Database opened);
    SQLite::Database database;
    BindingRows rows;
};

/// The thread that writes, and what it shares with those who ask it: one lock over what has
/// arrived, held for a few moves. The connection is the thread's own.
class SqliteBindingStore::Writer {
  public:
    Writer(SqliteOptions options, std::vector<Outlet> outlets, Lock lock,
           std::unique_ptr<WritingConnection> connection);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void commit(registration::ChangeSet changes, Asker asker);
    void subscribe(Subscriber subscriber);
    [[nodiscard]] StoreCounts counts() const;
    [[nodiscard]] StoreHealth health() const;
    [[nodiscard]] std::vector<bool> unwritten(std::span<const registration::BindingId> ids) const;
    void stop();
    [[nodiscard]] bool stopping() const;

    /// A bad file has been set aside when this one was opened.
    void tell_renewed(std::string sentence);
    /// Memory has everything that the file has: from now on a new file can be made from it.
    void loaded();
    /// The file cannot be read as a whole: it is to be replaced.
    void distrust(std::string why);

    [[nodiscard]] const SqliteOptions& options() const noexcept { return options_; }
    [[nodiscard]] int lock_descriptor() const noexcept { return lock_.descriptor(); }
    [[nodiscard]] bool had_rows() const noexcept { return had_rows_; }
    [[nodiscard]] Progress progress() const noexcept { return progress_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Waiting {
        Asker asker;
        Clock::time_point deadline;
    };
    static bool everybody(const Waiting&) noexcept { return true; }
    static constexpr Clock::time_point not_yet = Clock::time_point::max();

    void answer_now(Asker asker, Outcome outcome) const;

    // On the thread.
    void run();
    [[nodiscard]] bool take_arrivals();
    [[nodiscard]] Clock::time_point next_attempt_or_deadline() const;
    void write();
    /// Tells what it did to the health.
    [[nodiscard]] Error try_write(const registration::ChangeSet& changes);
    void after_success(const registration::ChangeSet& changes);
    void after_failure(registration::ChangeSet changes, Error why);
    void look_after_file();
    void fail(Error why, std::string words);
    void renew();
    /// Answers those for whom `due` holds and forgets them.
    template <class Due>
    void answer(bool stored, Error why, Due due);
    void deliver();

    const SqliteOptions options_;
    const std::vector<Outlet> outlets_;
    const Lock lock_;
    bool had_rows_ = false;
    Progress progress_;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    UnwrittenChanges arrived_changes_;
    std::vector<Waiting> arrived_waiting_;
    std::vector<Subscriber> subscribers_;
    UnwrittenVersions unwritten_versions_; ///< of everything that is not on disk
    WriteHealth health_;
    std::size_t askers_ = 0; ///< not answered yet
    bool stopping_ = false;
    bool loaded_ = false;
    std::string distrusted_; ///< why, once

    // The thread's own.
    std::unique_ptr<WritingConnection> connection_; ///< null between two attempts to renew it
    std::string bad_; ///< why the file cannot be written to any more; empty: it can
    UnwrittenChanges unwritten_;
    RecentRemovals removals_;
    Clock::time_point removals_turn_;
    std::vector<Waiting> waiting_;
    std::vector<std::vector<Outcome>> outbox_; ///< one a worker
    Clock::time_point try_again_;
    Clock::time_point look_again_;        ///< at the file
    Clock::time_point give_up_ = not_yet; ///< once stopping
    Error failing_ = Error::store_busy;   ///< what whoever waits too long is told

    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> rows_written_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::atomic<std::uint64_t> answered_late_ = 0;
    WorkingTimes commit_times_;

    std::thread thread_; ///< last: it uses all of the above
};

} // namespace roundabout::store
