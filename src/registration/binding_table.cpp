#include "registration/binding_table.hpp"

#include "registration/aor.hpp"
#include "registration/key_index.hpp"
#include "registration/row_shard.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <limits>
#include <mutex>
#include <ranges>

namespace roundabout::registration {
namespace {

struct IndexShard {
    mutable std::mutex mutex;
    KeyIndex ids;
};

/// The index keys of a row, hashed.
struct Keys {
    std::array<std::uint64_t, 3> hashes{};
    std::size_t count = 0;

    void add(std::uint64_t hash) noexcept { hashes[count++] = hash; }
    [[nodiscard]] std::span<const std::uint64_t> all() const& noexcept {
        return {hashes.data(), count};
    }
    void all() && = delete;
    [[nodiscard]] bool has(std::uint64_t hash) const noexcept {
        return std::ranges::find(all(), hash) != all().end();
    }
};

/// A later CSeq of the same Call-ID stands (R8).
bool overtaken(const PackedBinding& row, std::string_view call_id, std::uint32_t cseq) noexcept {
    return !call_id.empty() && row.call_id() == call_id && row.cseq() > cseq;
}

} // namespace

/// Lock order: a row shard, then an index shard; never two of one kind. A row and its index entries
/// change under the row's lock, so that no entry outlives its row; a reader takes the ids from the
/// index first, lets go, and checks each row that it then meets.
class BindingTable::Shards {
  public:
    explicit Shards(const HashKey& key) noexcept
        : key_(key) {}

    [[nodiscard]] std::optional<Found> find(const BindingId& id) const {
        const RowShard& shard = shard_of(id);
        const std::scoped_lock lock(shard.mutex);
        const RowShard::Slot* slot = shard.find(id);
        const Binding* pending = shard.pending(id);
        if (slot == nullptr && pending == nullptr)
            return std::nullopt;
        if (slot == nullptr)
            return Found{*pending, true};
        return Found{shard.unpack(*slot), false};
    }

    [[nodiscard]] std::optional<Binding> find_pending(const BindingId& id) const {
        const RowShard& shard = shard_of(id);
        const std::scoped_lock lock(shard.mutex);
        const Binding* pending = shard.pending(id);
        return pending != nullptr ? std::optional(*pending) : std::nullopt;
    }

    /// Copies of the rows under an index key for which `matches(row, pool)` holds.
    template <class Matches>
    [[nodiscard]] std::vector<Binding> matching(std::uint64_t hash, std::size_t limit,
                                                Matches matches) const {
        std::vector<Binding> found;
        for (const BindingId& id : ids(hash)) {
            if (found.size() == limit)
                break;
            const RowShard& shard = shard_of(id);
            const std::scoped_lock lock(shard.mutex);
            const RowShard::Slot* slot = shard.find(id);
            if (slot != nullptr && matches(slot->row, shard.pool()))
                found.push_back(shard.unpack(*slot));
        }
        return found;
    }

    /// The same, those that can be reached before the others. A row that changes meanwhile is given
    /// once.
    template <class Matches>
    [[nodiscard]] std::vector<Binding> reachable_first(std::uint64_t hash, std::size_t limit,
                                                       Matches matches) const {
        std::vector<Binding> found =
            matching(hash, limit, [&](const PackedBinding& row, const StringPool& pool) {
                return row.reachable() && matches(row, pool);
            });
        const auto is_new = [&](const PackedBinding& row, const StringPool& pool) {
            return matches(row, pool) && !std::ranges::count(found, row.id(), &Binding::id);
        };
        std::vector<Binding> others = matching(hash, limit - found.size(), is_new);
        std::ranges::move(others, std::back_inserter(found));
        return found;
    }

    /// False if a later CSeq of the same Call-ID is there. Otherwise `binding` has its version.
    bool upsert(Binding& binding) {
        RowShard& shard = shard_of(binding.id);
        const std::scoped_lock lock(shard.mutex);
        RowShard::Slot* slot = shard.find(binding.id);
        if (slot != nullptr && overtaken(slot->row, binding.call_id, binding.cseq))
            return false;
        binding.version = ++newest_version_;
        put(shard, slot, binding);
        return true;
    }

    void restore(Binding binding) {
        binding.flow.id = {};
        binding.reachable = binding.flow.transport == Transport::udp;
        advance(binding.version);
        RowShard& shard = shard_of(binding.id);
        const std::scoped_lock lock(shard.mutex);
        if (shard.find(binding.id) == nullptr && !shard.has_ended(binding.id))
            put(shard, nullptr, binding);
    }

    void begin_restoring(std::uint64_t newest_version) {
        advance(newest_version);
        complete_ = false;
        for (RowShard& shard : rows_) {
            const std::scoped_lock lock(shard.mutex);
            shard.remember_ends(true);
        }
    }

    void finish_restoring() {
        complete_ = true;
        for (RowShard& shard : rows_) {
            const std::scoped_lock lock(shard.mutex);
            shard.remember_ends(false);
        }
    }

    [[nodiscard]] bool complete() const noexcept { return complete_; }

    /// False if there is nothing to remove or it has been overtaken. Otherwise `removal` has its
    /// version.
    bool remove(Removal& removal) {
        RowShard& shard = shard_of(removal.id);
        const std::scoped_lock lock(shard.mutex);
        RowShard::Slot* slot = shard.find(removal.id);
        if (slot == nullptr || overtaken(slot->row, removal.call_id, removal.cseq))
            return false;
        removal.version = ++newest_version_;
        drop(shard, slot);
        return true;
    }

    bool lose_flow(const BindingId& id, FlowId flow) {
        RowShard& shard = shard_of(id);
        const std::scoped_lock lock(shard.mutex);
        RowShard::Slot* slot = shard.find(id);
        if (slot == nullptr || slot->row.flow_id() != flow)
            return false;
        unindex(flow_hash(flow), id);
        slot->row.lose_flow();
        return true;
    }

    ChangeSet expire(WallTime now, std::size_t slots, std::size_t limit) {
        ChangeSet changes;
        std::size_t seen = 0;
        for (std::size_t i = 0; i < rows_.size() && (i == 0 || seen < slots); ++i) {
            RowShard& shard = rows_[next_sweep_++ % rows_.size()];
            const std::scoped_lock lock(shard.mutex);
            seen += shard.capacity();
            for (const BindingId& id : shard.expired(now, limit - changes.removals.size())) {
                changes.removals.push_back({id, {}, 0, ++newest_version_});
                drop(shard, shard.find(id));
            }
            if (changes.removals.size() >= limit) {
                --next_sweep_; // there may be more in this shard
                break;
            }
        }
        return changes;
    }

    void add_pending(const Binding& binding, PendingKey key) {
        RowShard& shard = shard_of(binding.id);
        const std::scoped_lock lock(shard.mutex);
        shard.add_pending(binding, key);
        ++pending_;
    }

    void drop_pending(const BindingId& id, PendingKey key) {
        RowShard& shard = shard_of(id);
        const std::scoped_lock lock(shard.mutex);
        if (shard.drop_pending(id, key))
            --pending_;
    }

    [[nodiscard]] std::vector<Binding> page(std::optional<BindingId> after,
                                            std::size_t limit) const {
        std::vector<Binding> found;
        for (std::size_t i = after ? after->bytes[0] : 0; i < rows_.size(); ++i) {
            const std::scoped_lock lock(rows_[i].mutex);
            rows_[i].add_page(after, limit, found);
            if (found.size() >= limit)
                break;
        }
        return found;
    }

    [[nodiscard]] std::vector<Flow> flows_behind_nat(std::size_t piece, WallTime now,
                                                     NatRound round) const {
        static_assert(std::tuple_size_v<decltype(rows_)> == pieces);
        const RowShard& shard = rows_[piece];
        const std::scoped_lock lock(shard.mutex);
        return shard.flows_behind_nat(now, round);
    }

    [[nodiscard]] std::uint64_t aor_hash(std::string_view server, std::string_view user) const {
        return SipHash(key_).field("aor").field(server).field(user).finish();
    }
    [[nodiscard]] std::uint64_t user_hash(std::string_view server, std::string_view user) const {
        return SipHash(key_).field("user").field(server).field(user).finish();
    }
    [[nodiscard]] std::uint64_t flow_hash(FlowId flow) const {
        const std::uint64_t where = std::uint64_t{flow.boot} << 32U |
                                    std::uint64_t{flow.node} << 16U | std::uint64_t{flow.worker};
        return SipHash(key_).field("flow").field(where).field(flow.serial).finish();
    }

    [[nodiscard]] std::uint64_t remote_hash(const Endpoint& remote) const {
        const auto& bytes = remote.address.bytes();
        return SipHash(key_)
            .field("udp")
            .field({reinterpret_cast<const char*>(bytes.data()), bytes.size()})
            .field(std::uint64_t{remote.port})
            .finish();
    }

    [[nodiscard]] std::vector<BindingId> ids(std::uint64_t hash) const {
        const IndexShard& shard = index_of(hash);
        const std::scoped_lock lock(shard.mutex);
        return shard.ids.find(hash);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t pending_size() const noexcept { return pending_; }

    [[nodiscard]] std::map<std::string, std::size_t, std::less<>> size_by_server() const {
        std::map<std::string, std::size_t, std::less<>> sizes;
        for (const RowShard& shard : rows_) {
            const std::scoped_lock lock(shard.mutex);
            shard.for_each_server([&](std::string_view server, std::size_t count) {
                sizes[std::string(server)] += count;
            });
        }
        return sizes;
    }

  private:
    [[nodiscard]] RowShard& shard_of(const BindingId& id) { return rows_[id.bytes[0]]; }
    [[nodiscard]] const RowShard& shard_of(const BindingId& id) const { return rows_[id.bytes[0]]; }
    [[nodiscard]] IndexShard& index_of(std::uint64_t hash) {
        return indexes_[(hash >> 56U) % indexes_.size()];
    }
    [[nodiscard]] const IndexShard& index_of(std::uint64_t hash) const {
        return indexes_[(hash >> 56U) % indexes_.size()];
    }

    /// Versions go on from there, if they are not beyond it.
    void advance(std::uint64_t version) noexcept {
        std::uint64_t newest = newest_version_;
        while (newest < version && !newest_version_.compare_exchange_weak(newest, version)) {
        }
    }

    void index(std::uint64_t hash, const BindingId& id) {
        IndexShard& shard = index_of(hash);
        const std::scoped_lock lock(shard.mutex);
        shard.ids.add(hash, id);
    }
    void unindex(std::uint64_t hash, const BindingId& id) {
        IndexShard& shard = index_of(hash);
        const std::scoped_lock lock(shard.mutex);
        shard.ids.remove(hash, id);
    }

    /// A Contact's user that is the AOR's own needs no key beside it, since find_by_user() asks for
    /// the AOR's first.
    [[nodiscard]] Keys keys_of(const PackedBinding& row, const StringPool& pool) const {
        Keys keys;
        const std::string_view server = row.server(pool);
        const std::string aor_user = user_of_aor(row.aor());
        keys.add(aor_hash(server, aor_user));
        if (row.user() != aor_user)
            keys.add(user_hash(server, row.user()));
        if (row.flow_id())
            keys.add(flow_hash(row.flow_id()));
        else if (row.is_udp())
            keys.add(remote_hash(row.remote()));
        return keys;
    }

    /// Under the shard's lock. `slot` is the row that is replaced, or null. A key that both have
    /// keeps its entry, so that no reader misses a binding that is being refreshed.
    void put(RowShard& shard, RowShard::Slot* slot, const Binding& binding) {
        const Keys before = slot != nullptr ? keys_of(slot->row, shard.pool()) : Keys{};
        size_ += slot == nullptr ? 1U : 0U;
        slot = shard.put(slot, binding);
        const Keys after = keys_of(slot->row, shard.pool());
        for (const std::uint64_t hash : after.all()) {
            if (!before.has(hash))
                index(hash, binding.id);
        }
        for (const std::uint64_t hash : before.all()) {
            if (!after.has(hash))
                unindex(hash, binding.id);
        }
    }

    /// Under the shard's lock.
    void drop(RowShard& shard, RowShard::Slot* slot) {
        const BindingId id = slot->row.id();
        const Keys keys = keys_of(slot->row, shard.pool());
        for (const std::uint64_t hash : keys.all())
            unindex(hash, id);
        shard.erase(slot);
        --size_;
    }

    HashKey key_;
    std::array<RowShard, 256> rows_;
    std::array<IndexShard, 64> indexes_;
    std::atomic<std::uint64_t> newest_version_ = 0;
    std::atomic<std::size_t> size_ = 0;
    std::atomic<std::size_t> pending_ = 0;
    std::atomic<std::size_t> next_sweep_ = 0;
    std::atomic<bool> complete_ = true;
};

BindingTable::BindingTable(const HashKey& key)
    : shards_(std::make_unique<Shards>(key)) {}

BindingTable::~BindingTable() = default;

std::optional<Found> BindingTable::find(const BindingId& id) const { return shards_->find(id); }

std::optional<Binding> BindingTable::find_pending(const BindingId& id) const {
    return shards_->find_pending(id);
}

std::vector<Binding> BindingTable::find_by_user(std::string_view server, std::string_view user,
                                                std::size_t limit) const {
    std::vector<Binding> found = shards_->reachable_first(
        shards_->aor_hash(server, user), limit,
        [&](const PackedBinding& row, const StringPool& pool) {
            return row.server(pool) == server && user_of_aor(row.aor()) == user;
        });
    if (!found.empty())
        return found;
    return shards_->reachable_first(shards_->user_hash(server, user), limit,
                                    [&](const PackedBinding& row, const StringPool& pool) {
                                        return row.server(pool) == server && row.user() == user;
                                    });
}

bool BindingTable::reaches_another(std::string_view server, std::string_view aor,
                                   const BindingId& except) const {
    const auto matches = [&](const PackedBinding& row, const StringPool& pool) {
        return row.reachable() && row.id() != except && row.aor() == aor &&
               row.server(pool) == server;
    };
    return !shards_->matching(shards_->aor_hash(server, user_of_aor(aor)), 1, matches).empty();
}

std::vector<Binding> BindingTable::find_by_aor(std::string_view server,
                                               std::string_view aor) const {
    return shards_->matching(shards_->aor_hash(server, user_of_aor(aor)),
                             std::numeric_limits<std::size_t>::max(),
                             [&](const PackedBinding& row, const StringPool& pool) {
                                 return row.aor() == aor && row.server(pool) == server;
                             });
}

std::vector<Binding> BindingTable::find_by_flow(const Flow& flow) const {
    constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    if (flow.id)
        return shards_->matching(
            shards_->flow_hash(flow.id), all,
            [&](const PackedBinding& row, const StringPool&) { return row.flow_id() == flow.id; });
    if (flow.transport != Transport::udp)
        return {};
    std::vector<Binding> found = shards_->matching(
        shards_->remote_hash(flow.remote), all, [&](const PackedBinding& row, const StringPool&) {
            return row.is_udp() && row.remote() == flow.remote;
        });
    std::erase_if(found,
                  [&](const Binding& binding) { return binding.flow.listener != flow.listener; });
    return found;
}

ChangeSet BindingTable::apply(ChangeSet changes) {
    std::erase_if(changes.upserts, [&](Binding& binding) { return !shards_->upsert(binding); });
    std::erase_if(changes.removals, [&](Removal& removal) { return !shards_->remove(removal); });
    return changes;
}

void BindingTable::restore(Binding binding) { shards_->restore(std::move(binding)); }

std::size_t BindingTable::flow_closed(FlowId flow) {
    if (!flow)
        return 0;
    // From the back, where taking one out of the flow's list moves nothing.
    const std::vector<BindingId> ids = shards_->ids(shards_->flow_hash(flow));
    std::size_t lost = 0;
    for (const BindingId& id : std::views::reverse(ids))
        lost += shards_->lose_flow(id, flow) ? 1U : 0U;
    return lost;
}

void BindingTable::begin_restoring(std::uint64_t newest_version) {
    shards_->begin_restoring(newest_version);
}

void BindingTable::finish_restoring() { shards_->finish_restoring(); }

bool BindingTable::complete() const noexcept { return shards_->complete(); }

ChangeSet BindingTable::expire(WallTime now, std::size_t slots, std::size_t limit) {
    return shards_->expire(now, slots, limit);
}

void BindingTable::add_pending(std::span<const Binding> bindings, PendingKey key) {
    for (const Binding& binding : bindings)
        shards_->add_pending(binding, key);
}

void BindingTable::drop_pending(std::span<const BindingId> ids, PendingKey key) {
    for (const BindingId& id : ids)
        shards_->drop_pending(id, key);
}

std::size_t BindingTable::pending_size() const { return shards_->pending_size(); }

std::size_t BindingTable::size() const noexcept { return shards_->size(); }

std::map<std::string, std::size_t, std::less<>> BindingTable::size_by_server() const {
    return shards_->size_by_server();
}

std::vector<Flow> BindingTable::flows_behind_nat(std::size_t piece, WallTime now,
                                                 NatRound round) const {
    std::vector<Flow> flows = shards_->flows_behind_nat(piece, now, round);
    const auto place = [](const Flow& flow) { return std::pair(flow.remote, flow.listener); };
    std::ranges::sort(flows, {}, place);
    const auto repeated = std::ranges::unique(flows, {}, place);
    flows.erase(repeated.begin(), repeated.end());
    return flows;
}

std::vector<Binding> BindingTable::page(std::optional<BindingId> after, std::size_t limit) const {
    return shards_->page(after, limit);
}

} // namespace roundabout::registration
