#include "sip/grammar.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <array>

namespace roundabout::sip {
namespace {

using Verdict = std::optional<Rejection>;

[[nodiscard]] Rejection reject(Error error, HeaderId id, std::uint16_t status = 400) noexcept {
    return {status, error, name(id)};
}

/// What indexing met already.
[[nodiscard]] Verdict check_structure(const Message& message) noexcept {
    switch (message.defect()) {
    case Error::none:
        return std::nullopt;
    case Error::bad_version:
        return Rejection{505, Error::bad_version, {}};
    case Error::bad_content_length:
    case Error::content_length_mismatch:
    case Error::repeated_header:
    case Error::body_short:
        return reject(message.defect(), HeaderId::content_length);
    default:
        return Rejection{400, message.defect(), {}};
    }
}

/// RFC 3261 §8.1.1 asks for Max-Forwards too, but §16.3 step 3 has a proxy take a request without
/// it, as RFC 2543 clients send them.
[[nodiscard]] Verdict check_presence(const Message& message) noexcept {
    constexpr std::array mandatory = {HeaderId::via, HeaderId::from, HeaderId::to,
                                      HeaderId::call_id, HeaderId::cseq};
    constexpr std::array at_most_once = {HeaderId::from, HeaderId::to,           HeaderId::call_id,
                                         HeaderId::cseq, HeaderId::max_forwards, HeaderId::expires};
    std::array<std::uint32_t, 32> rows{};
    for (const HeaderField& row : message.headers())
        ++rows[static_cast<std::size_t>(row.id)];
    for (const HeaderId id : mandatory) {
        if (rows[static_cast<std::size_t>(id)] == 0)
            return reject(Error::missing_header, id);
    }
    for (const HeaderId id : at_most_once) {
        if (rows[static_cast<std::size_t>(id)] > 1)
            return reject(Error::repeated_header, id);
    }
    return std::nullopt;
}

/// An escaped header in the R-URI would become a header field of whoever acts on it: RFC 3261
/// §19.1.1 does not allow any there.
[[nodiscard]] Verdict check_request_uri(const Message& message) noexcept {
    const Result<Uri> uri = parse_uri(message.request_uri());
    if (!uri || !uri->headers.empty())
        return Rejection{400, Error::bad_request_uri, {}};
    return std::nullopt;
}

/// All of them: the top one is answered by, ours is looked for among them (R29), and the next is
/// where the response goes.
[[nodiscard]] Verdict check_vias(const Message& message) noexcept {
    bool top = true;
    for (const HeaderField& row : message.headers()) {
        if (row.id != HeaderId::via)
            continue;
        ValueCursor cursor(message.text(row.value));
        while (const auto value = cursor.next()) {
            const Result<Via> via = top ? top_via(message) : parse_via(*value);
            if (!via)
                return reject(Error::bad_via, HeaderId::via);
            // A branch that is the cookie alone identifies no transaction (RFC 4475 §3.2.1).
            if (top && via->has_bare_cookie())
                return reject(Error::bad_via, HeaderId::via);
            top = false;
        }
    }
    return top ? Verdict(reject(Error::missing_header, HeaderId::via)) : std::nullopt;
}

/// RFC 3261 §8.1.1.5 and, for a method that we do not know either, RFC 4475 §3.1.2.18.
[[nodiscard]] Verdict check_cseq(const Message& message) noexcept {
    const Result<CSeq> parsed = cseq(message);
    if (!parsed)
        return reject(Error::bad_cseq, HeaderId::cseq);
    if (message.is_request() && parsed->method != message.method_name())
        return reject(Error::cseq_method_mismatch, HeaderId::cseq,
                      message.method() == Method::other ? 501 : 400);
    return std::nullopt;
}

/// A callid is words without white space (RFC 3261 §25.1).
[[nodiscard]] Verdict check_call_id(const Message& message) noexcept {
    const std::string_view id = call_id(message);
    bool valid = !id.empty();
    for (const char c : id)
        valid = valid && static_cast<unsigned char>(c) > ' ' && c != '\x7f';
    return valid ? std::nullopt : Verdict(reject(Error::bad_call_id, HeaderId::call_id));
}

[[nodiscard]] bool address_valid(const Result<NameAddr>& address) noexcept {
    return address && parse_uri(address->uri).has_value();
}

[[nodiscard]] Verdict check_from_and_to(const Message& message) noexcept {
    if (!address_valid(from(message)))
        return reject(Error::bad_from_or_to, HeaderId::from);
    if (!address_valid(to(message)))
        return reject(Error::bad_from_or_to, HeaderId::to);
    return std::nullopt;
}

/// Contact may be "*" or have any scheme; that "*" stands alone and in a REGISTER is
/// registration's. A Route is a name-addr (RFC 3261 §20.34): without brackets its `lr` would be
/// lost.
[[nodiscard]] Verdict check_addresses(const Message& message) noexcept {
    for (const HeaderField& row : message.headers()) {
        if (row.id != HeaderId::contact && row.id != HeaderId::route)
            continue;
        const bool route = row.id == HeaderId::route;
        ValueCursor cursor(message.text(row.value));
        while (const auto value = cursor.next()) {
            if (!route && *value == "*")
                continue;
            const Result<NameAddr> address = parse_name_addr(*value);
            if (!address_valid(address) || (route && !address->bracketed))
                return reject(route ? Error::bad_route : Error::bad_contact, row.id);
        }
    }
    return std::nullopt;
}

[[nodiscard]] Verdict check_max_forwards(const Message& message) noexcept {
    const HeaderField* row = message.find(HeaderId::max_forwards);
    if (row != nullptr && !parse_max_forwards(message.text(row->value)))
        return reject(Error::bad_max_forwards, HeaderId::max_forwards);
    return std::nullopt;
}

} // namespace

std::optional<Rejection> check_message(const Message& message) {
    using Check = Verdict (*)(const Message&) noexcept;
    constexpr std::array<Check, 6> of_all = {check_structure, check_presence, check_vias,
                                             check_cseq,      check_call_id,  check_from_and_to};
    for (const Check check : of_all) {
        if (Verdict verdict = check(message))
            return verdict;
    }
    // What a response's sender made of these fields is for the request's sender to judge.
    constexpr std::array<Check, 3> of_requests = {check_request_uri, check_addresses,
                                                  check_max_forwards};
    if (message.is_request()) {
        for (const Check check : of_requests) {
            if (Verdict verdict = check(message))
                return verdict;
        }
    }
    return std::nullopt;
}

} // namespace roundabout::sip
