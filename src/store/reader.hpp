#pragma once

#include "store/sqlite_binding_store.hpp"
#include "store/stored_rows.hpp"

#include <SQLiteCpp/Database.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace roundabout::store {

/// The thread that looks rows up, on a connection of its own, so that no lookup waits for a commit.
class SqliteBindingStore::Reader {
  public:
    Reader(SqliteOptions options, std::vector<Outlet> outlets);
    ~Reader() { stop(); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    void find(Lookup lookup, Asker asker);
    void stop();

  private:
    struct Question {
        Lookup lookup;
        Asker asker;
    };
    struct Connection {
        explicit Connection(const SqliteOptions& options);
        SQLite::Database database;
        StoredRows rows;
    };

    void run();
    [[nodiscard]] Result<std::vector<registration::Binding>> look_up(const Lookup& lookup);

    const SqliteOptions options_;
    const std::vector<Outlet> outlets_;

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Question> questions_;
    bool stopping_ = false;

    std::unique_ptr<Connection> connection_; ///< the thread's own, opened when first asked

    std::thread thread_; ///< last: it uses all of the above
};

} // namespace roundabout::store
