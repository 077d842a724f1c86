#include "registration/packed_binding.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

namespace roundabout::registration {
namespace {

/// What all bindings that came in by one listener have alike, as one string for the pool.
std::string pack_place(const Binding& binding) {
    const Endpoint& local = binding.flow.local;
    std::string text;
    text.push_back(static_cast<char>(binding.flow.transport));
    text.append(reinterpret_cast<const char*>(&binding.flow.listener), sizeof(ListenerIndex));
    text.append(reinterpret_cast<const char*>(&local.port), sizeof local.port);
    text.push_back(local.address.is_v6() ? '6' : '4');
    text.append(reinterpret_cast<const char*>(local.address.bytes().data()), 16);
    return text + binding.listener;
}

ListenerIndex listener_at(std::string_view place) noexcept {
    ListenerIndex listener = 0;
    std::memcpy(&listener, place.data() + 1, sizeof listener);
    return listener;
}

void unpack_place(std::string_view text, Binding& binding) {
    binding.flow.transport = static_cast<Transport>(text[0]);
    binding.flow.listener = listener_at(text);
    std::memcpy(&binding.flow.local.port, text.data() + 3, 2);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), text.data() + 6, 16);
    binding.flow.local.address = text[5] == '6'
                                     ? IpAddress::v6(bytes)
                                     : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
    binding.listener = text.substr(22);
}

WallTime to_time(std::uint32_t seconds) noexcept { return WallTime(std::chrono::seconds(seconds)); }

std::string_view cut(std::string_view text) noexcept {
    return text.substr(0, std::numeric_limits<std::uint16_t>::max());
}

} // namespace

std::uint32_t to_seconds32(WallTime time) noexcept {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, 0xFFFFFFFF));
}

PackedBinding::PackedBinding(const Binding& binding, StringPool& pool) {
    const std::string_view contact = cut(binding.contact_uri);
    const std::string_view user = cut(binding.user);
    const std::size_t in_contact = contact.find(user);
    const bool user_apart = in_contact == std::string_view::npos;
    const std::array<std::string_view, 5> parts{cut(binding.aor), contact, cut(binding.instance),
                                                cut(binding.call_id),
                                                user_apart ? user : std::string_view()};
    const IpAddress& remote = binding.flow.remote.address;
    const bool connection = static_cast<bool>(binding.flow.id);
    std::size_t bytes = sizeof(Row) + (connection ? sizeof(FlowId) : 0) + remote.size();
    for (const std::string_view text : parts)
        bytes += text.size();

    auto* row = new (::operator new(bytes)) Row{};
    row_.reset(row);
    char* out = rest();
    if (connection)
        std::memcpy(std::exchange(out, out + sizeof(FlowId)), &binding.flow.id, sizeof(FlowId));
    out = std::copy_n(remote.bytes().data(), remote.size(), out);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out = std::ranges::copy(parts[i], out).out;
        row->sizes[i] = static_cast<std::uint16_t>(parts[i].size());
    }
    row->sizes[user_part] = static_cast<std::uint16_t>(user.size());
    row->user_offset = static_cast<std::uint16_t>(user_apart ? 0 : in_contact);
    row->id = binding.id;
    row->reg_id = binding.reg_id;
    row->version = binding.version;
    row->registered = to_seconds32(binding.registered);
    row->expires = to_seconds32(binding.expires);
    row->remote_port = binding.flow.remote.port;
    row->flags = static_cast<std::uint8_t>(
        (binding.reachable ? reachable_flag : 0) | (binding.behind_nat ? nat_flag : 0) |
        (binding.flow.outgoing ? outgoing_flag : 0) | (user_apart ? user_apart_flag : 0) |
        (binding.flow.transport == Transport::udp ? udp_flag : 0) |
        (connection ? connection_flag : 0) | (remote.is_v6() ? v6_flag : 0));
    row->q = binding.q;
    row->keepalive = binding.keepalive;
    row->cseq = binding.cseq;
    row->server = pool.use(binding.server);
    row->place = pool.use(pack_place(binding));
    row->user_agent = pool.use(binding.user_agent);
}

Binding PackedBinding::unpack(const StringPool& pool) const {
    Binding binding;
    binding.id = row_->id;
    binding.aor = part(aor_part);
    binding.contact_uri = part(contact_part);
    binding.user = user();
    binding.server = pool.text(row_->server);
    unpack_place(pool.text(row_->place), binding);
    binding.flow.remote = remote();
    binding.flow.id = flow_id();
    binding.flow.outgoing = has(outgoing_flag);
    binding.behind_nat = has(nat_flag);
    binding.instance = part(instance_part);
    binding.reg_id = row_->reg_id;
    binding.q = row_->q;
    binding.keepalive = row_->keepalive;
    binding.call_id = part(call_id_part);
    binding.cseq = row_->cseq;
    binding.user_agent = pool.text(row_->user_agent);
    binding.registered = to_time(row_->registered);
    binding.expires = to_time(row_->expires);
    binding.version = row_->version;
    binding.reachable = has(reachable_flag);
    return binding;
}

FlowId PackedBinding::flow_id() const noexcept {
    FlowId id;
    if (has(connection_flag))
        std::memcpy(&id, rest(), sizeof id);
    return id;
}

Endpoint PackedBinding::remote() const noexcept {
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(address(), has(v6_flag) ? 16 : 4, bytes.begin());
    return {has(v6_flag) ? IpAddress::v6(bytes)
                         : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}),
            row_->remote_port};
}

ListenerIndex PackedBinding::listener(const StringPool& pool) const noexcept {
    return listener_at(pool.text(row_->place));
}

void PackedBinding::release(StringPool& pool) {
    pool.release(row_->server);
    pool.release(row_->place);
    pool.release(row_->user_agent);
}

std::string_view PackedBinding::part(Part wanted) const noexcept {
    std::size_t offset = 0;
    for (std::size_t i = 0; i < wanted; ++i)
        offset += row_->sizes[i];
    return {strings() + offset, row_->sizes[wanted]};
}

std::string_view PackedBinding::user() const noexcept {
    if (has(user_apart_flag))
        return part(user_part);
    return part(contact_part).substr(row_->user_offset, row_->sizes[user_part]);
}

void PackedBinding::lose_flow() noexcept {
    if (const FlowId none; has(connection_flag))
        std::memcpy(rest(), &none, sizeof none);
    row_->flags = static_cast<std::uint8_t>(row_->flags & ~reachable_flag);
}

void PackedBinding::Free::operator()(Row* row) const noexcept {
    row->~Row();
    ::operator delete(row);
}

} // namespace roundabout::registration
