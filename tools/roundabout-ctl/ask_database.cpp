#include "admin/binding_walk.hpp"
#include "registration/binding_table.hpp"
#include "roundabout-ctl/reach.hpp"
#include "store/sqlite_binding_store.hpp"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <grp.h>
#include <mutex>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace roundabout::ctl {
namespace {

using registration::Binding;

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<Unreached> become_owner(const std::string& path) {
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0)
        return Unreached{"cannot look at " + path + ": " + std::generic_category().message(errno),
                         false, errno == EACCES};
    if (::geteuid() == file.st_uid)
        return std::nullopt;
    const bool became = ::geteuid() == 0 && ::setgroups(0, nullptr) == 0 &&
                        ::setresgid(file.st_gid, file.st_gid, file.st_gid) == 0 &&
                        ::setresuid(file.st_uid, file.st_uid, file.st_uid) == 0;
    if (became)
        return std::nullopt;
    return Unreached{"only root and the owner of " + path + " (uid " + std::to_string(file.st_uid) +
                         ") may use it",
                     false, true};
}

/// The database of a proxy that is down, with its bindings in memory.
class OpenDatabase {
  public:
    /// Nothing, or why it can't be used. Rows past their expiry are kept and shown.
    std::optional<Unreached> open(const std::string& path) {
        store::SqliteOptions options;
        options.path = path;
        options.create = false;
        std::vector<store::Outlet> outlets;
        outlets.emplace_back([this](const std::vector<store::Outcome>& come) { take(come); });
        auto opened = store::SqliteBindingStore::open(std::move(options), std::move(outlets));
        if (!opened)
            return Unreached{opened.error().sentence, false, false};
        store_ = std::move(*opened);
        const auto restore = [this](std::vector<Binding> page) {
            for (Binding& binding : page)
                bindings_.restore(std::move(binding));
        };
        const auto loaded = store_->load(WallTime{}, page_size, restore);
        if (!loaded)
            return Unreached{loaded.error().sentence, false, false};
        return std::nullopt;
    }

    [[nodiscard]] registration::BindingTable& bindings() { return bindings_; }

    /// True once it is on disk; false: it is not.
    [[nodiscard]] bool commit(registration::ChangeSet changes) {
        store_->commit(std::move(changes), store::Asker{0, 1});
        std::unique_lock lock(mutex_);
        came_.wait(lock, [this] { return !stored_.empty(); });
        const bool stored = stored_.front();
        stored_.pop_front();
        return stored;
    }

  private:
    static constexpr std::size_t page_size = 1000;

    void take(const std::vector<store::Outcome>& come) {
        const std::scoped_lock lock(mutex_);
        for (const store::Outcome& outcome : come) {
            const auto* const committed = std::get_if<store::Committed>(&outcome);
            stored_.push_back(committed != nullptr && committed->stored);
        }
        came_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<bool> stored_;
    registration::BindingTable bindings_{HashKey{}}; ///< nobody sends names to this process
    std::unique_ptr<store::SqliteBindingStore> store_;
};

admin::Statistics count(const registration::BindingTable& bindings) {
    admin::BindingFilter past;
    past.expired = true;
    admin::BindingWalk walk(bindings, past);
    std::uint64_t expired = 0;
    while (const auto met = walk.next(wall_now()))
        expired += met->size();
    return {{"bindings", bindings.size()}, {"bindings_expired", expired}};
}

admin::End list(OpenDatabase& database, const admin::Request& request, const Sink& sink) {
    admin::BindingWalk walk(database.bindings(), request.filter);
    admin::End end;
    while (const auto met = walk.next(wall_now())) {
        end.matched += met->size();
        for (const Binding& binding : *met)
            sink(admin::row_of(binding, wall_now()));
    }
    return end;
}

admin::End purge(OpenDatabase& database, const admin::Request& request) {
    admin::BindingWalk walk(database.bindings(), request.filter);
    admin::End end;
    while (const auto met = walk.next(wall_now())) {
        registration::ChangeSet changes = database.bindings().apply(admin::removals_of(*met));
        if (changes.empty())
            continue;
        end.matched += changes.removals.size();
        if (!database.commit(std::move(changes)))
            end.stored = false;
    }
    return end;
}

} // namespace

Reached<admin::End> ask_database(const std::string& path, const admin::Request& request,
                                 const Sink& sink) {
    if (auto problem = become_owner(path))
        return std::move(*problem);
    OpenDatabase database;
    if (auto problem = database.open(path))
        return std::move(*problem);
    if (request.command == admin::Command::purge)
        return purge(database, request);
    if (request.command != admin::Command::stats)
        return list(database, request, sink);
    sink(count(database.bindings()));
    return admin::End{};
}

} // namespace roundabout::ctl
