#include "store/sqlite_binding_store.hpp"

#include "store/database.hpp"
#include "store/loading.hpp"
#include "store/reader.hpp"
#include "store/renewal.hpp"
#include "store/set_aside.hpp"
#include "store/writer.hpp"

#include <unistd.h>
#include <utility>

namespace roundabout::store {
namespace {

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

StoreResult<std::unique_ptr<WritingConnection>> connect(const SqliteOptions& options) {
    StoreResult<SQLite::Database> database = open_database(options);
    if (!database)
        return database.error();
    try {
        return std::make_unique<WritingConnection>(std::move(*database));
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, options.path);
    }
}

} // namespace

SqliteBindingStore::SqliteBindingStore(std::unique_ptr<Writer> writer,
                                       std::unique_ptr<Reader> reader) noexcept
    : writer_(std::move(writer))
    , reader_(std::move(reader)) {}

SqliteBindingStore::~SqliteBindingStore() = default;

StoreResult<std::unique_ptr<SqliteBindingStore>>
SqliteBindingStore::open(SqliteOptions options, std::vector<Outlet> outlets) {
    StoreResult<Lock> lock = Lock::take(options.path);
    if (!lock)
        return lock.error();
    return open(std::move(options), std::move(outlets), std::move(*lock));
}

StoreResult<std::unique_ptr<SqliteBindingStore>>
SqliteBindingStore::open(SqliteOptions options, std::vector<Outlet> outlets, Lock lock) {
    const std::string path = options.path;
    auto connection = connect(options);
    std::string renewal;
    if (!connection && connection.error().error == Error::store_corrupt && options.memory &&
        is_our_file(path)) {
        const StoreResult<std::string> aside = set_aside(path, wall_now());
        if (!aside)
            return aside.error();
        renewal = renewal_sentence(path, connection.error().sentence, *aside);
        ::unlink(path.c_str()); // it has another name by now
        connection = connect(options);
    }
    if (!connection)
        return connection.error();
    try {
        auto reader = std::make_unique<Reader>(options, outlets);
        auto writer = std::make_unique<Writer>(std::move(options), std::move(outlets),
                                               std::move(lock), std::move(*connection));
        if (!renewal.empty())
            writer->tell_renewed(std::move(renewal));
        return std::unique_ptr<SqliteBindingStore>(
            new SqliteBindingStore(std::move(writer), std::move(reader)));
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, path);
    }
}

void SqliteBindingStore::commit(registration::ChangeSet changes, Asker asker) {
    writer_->commit(std::move(changes), asker);
}

void SqliteBindingStore::find(Lookup lookup, Asker asker) {
    reader_->find(std::move(lookup), asker);
}

void SqliteBindingStore::subscribe(Subscriber subscriber) {
    writer_->subscribe(std::move(subscriber));
}

StoreResult<LoadSummary>
SqliteBindingStore::load(WallTime now, std::size_t page_size,
                         const std::function<void(std::vector<registration::Binding>)>& page) {
    const LoadingParts parts{
        writer_->options(), [this] { return writer_->stopping(); },
        [this](registration::ChangeSet expired) { writer_->commit(std::move(expired), {}); }};
    StoreResult<LoadSummary> loaded = load_rows(parts, now, page_size, page);
    if (!loaded)
        return loaded;
    if (writer_->stopping())
        return Failure{Error::stopped, "stopped while the bindings were read"};
    writer_->loaded();
    if (loaded->unreadable)
        writer_->distrust("parts of it are unreadable");
    return loaded;
}

StoreCounts SqliteBindingStore::counts() const { return writer_->counts(); }

StoreHealth SqliteBindingStore::health() const { return writer_->health(); }

std::vector<bool>
SqliteBindingStore::unwritten(std::span<const registration::BindingId> ids) const {
    return writer_->unwritten(ids);
}

void SqliteBindingStore::stop() {
    reader_->stop();
    writer_->stop();
}

int SqliteBindingStore::lock_descriptor() const noexcept { return writer_->lock_descriptor(); }

bool SqliteBindingStore::had_rows() const noexcept { return writer_->had_rows(); }

Progress SqliteBindingStore::progress() const noexcept { return writer_->progress(); }

} // namespace roundabout::store
