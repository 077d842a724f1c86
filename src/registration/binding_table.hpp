#pragma once

#include "base/siphash.hpp"
#include "registration/binding.hpp"
#include "registration/change_set.hpp"
#include "registration/nat_interval.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::registration {

/// Names the REGISTER transaction that a pending binding belongs to; unique while it lasts.
using PendingKey = std::uint64_t;

/// A binding found by its token.
struct Found {
    Binding binding;
    bool pending = false; ///< its REGISTER has no final response yet; `expires` means nothing
};

/// The client cache: every binding of the process, shared by all workers. Each call is safe from
/// any thread, takes one short lock at a time per shard, and copies what it gives out, so nothing
/// that a caller holds changes under it.
///
/// A find may give a binding past its expiry that no sweep has met yet: the caller compares
/// `expires` with its own `now`.
class BindingTable {
  public:
    /// `key` seeds the indexes' hash, so that nobody can aim names at one bucket.
    explicit BindingTable(const HashKey& key);
    ~BindingTable();
    BindingTable(const BindingTable&) = delete;
    BindingTable& operator=(const BindingTable&) = delete;

    // Finding.

    /// By token. A confirmed binding wins over a pending one of the same id: whoever sends a
    /// REGISTER that nobody has checked yet must not take over another's calls. O(1).
    [[nodiscard]] std::optional<Found> find(const BindingId& id) const;

    /// The one of a REGISTER under way, whether or not there is a confirmed one of the same id.
    /// O(1).
    [[nodiscard]] std::optional<Binding> find_pending(const BindingId& id) const;

    /// Where a request carries no token (R9): the bindings that `server` granted whose AOR has this
    /// user; where there are none, those whose Contact has it. `user` is unescaped. At most `limit`
    /// of them: the caller forks to several of one AOR and refuses several AORs, and a thousand
    /// devices may call themselves "s". Those that can be reached come before those that can't, of
    /// which page reloads leave many (R10). Pending bindings are never found.
    [[nodiscard]] std::vector<Binding> find_by_user(std::string_view server, std::string_view user,
                                                    std::size_t limit = 64) const;

    /// All bindings of a canonical AOR that `server` granted.
    [[nodiscard]] std::vector<Binding> find_by_aor(std::string_view server,
                                                   std::string_view aor) const;

    /// True if some binding of that AOR beside `except` can be reached.
    [[nodiscard]] bool reaches_another(std::string_view server, std::string_view aor,
                                       const BindingId& except) const;

    /// All bindings that a flow carries: a live connection, or for UDP the pair of listener and
    /// remote address.
    [[nodiscard]] std::vector<Binding> find_by_flow(const Flow& flow) const;

    /// One of those.
    struct Carried {
        BindingId id;
        bool alone = true; ///< there is no other
    };
    /// O(1), however many there are.
    [[nodiscard]] std::optional<Carried> carried_by(const Flow& flow) const;
    /// One of those that has this canonical AOR and was granted by `server`. O(bindings of the
    /// AOR).
    [[nodiscard]] std::optional<BindingId> carried_by(const Flow& flow, std::string_view server,
                                                      std::string_view aor) const;

    // Changing.

    /// Carries out what `commit()` or a purge says and gives what really changed: each upsert and
    /// removal with its version, without those that a later CSeq of the same Call-ID has overtaken
    /// (R8: two 2xx can cross between commit() and here). Versions rise over the whole table, so
    /// that the store can tell the later of two changes that reach it in the wrong order.
    ChangeSet apply(ChangeSet changes);

    /// Puts in a binding from the store, version and all, unless there is one of that id, or has
    /// been since begin_restoring(): what happened in this process is newer. A connection of an
    /// earlier process is gone: its FlowId is cleared and the binding is unreachable until it is
    /// dialled or registers again; UDP stays reachable.
    void restore(Binding binding);

    /// From now until finish_restoring() a binding that is not here may still come from the store:
    /// ids that end are remembered, so that none comes back, and complete() is false. Versions go
    /// on from `newest_version`.
    void begin_restoring(std::uint64_t newest_version);
    void finish_restoring();
    /// What is not here does not exist. One atomic load.
    [[nodiscard]] bool complete() const noexcept;

    /// That connection is gone: bindings which still have it become unreachable and forget it; one
    /// that has moved to another flow meanwhile is left alone. Returns how many it were.
    std::size_t flow_closed(FlowId flow);

    /// Ends bindings whose expiry is not after `now`, a piece at a time: looks at about `slots`
    /// entries beyond those of the last call (at least one shard), so that a call every second with
    /// size()/30 goes round twice a minute, and ends at most `limit`. Returns the removals, for the
    /// store.
    ChangeSet expire(WallTime now, std::size_t slots, std::size_t limit);

    // Pending bindings: from the instant a REGISTER is forwarded to its final response.

    /// Makes `bindings` routable by token for the transaction `key`.
    void add_pending(std::span<const Binding> bindings, PendingKey key);
    /// Takes them away again: on a refusal, or after apply() on a 2xx. Unknown ones are ignored.
    void drop_pending(std::span<const BindingId> ids, PendingKey key);
    [[nodiscard]] std::size_t pending_size() const;

    // Looking through.

    /// Remote ends and listeners of the UDP bindings behind a NAT that expire after `now`, in one
    /// of `pieces` equal pieces of the table, as far as `round` has them, each flow once. O(size of
    /// the piece).
    [[nodiscard]] std::vector<Flow> flows_behind_nat(std::size_t piece, WallTime now,
                                                     NatRound round) const;
    static constexpr std::size_t pieces = 256;

    /// Confirmed bindings. O(1).
    [[nodiscard]] std::size_t size() const noexcept;

    /// How many confirmed bindings each server has granted, by name; servers without one are left
    /// out. O(shards x servers).
    [[nodiscard]] std::map<std::string, std::size_t, std::less<>> size_by_server() const;

    /// The next at most `limit` bindings in the order of their ids, after `after` (nothing: from
    /// the first). A binding that exists throughout a walk is met exactly once. Empty: no more.
    [[nodiscard]] std::vector<Binding> page(std::optional<BindingId> after,
                                            std::size_t limit) const;

  private:
    class Shards;
    std::unique_ptr<Shards> shards_;
};

} // namespace roundabout::registration
