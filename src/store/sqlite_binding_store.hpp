#pragma once

#include "store/binding_store.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::store {

/// Whether a commit waits until the disk has it (and survives a power cut) or until the operating
/// system has it (and survives the process).
enum class Durability : std::uint8_t { full, normal };

struct SqliteOptions {
    std::string path;
    Durability durability = Durability::full;
    std::chrono::milliseconds wait{2000}; ///< until a commit is answered, stored or not
    std::size_t queue_limit = 100'000;    ///< askers waiting at a time; beyond: queue_full
    bool create = true;                   ///< false: a missing file is store_unavailable
};

/// Bindings in one SQLite file, written by one thread: whatever has gathered while a transaction
/// was under way becomes the next one. While the database refuses, the newest change of each
/// binding is kept and tried again, so that memory is bounded by the number of bindings.
class SqliteBindingStore final : public BindingStore {
  public:
    /// Takes the lock beside the file, opens or creates it (0600), checks it, brings its schema up
    /// to date. One outlet a worker. Failures: store_locked (names the pid), store_newer_schema,
    /// store_corrupt (the file is left as it is), store_unavailable.
    [[nodiscard]] static StoreResult<std::unique_ptr<SqliteBindingStore>>
    open(SqliteOptions options, std::vector<Outlet> outlets);

    ~SqliteBindingStore() override;
    SqliteBindingStore(const SqliteBindingStore&) = delete;
    SqliteBindingStore& operator=(const SqliteBindingStore&) = delete;

    void commit(registration::ChangeSet changes, Asker asker) override;
    void find(const registration::BindingId& id, Asker asker) override;
    void subscribe(Subscriber subscriber) override;
    StoreResult<LoadSummary>
    load(WallTime now, std::size_t page_size,
         const std::function<void(std::vector<registration::Binding>)>& page) override;
    [[nodiscard]] StoreCounts counts() const override;
    void stop() override;

    /// Whether the file held any row when it was opened; such rows need the token key beside them.
    [[nodiscard]] bool had_rows() const noexcept;

  private:
    class Writer;
    explicit SqliteBindingStore(std::unique_ptr<Writer> writer) noexcept;
    std::unique_ptr<Writer> writer_;
};

} // namespace roundabout::store
