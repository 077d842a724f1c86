#include "roundabout-ctl/capture.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace roundabout::ctl {
namespace {

constexpr std::uint8_t udp = 17;
constexpr std::uint8_t tcp = 6;

// Network order, as IP and HEP have it.
void put16(std::string& out, std::size_t value) {
    out += static_cast<char>(value >> 8U & 0xFFU);
    out += static_cast<char>(value & 0xFFU);
}
void put32(std::string& out, std::size_t value) {
    put16(out, value >> 16U & 0xFFFFU);
    put16(out, value & 0xFFFFU);
}
// The other one, which a capture file's magic number then says.
void put16_little(std::string& out, std::size_t value) {
    out += static_cast<char>(value & 0xFFU);
    out += static_cast<char>(value >> 8U & 0xFFU);
}
void put32_little(std::string& out, std::size_t value) {
    put16_little(out, value & 0xFFFFU);
    put16_little(out, value >> 16U & 0xFFFFU);
}
void put_address(std::string& out, const IpAddress& address) {
    for (std::size_t i = 0; i < address.size(); ++i)
        out += static_cast<char>(address.bytes()[i]);
}

/// The Internet checksum (RFC 1071).
std::uint16_t checksum(std::string_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]))
               << (i % 2 == 0 ? 8U : 0U);
    while (sum > 0xFFFFU)
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

void set16(std::string& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<char>(value >> 8U);
    bytes[at + 1] = static_cast<char>(value & 0xFFU);
}

/// RFC 768, with the sum over the addresses as well (RFC 8200 §8.1 for IPv6).
std::string datagram(const Captured& message, std::string_view payload) {
    std::string out;
    put16(out, message.from.port);
    put16(out, message.to.port);
    put16(out, 8 + payload.size());
    put16(out, 0);
    out.append(payload);
    std::string summed;
    put_address(summed, message.from.address);
    put_address(summed, message.to.address);
    put32(summed, out.size());
    put32(summed, udp);
    summed += out;
    const std::uint16_t sum = checksum(summed);
    set16(out, 6, sum == 0 ? 0xFFFF : sum);
    return out;
}

std::string ip_header(const Captured& message, std::size_t payload) {
    std::string out;
    if (message.from.address.is_v4()) {
        put16(out, 0x4500); // version 4, five words
        put16(out, 20 + payload);
        put32(out, 0x4000); // not fragmented
        put16(out, 64U << 8U | udp);
        put16(out, 0);
    } else {
        put32(out, 0x60000000);
        put16(out, payload);
        put16(out, std::size_t{udp} << 8U | 64U);
    }
    put_address(out, message.from.address);
    put_address(out, message.to.address);
    if (message.from.address.is_v4())
        set16(out, 10, checksum(out));
    return out;
}

/// A chunk of HEPv3: vendor 0, type, its own size, contents.
void put_chunk(std::string& out, std::uint16_t type, std::string_view contents) {
    put16(out, 0);
    put16(out, type);
    put16(out, 6 + contents.size());
    out.append(contents);
}
void put_chunk8(std::string& out, std::uint16_t type, std::uint8_t value) {
    put_chunk(out, type, std::string(1, static_cast<char>(value)));
}
void put_chunk16(std::string& out, std::uint16_t type, std::uint16_t value) {
    std::string contents;
    put16(contents, value);
    put_chunk(out, type, contents);
}
void put_chunk32(std::string& out, std::uint16_t type, std::size_t value) {
    std::string contents;
    put32(contents, value);
    put_chunk(out, type, contents);
}
void put_chunk(std::string& out, std::uint16_t type, const IpAddress& address) {
    std::string contents;
    put_address(contents, address);
    put_chunk(out, type, contents);
}

} // namespace

std::optional<Captured> captured(const admin::Record& record) {
    const auto local = Endpoint::parse(record.text("local"));
    const auto remote = Endpoint::parse(record.text("remote"));
    if (record.kind != "message" || !local || !remote)
        return std::nullopt;
    Endpoint own = *local; // a wildcard of the other family would make no packet
    if (own.address.is_v4() != remote->address.is_v4())
        own.address = remote->address.is_v4() ? IpAddress::v4({}) : IpAddress::v6({});
    const bool sent = record.text("direction") == "sent";
    Captured message;
    message.micros = record.number("time");
    message.from = sent ? own : *remote;
    message.to = sent ? *remote : own;
    message.reliable = record.text("transport") != "udp";
    message.call_id = record.text("call_id");
    message.bytes = record.bytes("text");
    return message;
}

std::string pcap_header() {
    constexpr std::size_t linktype_raw = 101;
    std::string out;
    put32_little(out, 0xA1B2C3D4);
    put16_little(out, 2);
    put16_little(out, 4);
    put32_little(out, 0);
    put32_little(out, 0);
    put32_little(out, 0xFFFF);
    put32_little(out, linktype_raw);
    return out;
}

std::string pcap_packet(const Captured& message) {
    constexpr std::size_t most = 0xFFFF - 40 - 8; // what fits behind either IP header and UDP's
    const std::string_view payload = std::string_view(message.bytes).substr(0, most);
    const std::string data = datagram(message, payload);
    const std::string packet = ip_header(message, data.size()) + data;
    std::string out;
    put32_little(out, static_cast<std::size_t>(message.micros / 1'000'000));
    put32_little(out, static_cast<std::size_t>(message.micros % 1'000'000));
    put32_little(out, packet.size());
    put32_little(out, packet.size() + message.bytes.size() - payload.size());
    return out + packet;
}

std::string hep_packet(const Captured& message, std::uint32_t agent) {
    constexpr std::size_t most = 60'000; // the whole has to fit into a datagram
    const bool v4 = message.from.address.is_v4();
    std::string chunks;
    put_chunk8(chunks, 0x0001, v4 ? 2 : 10);
    put_chunk8(chunks, 0x0002, message.reliable ? tcp : udp);
    put_chunk(chunks, v4 ? 0x0003 : 0x0005, message.from.address);
    put_chunk(chunks, v4 ? 0x0004 : 0x0006, message.to.address);
    put_chunk16(chunks, 0x0007, message.from.port);
    put_chunk16(chunks, 0x0008, message.to.port);
    put_chunk32(chunks, 0x0009, static_cast<std::size_t>(message.micros / 1'000'000));
    put_chunk32(chunks, 0x000A, static_cast<std::size_t>(message.micros % 1'000'000));
    put_chunk8(chunks, 0x000B, 1); // SIP
    put_chunk32(chunks, 0x000C, agent);
    put_chunk(chunks, 0x0011, std::string_view(message.call_id).substr(0, 1024));
    put_chunk(chunks, 0x000F, std::string_view(message.bytes).substr(0, most));
    std::string out = "HEP3";
    put16(out, out.size() + 2 + chunks.size());
    return out + chunks;
}

} // namespace roundabout::ctl
