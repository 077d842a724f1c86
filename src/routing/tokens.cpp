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

std::string associated_data(std::string_view head, std::string_view associated) {
    std::string data;
    data.reserve(head.size() + associated.size());
    return data.append(head).append(associated);
}

} // namespace

Result<Tokens> Tokens::make(const KeyRing& keys) {
    std::vector<Opener> openers;
    for (const DerivedKeys& derived : keys) {
        Result<crypto::Siv> siv = crypto::Siv::make(derived.token);
        if (!siv)
            return siv.error();
        Result<crypto::Hmac> binding_mac = crypto::Hmac::make(derived.binding);
        if (!binding_mac)
            return binding_mac.error();
        openers.push_back({derived, std::move(*siv), std::move(*binding_mac)});
    }
    if (openers.empty())
        return Error::key_unusable;
    return Tokens(std::move(openers));
}

Result<std::string> Tokens::seal(char kind, Side side, std::string_view associated,
                                 std::string_view contents) {
    Opener& newest = openers_.front();
    std::string raw;
    raw.reserve(head_size + crypto::Siv::overhead + contents.size());
    raw.push_back(static_cast<char>(kind | static_cast<char>(side)));
    raw.push_back(static_cast<char>(newest.keys.id));
    const Result<std::string> sealed = newest.siv.seal(associated_data(raw, associated), contents);
    if (!sealed)
        return sealed.error();
    return raw.append(*sealed);
}

Result<std::string> Tokens::open(std::string_view raw, char kind, std::string_view associated) {
    if (raw.size() <= head_size + crypto::Siv::overhead || (raw[0] & ~1) != kind)
        return Error::token_malformed;
    const auto key_id = static_cast<std::uint8_t>(raw[1]);
    const auto opener = std::ranges::find(
        openers_, key_id, [](const Opener& candidate) { return candidate.keys.id; });
    if (opener == openers_.end())
        return Error::token_forged;
    return opener->siv.open(associated_data(raw.substr(0, head_size), associated),
                            raw.substr(head_size));
}

Result<std::string> Tokens::seal_route(const RouteToken& token, std::string_view call_id) {
    std::string contents;
    write_place(contents, token.place);
    const Result<std::string> sealed = seal(route_kind, token.side, call_id, contents);
    if (!sealed)
        return sealed.error();
    return crypto::to_base64url(*sealed);
}

Result<RouteToken> Tokens::open_route(std::string_view user, std::string_view call_id) {
    const Result<std::string> raw = crypto::from_base64url(user);
    if (!raw)
        return raw.error();
    const Result<std::string> contents = open(*raw, route_kind, call_id);
    if (!contents)
        return contents.error();
    TokenReader reader(*contents);
    RouteToken token{static_cast<Side>((*raw)[0] & 1), reader.place()};
    if (reader.failed() || !reader.rest().empty())
        return Error::token_malformed;
    return token;
}

Result<std::string> Tokens::seal_path(const PathToken& token) {
    std::string contents;
    contents.push_back(token.outbound ? '\1' : '\0');
    write_number(contents, token.server);
    write_place(contents, token.place);
    const Result<std::string> sealed = seal(path_kind, Side::callee, "", contents);
    if (!sealed)
        return sealed.error();
    return crypto::to_base64url(*sealed);
}

Result<PathToken> Tokens::open_path(std::string_view user) {
    const Result<std::string> raw = crypto::from_base64url(user);
    if (!raw)
        return raw.error();
    const Result<std::string> contents = open(*raw, path_kind, "");
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

Result<std::string> Tokens::seal_contact(const ContactToken& token, std::string_view call_id) {
    std::string contents;
    contents.reserve(call_hash_size + token.uri.size() + 64); // and a place, at most
    contents.append(call_hash(openers_.front().keys.name, call_id));
    write_place(contents, token.place);
    contents.append(token.uri);
    const Result<std::string> sealed = seal(contact_kind, token.side, "", contents);
    if (!sealed)
        return sealed.error();
    return crypto::to_base32(*sealed);
}

Result<ContactToken> Tokens::open_contact(std::string_view value, std::string_view call_id) {
    const Result<std::string> raw = crypto::from_base32(value);
    if (!raw)
        return raw.error();
    const Result<std::string> contents = open(*raw, contact_kind, "");
    if (!contents)
        return contents.error();
    TokenReader reader(*contents);
    const std::string_view made_for = reader.take(call_hash_size);
    ContactToken token;
    token.side = static_cast<Side>((*raw)[0] & 1);
    token.place = reader.place();
    token.uri = reader.rest();
    if (reader.failed() || token.uri.empty())
        return Error::token_malformed;
    const auto key_id = static_cast<std::uint8_t>((*raw)[1]);
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
