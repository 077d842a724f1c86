#include "store/migrations.hpp"

#include "store/database.hpp"

#include <SQLiteCpp/Transaction.h>

#include <string>

namespace roundabout::store {

StoreResult<int> migrate(SQLite::Database& database, std::span<const Migration> steps) {
    const int newest = steps.empty() ? 0 : steps.back().number;
    try {
        const int version = database.execAndGet("PRAGMA user_version").getInt();
        if (version > newest)
            return Failure{Error::store_newer_schema,
                           "the database " + database.getFilename() + " has schema " +
                               std::to_string(version) +
                               ", made by a newer version; this one knows " +
                               std::to_string(newest) +
                               " at most: install the newer version again or use another file"};
        if (version == newest)
            return 0;
        int applied = 0;
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        for (const Migration& step : steps) {
            if (step.number <= version)
                continue;
            database.exec(std::string(step.sql));
            ++applied;
        }
        database.exec("PRAGMA user_version = " + std::to_string(newest));
        transaction.commit();
        return applied;
    } catch (const SQLite::Exception& refused) {
        return to_failure(refused, database.getFilename());
    }
}

} // namespace roundabout::store
