#include "store/faulty_disk.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace roundabout::test {
namespace {

/// A write or a truncation that no sync has covered yet.
struct Pending {
    std::size_t offset = 0;
    std::string bytes;
    bool truncation = false;
};

void apply(std::string& contents, const Pending& pending) {
    if (pending.truncation) {
        contents.resize(pending.offset);
        return;
    }
    if (contents.size() < pending.offset + pending.bytes.size())
        contents.resize(pending.offset + pending.bytes.size());
    contents.replace(pending.offset, pending.bytes.size(), pending.bytes);
}

struct Tracked {
    std::string synced;
    std::vector<Pending> pending;
};

std::atomic<unsigned> disks = 0;

} // namespace

struct FaultyDisk::State {
    std::string name = "faulty" + std::to_string(++disks);
    sqlite3_vfs vfs{};
    sqlite3_vfs* real = ::sqlite3_vfs_find(nullptr);

    mutable std::mutex mutex;
    std::map<std::string, Tracked> files;
    bool failing = false;
    bool full = false;
    bool cut = false;
    std::uint64_t operations_left = UINT64_MAX;
    std::chrono::milliseconds sync_time{0};

    /// Under the lock: what a write or sync gets; SQLITE_OK if it may be done.
    int operate(int error) {
        if (!cut && operations_left-- == 0)
            cut = true;
        return cut || failing ? error : SQLITE_OK;
    }
};

namespace {

struct File {
    sqlite3_file base;
    FaultyDisk::State* disk;
    Tracked* tracked; ///< null for what SQLite does not rely on
    sqlite3_file* real;
};

File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file)->real; }

int close_file(sqlite3_file* file) {
    return real_of(file)->pMethods == nullptr ? SQLITE_OK
                                              : real_of(file)->pMethods->xClose(real_of(file));
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    return real_of(file)->pMethods->xRead(real_of(file), into, size, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    File& to = *file_of(file);
    const std::scoped_lock lock(to.disk->mutex);
    if (const int refused = to.disk->operate(SQLITE_IOERR_WRITE))
        return refused;
    sqlite3_int64 before = 0;
    to.real->pMethods->xFileSize(to.real, &before);
    if (to.disk->full && offset + size > before)
        return SQLITE_FULL;
    if (to.tracked != nullptr)
        to.tracked->pending.push_back(
            {static_cast<std::size_t>(offset),
             {static_cast<const char*>(bytes), static_cast<std::size_t>(size)},
             false});
    return to.real->pMethods->xWrite(to.real, bytes, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    File& to = *file_of(file);
    const std::scoped_lock lock(to.disk->mutex);
    if (const int refused = to.disk->operate(SQLITE_IOERR_TRUNCATE))
        return refused;
    if (to.tracked != nullptr)
        to.tracked->pending.push_back({static_cast<std::size_t>(size), {}, true});
    return to.real->pMethods->xTruncate(to.real, size);
}

int sync_file(sqlite3_file* file, int /*flags*/) {
    File& to = *file_of(file);
    std::chrono::milliseconds time{0};
    {
        const std::scoped_lock lock(to.disk->mutex);
        time = to.disk->sync_time;
    }
    std::this_thread::sleep_for(time);
    const std::scoped_lock lock(to.disk->mutex);
    if (const int refused = to.disk->operate(SQLITE_IOERR_FSYNC))
        return refused;
    if (to.tracked == nullptr)
        return SQLITE_OK;
    for (const Pending& pending : to.tracked->pending)
        apply(to.tracked->synced, pending);
    to.tracked->pending.clear();
    return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int kind) {
    return real_of(file)->pMethods->xLock(real_of(file), kind);
}
int unlock_file(sqlite3_file* file, int kind) {
    return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}
int check_lock(sqlite3_file* file, int* held) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}
int control_file(sqlite3_file* file, int what, void* argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
/// It promises nothing, so that SQLite syncs all that it has to.
int characteristics(sqlite3_file* /*file*/) { return 0; }
int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** mapped) {
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, mapped);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void barrier_shared(sqlite3_file* file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

constexpr sqlite3_io_methods methods{2,
                                     close_file,
                                     read_file,
                                     write_file,
                                     truncate_file,
                                     sync_file,
                                     size_of_file,
                                     lock_file,
                                     unlock_file,
                                     check_lock,
                                     control_file,
                                     sector_size,
                                     characteristics,
                                     map_shared,
                                     lock_shared,
                                     barrier_shared,
                                     unmap_shared,
                                     nullptr,
                                     nullptr};

FaultyDisk::State& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<FaultyDisk::State*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    FaultyDisk::State& disk = disk_of(vfs);
    File& made = *file_of(file);
    made.disk = &disk;
    made.tracked = nullptr;
    made.real = reinterpret_cast<sqlite3_file*>(&made + 1);
    std::memset(made.real, 0, static_cast<std::size_t>(disk.real->szOsFile));
    constexpr int relied_on = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    const std::scoped_lock lock(disk.mutex);
    if (name != nullptr && (flags & relied_on) != 0)
        made.tracked = &disk.files[name];
    const int opened = disk.real->xOpen(disk.real, name, made.real, flags, out);
    made.base.pMethods = opened == SQLITE_OK ? &methods : nullptr;
    return opened;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
    FaultyDisk::State& disk = disk_of(vfs);
    const std::scoped_lock lock(disk.mutex);
    if (const int refused = disk.operate(SQLITE_IOERR_DELETE))
        return refused;
    if (const auto found = disk.files.find(name); found != disk.files.end())
        found->second = {};
    return disk.real->xDelete(disk.real, name, sync);
}

void write_out(const std::string& name, const std::string& contents) {
    std::ofstream(name, std::ios::binary | std::ios::trunc) << contents;
}

} // namespace

FaultyDisk::FaultyDisk()
    : state_(std::make_unique<State>()) {
    state_->vfs = *state_->real;
    state_->vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->real->szOsFile;
    state_->vfs.pNext = nullptr;
    state_->vfs.zName = state_->name.c_str();
    state_->vfs.pAppData = state_.get();
    state_->vfs.xOpen = open_file;
    state_->vfs.xDelete = delete_file;
    ::sqlite3_vfs_register(&state_->vfs, 0);
}

FaultyDisk::~FaultyDisk() { ::sqlite3_vfs_unregister(&state_->vfs); }

const std::string& FaultyDisk::name() const { return state_->name; }

void FaultyDisk::fail(bool on) {
    const std::scoped_lock lock(state_->mutex);
    state_->failing = on;
}

void FaultyDisk::fill(bool on) {
    const std::scoped_lock lock(state_->mutex);
    state_->full = on;
}

void FaultyDisk::slow_down(std::chrono::milliseconds sync) {
    const std::scoped_lock lock(state_->mutex);
    state_->sync_time = sync;
}

void FaultyDisk::cut_after(std::uint64_t operations) {
    const std::scoped_lock lock(state_->mutex);
    state_->operations_left = operations;
}

bool FaultyDisk::is_cut() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->cut;
}

void FaultyDisk::lose_power(std::mt19937& random) {
    for (auto& [name, file] : state_->files) {
        for (const Pending& pending : file.pending) {
            if (random() % 2 == 0)
                apply(file.synced, pending);
        }
        std::filesystem::remove(name + "-shm");
        write_out(name, file.synced);
    }
}

void FaultyDisk::lose_process() {
    for (auto& [name, file] : state_->files) {
        for (const Pending& pending : file.pending)
            apply(file.synced, pending);
        std::filesystem::remove(name + "-shm");
        write_out(name, file.synced);
    }
}

} // namespace roundabout::test
