#include "routing/token_codec.hpp"

#include <algorithm>
#include <array>

namespace roundabout::routing {
namespace {

enum Shape : std::uint8_t {
    server_place = 0,
    udp_client = 1,
    stream_client = 2,
    host_place = 3,
    has_binding = 8
};

void write_address(std::string& out, const IpAddress& address) {
    out.push_back(static_cast<char>(address.size()));
    out.append(reinterpret_cast<const char*>(address.bytes().data()), address.size());
}

} // namespace

void write_number(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out.push_back(static_cast<char>((number & 0x7FU) | 0x80U));
        number >>= 7U;
    }
    out.push_back(static_cast<char>(number));
}

namespace {

void write_client(std::string& out, const ClientPlace& client) {
    const bool udp = client.transport == Transport::udp;
    const auto shape = static_cast<unsigned>(udp ? udp_client : stream_client);
    out.push_back(static_cast<char>(shape | (client.binding ? unsigned{has_binding} : 0U)));
    write_number(out, client.listener_hash);
    if (udp) {
        write_address(out, client.remote.address);
        write_number(out, client.remote.port);
    } else {
        out.push_back(static_cast<char>(client.transport));
        write_number(out, client.flow.node);
        write_number(out, client.flow.worker);
        write_number(out, client.flow.boot);
        write_number(out, client.flow.serial);
    }
    if (client.binding)
        out.append(reinterpret_cast<const char*>(client.binding->bytes.data()),
                   client.binding->bytes.size());
}

} // namespace

void write_place(std::string& out, const Place& place) {
    if (const auto* server = std::get_if<ServerPlace>(&place)) {
        out.push_back(server_place);
        write_number(out, server->name_hash);
        write_address(out, server->address);
    } else if (const auto* host = std::get_if<HostPlace>(&place)) {
        out.push_back(host_place);
        out.push_back(static_cast<char>(host->transport));
        write_address(out, host->remote.address);
        write_number(out, host->remote.port);
    } else {
        write_client(out, std::get<ClientPlace>(place));
    }
}

std::uint64_t TokenReader::number() noexcept {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        number |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80)
            return number;
    }
    failed_ = true;
    return 0;
}

std::string_view TokenReader::take(std::size_t size) noexcept {
    if (rest_.size() < size) {
        failed_ = true;
        rest_ = {};
        return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

IpAddress TokenReader::address() noexcept {
    const std::string_view size = take(1);
    if (size == "\x04") {
        std::array<std::uint8_t, 4> bytes{};
        std::ranges::copy(take(4), bytes.begin());
        return IpAddress::v4(bytes);
    }
    if (size == "\x10") {
        std::array<std::uint8_t, 16> bytes{};
        std::ranges::copy(take(16), bytes.begin());
        return IpAddress::v6(bytes);
    }
    failed_ = true;
    return {};
}

Transport TokenReader::transport() noexcept {
    const std::string_view byte = take(1);
    if (!byte.empty() && static_cast<unsigned char>(byte.front()) < std::size(all_transports))
        return static_cast<Transport>(byte.front());
    failed_ = true;
    return {};
}

ClientPlace TokenReader::client(std::uint8_t shape) {
    ClientPlace client;
    client.listener_hash = static_cast<std::uint32_t>(number());
    if ((shape & ~unsigned{has_binding}) == udp_client) {
        client.remote.address = address();
        client.remote.port = static_cast<std::uint16_t>(number());
    } else {
        client.transport = transport();
        failed_ = failed_ || client.transport == Transport::udp; // would be the other shape
        client.flow.node = static_cast<std::uint16_t>(number());
        client.flow.worker = static_cast<std::uint16_t>(number());
        client.flow.boot = static_cast<std::uint32_t>(number());
        client.flow.serial = number();
    }
    if ((shape & has_binding) != 0) {
        registration::BindingId id;
        std::ranges::copy(take(id.bytes.size()), id.bytes.begin());
        client.binding = id;
    }
    return client;
}

Place TokenReader::place() {
    const std::string_view byte = take(1);
    const auto shape = static_cast<std::uint8_t>(byte.empty() ? '\xFF' : byte.front());
    switch (shape) {
    case server_place: {
        ServerPlace server;
        server.name_hash = static_cast<std::uint32_t>(number());
        server.address = address();
        return server;
    }
    case host_place: {
        HostPlace host;
        host.transport = transport();
        host.remote.address = address();
        host.remote.port = static_cast<std::uint16_t>(number());
        return host;
    }
    case udp_client:
    case stream_client:
    case udp_client | has_binding:
    case stream_client | has_binding:
        return client(shape);
    default:
        failed_ = true;
        return {};
    }
}

} // namespace roundabout::routing
