#include "store/database.hpp"

#include "store/file.hpp"
#include "store/migrations.hpp"
#include "store/set_aside.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roundabout::store {
namespace {

constexpr unsigned owner_only = 0600;
constexpr int our_application_id = 0x52425431; // as in schema/001_bindings.sql
/// How long SQLite itself waits for another process before the writer looks at its deadlines again.
constexpr int busy_milliseconds = 50;

bool holds_anything(const std::string& path) noexcept {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

/// SQLite deletes a WAL whose database is missing or empty; it may hold the only copy of something.
StoreResult<void> rescue_log(const std::string& path) {
    if (holds_anything(path) || !holds_anything(path + "-wal"))
        return {};
    const WallTime now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    if (const StoreResult<std::string> aside = set_aside(path, now); !aside)
        return aside.error();
    return {};
}

/// Makes sure that there is a file which only we can read. True if it holds anything.
StoreResult<bool> prepare_file(const SqliteOptions& options) {
    const std::string& path = options.path;
    if (options.create) {
        if (const StoreResult<void> rescued = rescue_log(path); !rescued)
            return rescued.error();
    }
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

/// Writes nothing.
StoreResult<void> examine(SQLite::Database& database, const std::string& path) {
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
    database.exec("PRAGMA cell_size_check = ON"); // in place of a check of the whole file at start
}

bool has_moved(SQLite::Database& database, int which) noexcept {
    sqlite3_file* file = nullptr;
    int moved = 0;
    return ::sqlite3_file_control(database.getHandle(), "main", which, &file) == SQLITE_OK &&
           file != nullptr && file->pMethods != nullptr &&
           file->pMethods->xFileControl(file, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
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
        SQLite::Database database(options.path, SQLite::OPEN_READWRITE, busy_milliseconds,
                                  options.vfs);
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

SQLite::Database open_for_reading(const SqliteOptions& options) {
    SQLite::Database database(options.path, SQLite::OPEN_READWRITE, busy_milliseconds, options.vfs);
    checkpoint_on_close(database, false);
    database.exec("PRAGMA query_only = ON");
    database.exec("PRAGMA cell_size_check = ON");
    return database;
}

void checkpoint_on_close(SQLite::Database& database, bool wanted) {
    ::sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted ? 0 : 1,
                        nullptr);
}

bool has_moved(SQLite::Database& database) noexcept {
    return has_moved(database, SQLITE_FCNTL_FILE_POINTER) ||
           has_moved(database, SQLITE_FCNTL_JOURNAL_POINTER);
}

bool is_our_file(const std::string& path) noexcept {
    constexpr std::size_t id_at = 68; // of SQLite's header, big-endian
    std::array<unsigned char, id_at + 4> header{};
    const File file = File::open(path, O_RDONLY);
    if (file && ::pread(file.fd(), header.data(), header.size(), 0) ==
                    static_cast<ssize_t>(header.size())) {
        const std::array<unsigned char, 4> ours{0x52, 0x42, 0x54, 0x31};
        if (std::equal(ours.begin(), ours.end(), header.begin() + id_at))
            return true;
    }
    return holds_anything(path + ".key");
}

} // namespace roundabout::store
