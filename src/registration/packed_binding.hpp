#pragma once

#include "registration/binding.hpp"
#include "registration/string_pool.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace roundabout::registration {

/// Whole seconds since 1970, in 32 bits; times out of their range become the nearest within.
[[nodiscard]] std::uint32_t to_seconds32(WallTime time) noexcept;

/// A binding as the table keeps it: one allocation for the row and its own strings, what many rows
/// share in the shard's pool. About 230 bytes for a browser's registration, where a Binding takes
/// over 500. Whoever drops one calls `release()` first, since the pool counts uses.
class PackedBinding {
  public:
    PackedBinding() noexcept = default;
    /// Strings beyond 65535 bytes are cut; plan() and the store refuse far shorter ones.
    PackedBinding(const Binding& binding, StringPool& pool);

    [[nodiscard]] explicit operator bool() const noexcept { return row_ != nullptr; }
    [[nodiscard]] Binding unpack(const StringPool& pool) const;
    /// Ends its uses of the pool's strings; afterwards only destruction.
    void release(StringPool& pool);

    // What the table itself looks at, without unpacking.
    [[nodiscard]] const BindingId& id() const noexcept { return row_->id; }
    [[nodiscard]] std::string_view aor() const noexcept { return part(aor_part); }
    [[nodiscard]] std::string_view user() const noexcept;
    [[nodiscard]] std::string_view call_id() const noexcept { return part(call_id_part); }
    [[nodiscard]] std::string_view server(const StringPool& pool) const noexcept {
        return pool.text(row_->server);
    }
    [[nodiscard]] StringPool::Ref server_ref() const noexcept { return row_->server; }
    [[nodiscard]] std::uint32_t cseq() const noexcept { return row_->cseq; }
    [[nodiscard]] FlowId flow_id() const noexcept;
    [[nodiscard]] bool reachable() const noexcept { return has(reachable_flag); }
    [[nodiscard]] bool is_udp() const noexcept { return has(udp_flag); }
    [[nodiscard]] bool is_behind_nat() const noexcept { return has(nat_flag); }
    [[nodiscard]] std::uint16_t keepalive() const noexcept { return row_->keepalive; }
    [[nodiscard]] Endpoint remote() const noexcept;
    [[nodiscard]] ListenerIndex listener(const StringPool& pool) const noexcept;

    /// The connection is gone.
    void lose_flow() noexcept;

  private:
    enum Part : std::uint8_t { aor_part, contact_part, instance_part, call_id_part, user_part };
    enum Flag : std::uint8_t {
        reachable_flag = 1,
        nat_flag = 2,
        outgoing_flag = 4,
        user_apart_flag = 8,
        udp_flag = 16,
        connection_flag = 32, ///< it has room for a FlowId
        v6_flag = 64,
    };

    /// What follows it at once, not aligned: the FlowId if it has one, the remote address in as
    /// many bytes as it takes, the strings.
    struct Row {
        BindingId id;
        std::uint32_t reg_id;
        std::uint64_t version;
        std::uint32_t registered; ///< seconds since the epoch, clamped
        std::uint32_t expires;
        std::uint32_t cseq;
        StringPool::Ref server;
        StringPool::Ref place; ///< transport, listener and local end: pack_place()
        StringPool::Ref user_agent;
        /// Sizes of the parts. The user is nearly always a piece of the Contact URI and then not
        /// kept again: user_offset says where in that URI it begins. user_apart_flag: it is kept
        /// as the last part.
        std::array<std::uint16_t, 5> sizes;
        std::uint16_t user_offset;
        std::uint16_t q;
        std::uint16_t keepalive;
        std::uint16_t remote_port;
        std::uint8_t flags;
    };
    struct Free {
        void operator()(Row* row) const noexcept;
    };

    [[nodiscard]] bool has(Flag flag) const noexcept { return (row_->flags & flag) != 0; }
    [[nodiscard]] char* rest() const noexcept { return reinterpret_cast<char*>(row_.get() + 1); }
    [[nodiscard]] const char* address() const noexcept {
        return rest() + (has(connection_flag) ? sizeof(FlowId) : 0);
    }
    [[nodiscard]] const char* strings() const noexcept {
        return address() + (has(v6_flag) ? 16 : 4);
    }
    [[nodiscard]] std::string_view part(Part wanted) const noexcept;

    std::unique_ptr<Row, Free> row_;
};

} // namespace roundabout::registration
