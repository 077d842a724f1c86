#include "store/reader.hpp"

#include "store/database.hpp"

#include <utility>

namespace roundabout::store {

SqliteBindingStore::Reader::Connection::Connection(const SqliteOptions& options)
    : database(open_for_reading(options))
    , rows(database) {}

SqliteBindingStore::Reader::Reader(SqliteOptions options, std::vector<Outlet> outlets)
    : options_(std::move(options))
    , outlets_(std::move(outlets))
    , thread_([this] { run(); }) {}

void SqliteBindingStore::Reader::find(Lookup lookup, Asker asker) {
    Error refused = Error::none;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_)
            refused = Error::stopped;
        else if (questions_.size() >= options_.queue_limit)
            refused = Error::queue_full;
        else
            questions_.push_back({std::move(lookup), asker});
    }
    if (refused == Error::none) {
        arrived_.notify_one();
    } else if (asker.ticket != 0) {
        std::vector<Outcome> one;
        one.emplace_back(FoundRows{asker.ticket, refused});
        outlets_[asker.worker](std::move(one));
    }
}

void SqliteBindingStore::Reader::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

void SqliteBindingStore::Reader::run() {
    while (true) {
        std::vector<Question> questions;
        {
            std::unique_lock lock(mutex_);
            arrived_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
            if (questions_.empty())
                return;
            questions = std::exchange(questions_, {});
        }
        std::vector<std::vector<Outcome>> found(outlets_.size());
        for (const Question& question : questions) {
            if (question.asker.ticket != 0)
                found[question.asker.worker].emplace_back(
                    FoundRows{question.asker.ticket, look_up(question.lookup)});
        }
        for (std::size_t worker = 0; worker < found.size(); ++worker) {
            if (!found[worker].empty())
                outlets_[worker](std::move(found[worker]));
        }
    }
}

Result<std::vector<registration::Binding>>
SqliteBindingStore::Reader::look_up(const Lookup& lookup) {
    try {
        if (!connection_)
            connection_ = std::make_unique<Connection>(options_);
        return connection_->rows.find(lookup);
    } catch (const SQLite::Exception& refused) {
        connection_.reset(); // the file may be another one by the next time
        return to_error(refused);
    }
}

} // namespace roundabout::store
