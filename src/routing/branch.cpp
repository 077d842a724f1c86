#include "routing/branch.hpp"

#include "crypto/encoding.hpp"
#include "sip/values.hpp"

#include <cstring>

namespace roundabout::routing {
namespace {

constexpr std::string_view cookie = "z9hG4bK";
constexpr std::size_t contents_size = 21; // flags, worker, target, listener 2, owner 8, loop 8
constexpr std::size_t mac_size = 8;
constexpr char stream_flag = 1;
constexpr char format = 0x40; // so that another format can be told from this one

void write_word(std::string& out, std::uint64_t word, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        out.push_back(static_cast<char>((word >> (8 * i)) & 0xFFU));
}

std::uint64_t read_word(std::string_view bytes, std::size_t at, unsigned size) {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < size; ++i)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return word;
}

std::uint64_t mac(const HashKey& key, std::string_view contents, std::string_view next_via) {
    return SipHash(key).field(contents).field(next_via).finish();
}

std::optional<std::string> raw_bytes(std::string_view branch) {
    if (!branch.starts_with(cookie))
        return std::nullopt;
    const Result<std::string> raw = crypto::from_base64url(branch.substr(cookie.size()));
    if (!raw || raw->size() != contents_size + mac_size || ((*raw)[0] & ~stream_flag) != format)
        return std::nullopt;
    return *raw;
}

} // namespace

std::uint64_t owner_hash(const HashKey& key, const sip::Message& request) {
    SipHash hash(key);
    if (const auto via = sip::top_via(request))
        hash.field(via->branch()).field(via->sent_by);
    hash.field(sip::call_id(request));
    if (const auto from = sip::from(request))
        hash.field(from->tag());
    if (const auto cseq = sip::cseq(request))
        hash.field(std::uint64_t{cseq->number});
    return hash.finish();
}

std::uint64_t loop_hash(const HashKey& key, const sip::Message& request) {
    SipHash hash(key);
    hash.field(request.request_uri());
    for (const sip::HeaderField& row : request.headers()) {
        if (row.id == sip::HeaderId::route)
            hash.field(request.text(row.value));
    }
    hash.field(sip::call_id(request));
    if (const auto from = sip::from(request))
        hash.field(from->tag());
    if (const auto to = sip::to(request))
        hash.field(to->tag());
    if (const auto cseq = sip::cseq(request))
        hash.field(std::uint64_t{cseq->number});
    return hash.finish();
}

std::string seal_branch(const HashKey& mac_key, const Branch& branch, std::string_view next_via) {
    std::string raw;
    raw.reserve(contents_size + mac_size);
    raw.push_back(static_cast<char>(format | (branch.stream ? stream_flag : 0)));
    raw.push_back(static_cast<char>(branch.worker));
    raw.push_back(static_cast<char>(branch.target));
    write_word(raw, branch.listener, 2);
    write_word(raw, branch.owner, 8);
    write_word(raw, branch.loop, 8);
    write_word(raw, mac(mac_key, raw, next_via), mac_size);
    return std::string(cookie) + crypto::to_base64url(raw);
}

std::optional<Branch> read_branch(std::string_view branch) {
    const auto raw = raw_bytes(branch);
    if (!raw)
        return std::nullopt;
    Branch read;
    read.stream = ((*raw)[0] & stream_flag) != 0;
    read.worker = static_cast<std::uint8_t>((*raw)[1]);
    read.target = static_cast<std::uint8_t>((*raw)[2]);
    read.listener = static_cast<std::uint16_t>(read_word(*raw, 3, 2));
    read.owner = read_word(*raw, 5, 8);
    read.loop = read_word(*raw, 13, 8);
    return read;
}

bool is_authentic(const KeyRing& keys, std::string_view branch, std::string_view next_via) {
    const auto raw = raw_bytes(branch);
    if (!raw)
        return false;
    const std::string_view contents = std::string_view(*raw).substr(0, contents_size);
    const std::uint64_t claimed = read_word(*raw, contents_size, mac_size);
    for (const DerivedKeys& derived : keys) {
        if (mac(derived.branch_mac, contents, next_via) == claimed)
            return true;
    }
    return false;
}

} // namespace roundabout::routing
