#include "routing/tokens.hpp"

#include "base/siphash.hpp"
#include "crypto/encoding.hpp"
#include "crypto/mac.hpp"
#include "routing/token_codec.hpp"

#include <algorithm>
#include <string>

namespace roundabout::routing {
namespace {

// A token's first byte: kind in the high bits, the side in the lowest. The second: the key's id.
constexpr char route_kind = 0x10;
constexpr char contact_kind = 0x20;
constexpr char path_kind = 0x30;
constexpr std::size_t head_size = 2;
constexpr std::size_t call_hash_size = 6;

/// In the sealed contents of a Contact token, so that it opens under any Call-ID and tells.
std::string call_hash(const HashKey& key, std::string_view call_id) {
    const std::uint64_t hash = SipHash(key).field("call").field(call_id).finish();
    std::string bytes;
    for (std::size_t i = 0; i < call_hash_size; ++i)
        bytes.push_back(static_cast<char>((hash >> (8 * i)) & 0xFFU));
    return bytes;
}

std::string head_of(char kind, Side side, std::uint8_t key_id) {
    return {static_cast<char>(kind | static_cast<char>(side)), static_cast<char>(key_id)};
}

/// Where Opener::of_any_call has it. `kind` as it was compared with those that open so.
std::size_t place_of(char kind, Side side) noexcept {
    return (kind == path_kind ? 2U : 0U) + static_cast<std::size_t>(side);
}

Side side_of(std::string_view raw) noexcept { return static_cast<Side>(raw[0] & 1); }

} // namespace

Result<Tokens::Opener> Tokens::opener_of(const DerivedKeys& keys) {
    Result<crypto::Siv> siv = crypto::Siv::make(keys.token);
    Result<crypto::Hmac> binding_mac = crypto::Hmac::make(keys.binding);
    if (!siv || !binding_mac)
        return Error::key_unusable;
    Opener opener{keys, std::move(*siv), std::move(*binding_mac), {}};
    for (const char kind : {contact_kind, path_kind}) {
        for (const Side side : {Side::caller, Side::callee}) {
            const auto about = opener.siv.about(head_of(kind, side, keys.id));
            if (!about)
                return about.error();
            opener.of_any_call[place_of(kind, side)] = *about;
        }
    }
    return opener;
}

Result<Tokens> Tokens::make(const KeyRing& keys) {
    std::vector<Opener> openers;
    for (const DerivedKeys& derived : keys) {
        Result<Opener> opener = opener_of(derived);
        if (!opener)
            return opener.error();
        openers.push_back(std::move(*opener));
    }
    if (openers.empty())
        return Error::key_unusable;
    return Tokens(std::move(openers));
}

Result<crypto::Siv::About> Tokens::about(Opener& opener, std::string_view head,
                                         std::string_view call_id) {
    const auto kind = static_cast<char>(head[0] & ~1);
    if (kind != route_kind)
        return opener.of_any_call[place_of(kind, side_of(head))];
    associated_.assign(head).append(call_id);
    return opener.siv.about(associated_);
}

std::string& Tokens::begin(char kind, Side side) {
    raw_.assign(head_of(kind, side, openers_.front().keys.id));
    raw_.append(crypto::Siv::overhead, '\0');
    return raw_;
}

Result<void> Tokens::seal(std::string_view call_id) {
    Opener& newest = openers_.front();
    const auto associated = about(newest, std::string_view(raw_).substr(0, head_size), call_id);
    if (!associated)
        return associated.error();
    return newest.siv.seal(*associated, std::span(raw_).subspan(head_size));
}

Result<std::string_view> Tokens::open(char kind, std::string_view call_id) {
    if (raw_.size() <= head_size + crypto::Siv::overhead || (raw_[0] & ~1) != kind)
        return Error::token_malformed;
    const auto key_id = static_cast<std::uint8_t>(raw_[1]);
    const auto opener = std::ranges::find(
        openers_, key_id, [](const Opener& candidate) { return candidate.keys.id; });
    if (opener == openers_.end())
        return Error::token_forged;
    const auto associated = about(*opener, std::string_view(raw_).substr(0, head_size), call_id);
    if (!associated)
        return Error::token_forged;
    return opener->siv.open(*associated, std::span(raw_).subspan(head_size));
}

Result<void> Tokens::append_route(std::string& out, Side side, const Place& place,
                                  std::string_view call_id) {
    write_place(begin(route_kind, side), place);
    const Result<void> sealed = seal(call_id);
    if (sealed)
        crypto::append_base64url(out, raw_);
    return sealed;
}

Result<std::string> Tokens::seal_route(const RouteToken& token, std::string_view call_id) {
    std::string text;
    const Result<void> sealed = append_route(text, token.side, token.place, call_id);
    return sealed ? Result<std::string>(std::move(text)) : sealed.error();
}

Result<RouteToken> Tokens::open_route(std::string_view user, std::string_view call_id) {
    if (const Result<void> decoded = crypto::from_base64url(user, raw_); !decoded)
        return decoded.error();
    const Result<std::string_view> contents = open(route_kind, call_id);
    if (!contents)
        return contents.error();
    TokenReader reader(*contents);
    RouteToken token{side_of(raw_), reader.place()};
    if (reader.failed() || !reader.rest().empty())
        return Error::token_malformed;
    return token;
}

Result<std::string> Tokens::seal_path(const PathToken& token) {
    std::string& contents = begin(path_kind, Side::callee);
    contents.push_back(token.outbound ? '\1' : '\0');
    write_number(contents, token.server);
    write_place(contents, token.place);
    const Result<void> sealed = seal("");
    if (!sealed)
        return sealed.error();
    return crypto::to_base64url(raw_);
}

Result<PathToken> Tokens::open_path(std::string_view user) {
    if (const Result<void> decoded = crypto::from_base64url(user, raw_); !decoded)
        return decoded.error();
    const Result<std::string_view> contents = open(path_kind, "");
    if (!contents)
        return contents.error();
    TokenReader reader(*contents);
    PathToken token;
    token.outbound = reader.take(1) == "\1";
    token.server = static_cast<std::uint32_t>(reader.number());
    const Place place = reader.place();
    const auto* client = std::get_if<ClientPlace>(&place);
    if (reader.failed() || !reader.rest().empty() || client == nullptr)
        return Error::token_malformed;
    token.place = *client;
    return token;
}

Result<void> Tokens::append_contact(std::string& out, Side side, const Place& place,
                                    std::string_view uri, std::string_view call_id) {
    std::string& contents = begin(contact_kind, side);
    contents.append(call_hash(openers_.front().keys.name, call_id));
    write_place(contents, place);
    contents.append(uri);
    const Result<void> sealed = seal("");
    if (sealed)
        crypto::append_base32(out, raw_);
    return sealed;
}

Result<std::string> Tokens::seal_contact(const ContactToken& token, std::string_view call_id) {
    std::string text;
    const Result<void> sealed = append_contact(text, token.side, token.place, token.uri, call_id);
    return sealed ? Result<std::string>(std::move(text)) : sealed.error();
}

Result<ContactToken> Tokens::open_contact(std::string_view value, std::string_view call_id) {
    if (const Result<void> decoded = crypto::from_base32(value, raw_); !decoded)
        return decoded.error();
    const Result<std::string_view> contents = open(contact_kind, "");
    if (!contents)
        return contents.error();
    TokenReader reader(*contents);
    const std::string_view made_for = reader.take(call_hash_size);
    ContactToken token;
    token.side = side_of(raw_);
    token.place = reader.place();
    token.uri = reader.rest();
    if (reader.failed() || token.uri.empty())
        return Error::token_malformed;
    const auto key_id = static_cast<std::uint8_t>(raw_[1]);
    for (const Opener& opener : openers_) {
        if (opener.keys.id == key_id)
            token.same_call = made_for == call_hash(opener.keys.name, call_id);
    }
    return token;
}

Result<registration::BindingId> Tokens::binding_id(std::string_view server, std::string_view aor,
                                                   std::string_view contact_uri,
                                                   std::string_view instance,
                                                   std::uint32_t reg_id) const {
    const Result<crypto::Digest> digest = openers_.front().binding_mac.of(
        {server, aor, contact_uri, instance, std::to_string(reg_id)});
    if (!digest)
        return digest.error();
    registration::BindingId id;
    std::copy_n(digest->begin(), id.bytes.size(), id.bytes.begin());
    return id;
}

std::uint32_t Tokens::name_hash(std::string_view name) const {
    // By a fixed key: tokens sealed with an older secret must still find their server.
    constexpr HashKey fixed{0x726f756e64, 0x61626f7574};
    return static_cast<std::uint32_t>(SipHash(fixed).field(name).finish());
}

std::string to_text(const registration::BindingId& id) {
    return crypto::to_base32({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

std::optional<registration::BindingId> parse_binding_id(std::string_view value) {
    const Result<std::string> bytes = crypto::from_base32(value);
    registration::BindingId id;
    if (!bytes || bytes->size() != id.bytes.size())
        return std::nullopt;
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

} // namespace roundabout::routing
