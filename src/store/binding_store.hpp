#pragma once

#include "base/endpoint.hpp"
#include "base/histogram.hpp"
#include "base/result.hpp"
#include "registration/binding.hpp"
#include "registration/change_set.hpp"
#include "store/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace roundabout::store {

/// Whom an outcome goes to: a worker, and the ticket that its transaction waits for.
struct Asker {
    std::size_t worker = 0;
    std::uint64_t ticket = 0; ///< 0: nobody waits
};

/// The outcome of commit().
struct Committed {
    std::uint64_t ticket = 0;
    /// True: on disk, as durable as was configured. False: not in time or not at all; the change
    /// is still kept in memory and written as soon as the disk takes it, unless `why` is stopped.
    bool stored = false;
    Error why = Error::none; ///< store_busy, store_unavailable, store_corrupt, queue_full, stopped
};

// What find() can be asked for.

struct ById {
    registration::BindingId id;
    friend bool operator==(const ById&, const ById&) = default;
};
/// Those that BindingTable::find_by_user() would give: by the AOR's user or the Contact's.
struct ByUser {
    std::string server;
    std::string user; ///< unescaped
    friend bool operator==(const ByUser&, const ByUser&) = default;
};
struct ByAor {
    std::string server;
    std::string aor; ///< canonical
    friend bool operator==(const ByAor&, const ByAor&) = default;
};
/// Those that a UDP client registered from there.
struct ByRemote {
    Endpoint remote;
    friend bool operator==(const ByRemote&, const ByRemote&) = default;
};
using Lookup = std::variant<ById, ByUser, ByAor, ByRemote>;

/// The outcome of find().
struct FoundRows {
    std::uint64_t ticket = 0;
    Result<std::vector<registration::Binding>> bindings = Error::stopped;
};

using Outcome = std::variant<Committed, FoundRows>;

/// Takes the outcomes for one worker, all that one group commit brought in one call. Called on the
/// store's thread, or, for what is refused at once (queue_full, stopped), within commit() or
/// find(); it only hands them to its worker, and must not throw, wait, or call the store.
using Outlet = std::function<void(std::vector<Outcome>)>;

/// Is told what has become durable, whoever asked for it. Called on a thread of the store.
using Subscriber = std::function<void(const registration::ChangeSet&)>;

struct LoadSummary {
    std::size_t loaded = 0;
    std::size_t expired = 0; ///< while nobody looked; their rows are deleted, a few at a time
    std::size_t damaged = 0; ///< rows that no REGISTER could have made; passed over and left
    /// What is wrong with the first few of the damaged ones, a line each for the log.
    std::vector<std::string> damage;
    /// Parts of the file could not be read; what could be is loaded, and the file is replaced.
    bool unreadable = false;
};

/// For the counters.
struct StoreCounts {
    std::uint64_t commits = 0;       ///< transactions on the database
    std::uint64_t rows_written = 0;  ///< upserts and removals
    std::uint64_t failed = 0;        ///< attempts that the database refused or was too busy for
    std::uint64_t answered_late = 0; ///< outcomes with stored = false
    std::uint64_t renewed = 0;       ///< times that a new file was begun in place of a bad one
    std::size_t waiting = 0;         ///< changes not on disk yet
    HistogramValue commit_times;     ///< by working_bounds, of commits that succeeded
};

/// Whether what is registered now would survive.
struct StoreHealth {
    bool degraded = false;   ///< changes cannot be written, or a write hangs
    Error why = Error::none; ///< while degraded
    std::string words;       ///< what the disk or database said last
    std::size_t waiting = 0; ///< changes not on disk yet
    std::uint64_t renewed = 0;
    std::string renewal; ///< in a sentence, why and where the last bad file was set aside
};

/// Where bindings outlive the process. Calls return at once and are safe from any thread; outcomes
/// come through the outlet of the asking worker. An engine that several nodes share fits behind it.
class BindingStore {
  public:
    virtual ~BindingStore() = default;

    /// Writes what BindingTable::apply() gave: each binding and removal has its version, 1 or more.
    /// Each change is compare-and-set by version: one that is not newer than what the row (or its
    /// removal) has is dropped, so the order of arrival does not matter. Answers with Committed,
    /// within the configured wait; a disk that hangs inside a write can delay that, so whoever must
    /// not wait longer keeps a deadline of its own.
    virtual void commit(registration::ChangeSet changes, Asker asker) = 0;

    /// Looks rows up, as they are on disk: what has been changed since, the table in memory knows.
    /// Answers with FoundRows, sound ones only.
    virtual void find(Lookup lookup, Asker asker) = 0;

    /// From now on; for the store's life.
    virtual void subscribe(Subscriber subscriber) = 0;

    /// Gives all rows that have not expired by `now`, a page at a time, on the caller's thread.
    /// Rows are checked like input from the network. Commits and lookups may go on beside it: a row
    /// may come that the table in memory has overtaken, see BindingTable::restore().
    virtual StoreResult<LoadSummary>
    load(WallTime now, std::size_t page_size,
         const std::function<void(std::vector<registration::Binding>)>& page) = 0;

    [[nodiscard]] virtual StoreCounts counts() const = 0;
    [[nodiscard]] virtual StoreHealth health() const = 0;

    /// For each of `ids` whether its newest change is not on disk yet: the binding is volatile.
    [[nodiscard]] virtual std::vector<bool>
    unwritten(std::span<const registration::BindingId> ids) const = 0;

    /// Writes what waits, within the configured wait, answers whoever still waits, and ends. Later
    /// calls are answered `stopped`.
    virtual void stop() = 0;
};

} // namespace roundabout::store
