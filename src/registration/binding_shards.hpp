#pragma once

#include "registration/aor.hpp"
#include "registration/binding_table.hpp"
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

/// Lock order: a row shard, then an index shard; never two of one kind. A row and its index entries
/// change under the row's lock, so that no entry outlives its row; a reader takes the ids from the
/// index first, lets go, and checks each row that it then meets.
class BindingTable::Shards {
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
    static bool overtaken(const PackedBinding& row, std::string_view call_id,
                          std::uint32_t cseq) noexcept {
        return !call_id.empty() && row.call_id() == call_id && row.cseq() > cseq;
    }

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
        visit(ids(hash), matches, [&](const RowShard& shard, const RowShard::Slot& slot) {
            if (found.size() < limit)
                found.push_back(shard.unpack(slot));
            return found.size() < limit;
        });
        return found;
    }

    /// The first at most `limit` (not 0) of `among` for whose rows it holds.
    template <class Matches>
    [[nodiscard]] std::vector<BindingId> matching_ids(std::span<const BindingId> among,
                                                      std::size_t limit, Matches matches) const {
        std::vector<BindingId> found;
        visit(among, matches, [&](const RowShard& /*shard*/, const RowShard::Slot& slot) {
            found.push_back(slot.row.id());
            return found.size() < limit;
        });
        return found;
    }

    /// As matching(), those that can be reached before the others. A row that changes meanwhile is
    /// given once.
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

    [[nodiscard]] std::uint64_t remote_hash(const Endpoint& remote, ListenerIndex listener) const {
        const auto& bytes = remote.address.bytes();
        return SipHash(key_)
            .field("udp")
            .field({reinterpret_cast<const char*>(bytes.data()), bytes.size()})
            .field(std::uint64_t{remote.port})
            .field(std::uint64_t{listener})
            .finish();
    }

    /// Under which key the bindings stand that this flow carries; nothing if it can carry none.
    [[nodiscard]] std::optional<std::uint64_t> hash_of(const Flow& flow) const {
        if (flow.id)
            return flow_hash(flow.id);
        if (flow.transport == Transport::udp)
            return remote_hash(flow.remote, flow.listener);
        return std::nullopt;
    }

    static constexpr std::size_t all_ids = std::numeric_limits<std::size_t>::max();
    [[nodiscard]] std::vector<BindingId> ids(std::uint64_t hash,
                                             std::size_t limit = all_ids) const {
        const IndexShard& shard = index_of(hash);
        const std::scoped_lock lock(shard.mutex);
        return shard.ids.find(hash, limit);
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

    /// Shows `take(shard, slot)` the rows for which `matches(row, pool)` holds, each under its
    /// lock, until it is content.
    template <class Matches, class Take>
    void visit(std::span<const BindingId> among, Matches matches, Take take) const {
        for (const BindingId& id : among) {
            const RowShard& shard = shard_of(id);
            const std::scoped_lock lock(shard.mutex);
            const RowShard::Slot* slot = shard.find(id);
            if (slot != nullptr && matches(slot->row, shard.pool()) && !take(shard, *slot))
                return;
        }
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
            keys.add(remote_hash(row.remote(), row.listener(pool)));
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

} // namespace roundabout::registration
