#include "store/sqlite_binding_store.hpp"

#include "store/database.hpp"
#include "store/writer.hpp"

#include <utility>

namespace roundabout::store {

SqliteBindingStore::SqliteBindingStore(std::unique_ptr<Writer> writer) noexcept
    : writer_(std::move(writer)) {}

SqliteBindingStore::~SqliteBindingStore() = default;

StoreResult<std::unique_ptr<SqliteBindingStore>>
SqliteBindingStore::open(SqliteOptions options, std::vector<Outlet> outlets) {
    const std::string path = options.path;
    StoreResult<Lock> lock = Lock::take(path);
    if (!lock)
        return lock.error();
    StoreResult<SQLite::Database> database = open_database(options);
    if (!database)
        return database.error();
    try {
        auto writer = std::make_unique<Writer>(std::move(options), std::move(outlets),
                                               std::move(*lock), std::move(*database));
        return std::unique_ptr<SqliteBindingStore>(new SqliteBindingStore(std::move(writer)));
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, path);
    }
}

void SqliteBindingStore::commit(registration::ChangeSet changes, Asker asker) {
    writer_->commit(std::move(changes), asker);
}

void SqliteBindingStore::find(const registration::BindingId& id, Asker asker) {
    writer_->find(id, asker);
}

void SqliteBindingStore::subscribe(Subscriber subscriber) {
    writer_->subscribe(std::move(subscriber));
}

StoreResult<LoadSummary>
SqliteBindingStore::load(WallTime now, std::size_t page_size,
                         const std::function<void(std::vector<registration::Binding>)>& page) {
    return writer_->load(now, page_size, page);
}

StoreCounts SqliteBindingStore::counts() const { return writer_->counts(); }

void SqliteBindingStore::stop() { writer_->stop(); }

bool SqliteBindingStore::had_rows() const noexcept { return writer_->had_rows(); }

} // namespace roundabout::store
