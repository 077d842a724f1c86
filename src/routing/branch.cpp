#include "routing/branch.hpp"

#include "base/ascii.hpp"
#include "crypto/encoding.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <array>

namespace roundabout::routing {
namespace {

constexpr std::string_view cookie = "z9hG4bK";
constexpr std::size_t contents_size = 21; // flags, target, attempt, listener 2, owner 8, loop 8
constexpr std::size_t mac_size = 8;
constexpr char stream_flag = 1;
constexpr char format = 0x42; // so that another format can be told from this one

constexpr std::size_t text_size = cookie.size() + (contents_size + mac_size) * 4 / 3 + 1;

using Raw = std::array<char, contents_size + mac_size>;

void write_word(Raw& out, std::size_t at, std::uint64_t word, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        out[at + i] = static_cast<char>((word >> (8 * i)) & 0xFFU);
}

std::uint64_t read_word(const Raw& bytes, std::size_t at, unsigned size) {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < size; ++i)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return word;
}

std::string_view contents_of(const Raw& raw) noexcept { return {raw.data(), contents_size}; }

/// Where the digits of the rport parameter begin; npos if it has none.
std::size_t port_digits(std::string_view via) {
    constexpr std::string_view name = "rport=";
    const auto same = [](char a, char b) { return ascii::lower(a) == b; };
    const auto found = std::ranges::search(via, name, same);
    return found.empty() ? std::string_view::npos
                         : static_cast<std::size_t>(found.end() - via.begin());
}

std::uint64_t mac(const HashKey& key, std::string_view contents, std::string_view next_via) {
    const bool stream = (contents.front() & stream_flag) != 0;
    const std::size_t digits = stream ? port_digits(next_via) : std::string_view::npos;
    if (digits == std::string_view::npos)
        return SipHash(key).field(contents).field(next_via).finish();
    const std::size_t after =
        std::min(next_via.find_first_not_of("0123456789", digits), next_via.size());
    return SipHash(key)
        .field(contents)
        .field(next_via.substr(0, digits))
        .field(next_via.substr(after))
        .finish();
}

std::optional<Raw> raw_bytes(std::string_view branch) {
    Raw raw{};
    if (branch.size() != text_size || !branch.starts_with(cookie) ||
        !crypto::from_base64url(branch.substr(cookie.size()), raw) ||
        (raw[0] & ~stream_flag) != format)
        return std::nullopt;
    return raw;
}

bool goes_on(std::string_view via, std::size_t at) noexcept {
    return at < via.size() && (ascii::is_alpha(via[at]) || ascii::is_digit(via[at]));
}

/// False only where no branch of the size of ours can be in that Via: most are of others, and need
/// not be parsed for that.
bool may_bear_own(std::string_view via) noexcept {
    for (std::size_t at = via.find(cookie); at != std::string_view::npos;
         at = via.find(cookie, at + 1)) {
        if (via.size() - at >= text_size && !goes_on(via, at + text_size))
            return true;
    }
    return false;
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

std::uint64_t loop_hash(const HashKey& key, const sip::Message& request, std::uint32_t from_whom) {
    SipHash hash(key);
    hash.field(std::uint64_t{from_whom});
    hash.field(request.request_uri());
    for (const sip::HeaderField& row : request.headers()) {
        if (row.id == sip::HeaderId::route)
            hash.field(request.text(row.value));
    }
    hash.field(sip::call_id(request));
    if (const auto from = sip::from(request))
        hash.field(from->tag());
    if (const auto cseq = sip::cseq(request))
        hash.field(std::uint64_t{cseq->number});
    return hash.finish();
}

std::optional<std::uint16_t> waiting_worker(const sip::Via& own) {
    const auto number = own.parameters.find("w");
    return number ? ascii::to_number<std::uint16_t>(*number) : std::nullopt;
}

std::string seal_branch(const HashKey& mac_key, const Branch& branch, std::string_view next_via) {
    Raw raw{static_cast<char>(format | (branch.stream ? stream_flag : 0)),
            static_cast<char>(branch.target), static_cast<char>(branch.attempt)};
    write_word(raw, 3, branch.listener, 2);
    write_word(raw, 5, branch.owner, 8);
    write_word(raw, 13, branch.loop, 8);
    write_word(raw, contents_size, mac(mac_key, contents_of(raw), next_via), mac_size);
    std::string text;
    text.reserve(text_size);
    text.append(cookie);
    crypto::append_base64url(text, {raw.data(), raw.size()});
    return text;
}

std::optional<Branch> read_branch(std::string_view branch) {
    const auto raw = raw_bytes(branch);
    if (!raw)
        return std::nullopt;
    Branch read;
    read.stream = ((*raw)[0] & stream_flag) != 0;
    read.target = static_cast<std::uint8_t>((*raw)[1]);
    read.attempt = static_cast<std::uint8_t>((*raw)[2]);
    read.listener = static_cast<std::uint16_t>(read_word(*raw, 3, 2));
    read.owner = read_word(*raw, 5, 8);
    read.loop = read_word(*raw, 13, 8);
    return read;
}

bool is_authentic(const KeyRing& keys, std::string_view branch, std::string_view next_via) {
    const auto raw = raw_bytes(branch);
    if (!raw)
        return false;
    const std::uint64_t claimed = read_word(*raw, contents_size, mac_size);
    for (const DerivedKeys& derived : keys) {
        if (mac(derived.branch_mac, contents_of(*raw), next_via) == claimed)
            return true;
    }
    return false;
}

bool has_looped(const KeyRing& keys, const sip::Message& request, std::uint32_t from) {
    std::optional<std::uint64_t> loop; // most requests bear no branch like ours and need none
    std::string_view above;            // an own branch whose next Via is still to be seen
    std::uint64_t above_loop = 0;
    for (const sip::HeaderField& row : request.headers()) {
        if (row.id != sip::HeaderId::via)
            continue;
        sip::ValueCursor cursor(request.text(row.value));
        while (const auto value = cursor.next()) {
            if (!above.empty() && loop == above_loop && is_authentic(keys, above, *value))
                return true;
            above = {};
            if (!may_bear_own(*value))
                continue;
            const auto via = sip::parse_via(*value);
            const auto own = via ? read_branch(via->branch()) : std::nullopt;
            above = own ? via->branch() : std::string_view();
            above_loop = own ? own->loop : 0;
            if (own && !loop)
                loop = loop_hash(keys.front().loop, request, from);
        }
    }
    return false;
}

} // namespace roundabout::routing
