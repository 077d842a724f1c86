#include "store/database.hpp"

#include "store/file.hpp"
#include "store/migrations.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roundabout::store {
namespace {

constexpr unsigned owner_only = 0600;
constexpr int our_application_id = 0x52425431; // as in schema/001_bindings.sql
/// How long SQLite itself waits for another process before the writer looks at its deadlines again.
constexpr int busy_milliseconds = 50;

/// Makes sure that there is a file which only we can read. True if it holds anything.
StoreResult<bool> prepare_file(const SqliteOptions& options) {
    const std::string& path = options.path;
    File file = File::open(path, O_RDWR);
    if (!file && errno == ENOENT && options.create) {
        file = File::open(path, O_RDWR | O_CREAT | O_EXCL, owner_only);
        if (file && (::fsync(file.fd()) != 0 || !sync_directory_of(path)))
            return Failure{Error::store_unavailable, errno_sentence("cannot sync", path)};
    }
    if (!file)
        return Failure{Error::store_unavailable, errno_sentence("cannot open the database", path)};
    struct stat status{};
    if (::fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode))
        return Failure{Error::store_unavailable, path + " is not a file"};
    if ((status.st_mode & 0777U) != owner_only && ::fchmod(file.fd(), owner_only) != 0)
        return Failure{Error::store_unavailable, errno_sentence("cannot restrict", path)};
    // Left by an earlier owner with wider rights, these would keep them.
    for (const char* suffix : {"-wal", "-shm"}) {
        const std::string beside = path + suffix;
        if (::chmod(beside.c_str(), owner_only) != 0 && errno != ENOENT)
            return Failure{Error::store_unavailable, errno_sentence("cannot restrict", beside)};
    }
    return status.st_size > 0;
}

/// Closing a database normally moves the WAL into the file, which a damaged one must be spared.
void checkpoint_on_close(SQLite::Database& database, bool wanted) {
    ::sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted ? 0 : 1,
                        nullptr);
}

/// Reads the whole file and writes nothing.
StoreResult<void> examine(SQLite::Database& database, const std::string& path) {
    const std::string verdict = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (verdict != "ok")
        return Failure{Error::store_corrupt,
                       "the database " + path + " is damaged (" + verdict +
                           "); it was left as it is: restore it from a backup, or move it away to "
                           "begin without registrations"};
    const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
    if (!empty && database.execAndGet("PRAGMA application_id").getInt() != our_application_id)
        return Failure{Error::store_unavailable,
                       "the database " + path + " belongs to another program"};
    return {};
}

void set_pragmas(SQLite::Database& database, Durability durability) {
    database.execAndGet("PRAGMA journal_mode = WAL");
    database.exec(durability == Durability::full ? "PRAGMA synchronous = FULL"
                                                 : "PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA journal_size_limit = 67108864");
}

} // namespace

Error to_error(const SQLite::Exception& refused) noexcept {
    switch (refused.getErrorCode() & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return Error::store_busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return Error::store_corrupt;
    default:
        return Error::store_unavailable;
    }
}

Failure to_failure(const SQLite::Exception& refused, const std::string& path) {
    const Error error = to_error(refused);
    std::string sentence = "the database " + path;
    if (error == Error::store_corrupt)
        sentence += " is damaged (" + std::string(refused.what()) +
                    "); it was left as it is: restore it from a backup, or move it away to begin "
                    "without registrations";
    else
        sentence += " cannot be used: " + std::string(refused.what());
    return {error, std::move(sentence)};
}

StoreResult<SQLite::Database> open_database(const SqliteOptions& options) {
    const StoreResult<bool> prepared = prepare_file(options);
    if (!prepared)
        return prepared.error();
    try {
        SQLite::Database database(options.path, SQLite::OPEN_READWRITE, busy_milliseconds);
        checkpoint_on_close(database, false);
        if (*prepared) {
            if (const StoreResult<void> examined = examine(database, options.path); !examined)
                return examined.error();
        }
        if (const StoreResult<int> migrated = migrate(database); !migrated)
            return migrated.error();
        set_pragmas(database, options.durability);
        checkpoint_on_close(database, true);
        return database;
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, options.path);
    }
}

} // namespace roundabout::store
