#pragma once

#include "store/binding_store.hpp"
#include "store/lock.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::store {

/// Whether a commit waits until the disk has it (and survives a power cut) or until the operating
/// system has it (and survives the process).
enum class Durability : std::uint8_t { full, normal };

/// The next at most `limit` bindings that the process has in memory, in the order of their ids; see
/// BindingTable::page().
using Memory = std::function<std::vector<registration::Binding>(
    std::optional<registration::BindingId> after, std::size_t limit)>;

struct SqliteOptions {
    std::string path;
    Durability durability = Durability::full;
    std::chrono::milliseconds wait{2000}; ///< until a commit is answered, stored or not
    std::chrono::milliseconds retry{250}; ///< between attempts on a disk that is full or failing
    std::size_t queue_limit = 100'000;    ///< askers waiting at a time; beyond: queue_full
    bool create = true;                   ///< false: a missing file is store_unavailable
    /// With it a file that is damaged, or gone from under us, is set aside under a dated name and
    /// a new one made from memory and what can be read of the old one. Without: refused, untouched.
    Memory memory = {};
    std::string vfs = {}; ///< SQLite's name of the file system to use; empty: the default one
};

/// What the row of the table `progress` says.
struct Progress {
    std::uint64_t newest_version = 0;
    WallTime written; ///< when something was last written
};

/// Bindings in one SQLite file, written by one thread: whatever has gathered while a transaction
/// was under way becomes the next one. While the database refuses, the newest change of each
/// binding is kept and tried again, so that memory is bounded by the number of bindings.
///
/// Nothing reads the whole file before the first answer. What stands in for such a check: SQLite
/// checks each page that load() reads, and load() reads every row and takes none on trust.
class SqliteBindingStore final : public BindingStore {
  public:
    /// Takes the lock beside the file, opens or creates it (0600), checks it, brings its schema up
    /// to date. One outlet a worker. Failures: store_locked (names the pid), store_newer_schema,
    /// store_corrupt (without `memory`: the file is left as it is), store_unavailable.
    [[nodiscard]] static StoreResult<std::unique_ptr<SqliteBindingStore>>
    open(SqliteOptions options, std::vector<Outlet> outlets);
    /// By a lock that somebody else took before; see Lock::adopt.
    [[nodiscard]] static StoreResult<std::unique_ptr<SqliteBindingStore>>
    open(SqliteOptions options, std::vector<Outlet> outlets, Lock lock);

    ~SqliteBindingStore() override;
    SqliteBindingStore(const SqliteBindingStore&) = delete;
    SqliteBindingStore& operator=(const SqliteBindingStore&) = delete;

    void commit(registration::ChangeSet changes, Asker asker) override;
    void find(Lookup lookup, Asker asker) override;
    void subscribe(Subscriber subscriber) override;
    StoreResult<LoadSummary>
    load(WallTime now, std::size_t page_size,
         const std::function<void(std::vector<registration::Binding>)>& page) override;
    [[nodiscard]] StoreCounts counts() const override;
    [[nodiscard]] StoreHealth health() const override;
    [[nodiscard]] std::vector<bool>
    unwritten(std::span<const registration::BindingId> ids) const override;
    void stop() override;

    /// The lock, for whoever is to have it after us.
    [[nodiscard]] int lock_descriptor() const noexcept;
    /// Whether the file held any row when it was opened; such rows need the token key beside them.
    [[nodiscard]] bool had_rows() const noexcept;
    /// How far the file had come when it was opened.
    [[nodiscard]] Progress progress() const noexcept;

  private:
    class Writer;
    class Reader;
    SqliteBindingStore(std::unique_ptr<Writer> writer, std::unique_ptr<Reader> reader) noexcept;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
};

} // namespace roundabout::store
