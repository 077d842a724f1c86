#include "store/loading.hpp"

#include "store/database.hpp"
#include "store/stored_rows.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace roundabout::store {
namespace {

using registration::Binding;

constexpr auto pause_after_failure = std::chrono::milliseconds(250);
constexpr std::size_t damage_described = 10;

/// One walk through the file.
class Loading {
  public:
    Loading(const LoadingParts& parts, WallTime now, std::size_t page_size,
            const std::function<void(std::vector<Binding>)>& page)
        : parts_(parts)
        , now_(now)
        , page_size_(page_size)
        , page_(page) {}

    StoreResult<LoadSummary> run() {
        while (!over_ && !parts_.stopping()) {
            try {
                if (!connection_)
                    connection_ = std::make_unique<Connection>(parts_.options);
                over_ = !connection_->rows.walk(
                    cursor_, page_size_, [this](Binding binding) { take(std::move(binding)); },
                    [this](const std::string&, const std::string& fault) { take_damaged(fault); });
                tried_ = 0;
            } catch (const SQLite::Exception& refused) {
                if (!parts_.options.memory)
                    return to_failure(refused, parts_.options.path);
                go_on_after(to_error(refused));
            }
            give();
        }
        return std::move(summary_);
    }

  private:
    struct Connection {
        explicit Connection(const SqliteOptions& options)
            : database(open_for_reading(options))
            , rows(database) {}
        SQLite::Database database;
        StoredRows rows;
    };

    void take(Binding binding) {
        if (binding.expires > now_) {
            ++summary_.loaded;
            gathered_.push_back(std::move(binding));
            return;
        }
        ++summary_.expired;
        expired_.removals.push_back({binding.id, {}, 0, binding.version});
    }

    void take_damaged(const std::string& fault) {
        ++summary_.damaged;
        if (summary_.damage.size() < damage_described)
            summary_.damage.push_back(fault);
    }

    void give() {
        if (!gathered_.empty())
            page_(std::exchange(gathered_, {}));
        if (!expired_.empty())
            parts_.remove(std::exchange(expired_, {}));
    }

    void go_on_after(Error why) {
        if (why != Error::store_corrupt) {
            connection_.reset();
            std::this_thread::sleep_for(pause_after_failure);
            return;
        }
        summary_.unreadable = true;
        cursor_ = beyond(cursor_, tried_++);
        over_ = cursor_.empty();
    }

    const LoadingParts& parts_;
    WallTime now_;
    std::size_t page_size_;
    const std::function<void(std::vector<Binding>)>& page_;
    std::unique_ptr<Connection> connection_;
    std::string cursor_;
    unsigned tried_ = 0; ///< parts that could not be read, one after another
    bool over_ = false;
    std::vector<Binding> gathered_;
    registration::ChangeSet expired_;
    LoadSummary summary_;
};

} // namespace

StoreResult<LoadSummary> load_rows(const LoadingParts& parts, WallTime now, std::size_t page_size,
                                   const std::function<void(std::vector<Binding>)>& page) {
    return Loading(parts, now, page_size, page).run();
}

} // namespace roundabout::store
