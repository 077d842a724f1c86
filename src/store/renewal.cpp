#include "store/renewal.hpp"

#include "store/database.hpp"
#include "store/file.hpp"
#include "store/set_aside.hpp"
#include "store/writer.hpp"

#include <SQLiteCpp/Transaction.h>

#include <cerrno>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace roundabout::store {
namespace {

constexpr std::size_t rows_a_transaction = 10'000;

std::string part_of(const std::string& path) { return path + ".part"; }

void copy_memory(WritingConnection& into, const Memory& memory, WallTime now) {
    std::optional<registration::BindingId> after;
    while (true) {
        registration::ChangeSet page;
        page.upserts = memory(after, rows_a_transaction);
        if (page.upserts.empty())
            return;
        after = page.upserts.back().id;
        SQLite::Transaction transaction(into.database, SQLite::TransactionBehavior::IMMEDIATE);
        into.rows.apply(page, now);
        transaction.commit();
    }
}

} // namespace

StoreResult<void> write_new_file(const SqliteOptions& options, WallTime now) {
    SqliteOptions part = options;
    part.path = part_of(options.path);
    for (const char* suffix : {"", "-wal", "-shm"}) // left by an attempt that was cut short
        ::unlink((part.path + suffix).c_str());
    StoreResult<SQLite::Database> database = open_database(part);
    if (!database)
        return database.error();
    try {
        WritingConnection into(std::move(*database));
        copy_memory(into, options.memory, now);
        if (into.database.execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt() != 0)
            return Failure{Error::store_unavailable, "cannot finish " + part.path};
        return {};
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, part.path);
    }
}

StoreResult<std::string> take_place(const SqliteOptions& options, WallTime now) {
    const std::string& path = options.path;
    StoreResult<std::string> aside = set_aside(path, now);
    if (!aside)
        return aside;
    if (std::rename(part_of(path).c_str(), path.c_str()) != 0 || !sync_directory_of(path))
        return Failure{Error::store_unavailable, errno_sentence("cannot replace", path)};
    return aside;
}

std::string renewal_sentence(std::string_view path, std::string_view why, std::string_view aside) {
    std::string text = "the database " + std::string(path) + " could not be used any more (" +
                       std::string(why) + ")";
    if (aside.empty())
        return text + "; a new one was made of the registrations in memory";
    return text + "; it is kept as " + std::string(aside) +
           ", and a new one was made of the registrations that are known";
}

} // namespace roundabout::store
