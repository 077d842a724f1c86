#include "support/random_message.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace roundabout::test {

using sip::HeaderId;

namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 6> requests = {"INVITE", "REGISTER", "SUBSCRIBE",
                                                      "ACK",    "MESSAGE",  "!odd%method*"};
constexpr std::array<std::string_view, 5> uris = {
    "sip:bob@example.com", "sip:+49%2030;x=y@[2001:db8::1]:5061;transport=tcp;lr?Subject=a%2Cb",
    "sips:carol:secret@host.example:5061", "tel:+358-555-1234567",
    "sip:%00@192.0.2.7;maddr=192.0.2.8"};
constexpr std::array<std::string_view, 3> bare_uris = {"sip:bob@example.com", "sip:192.0.2.9:5080",
                                                       "sip:carol@[2001:db8::9]"};
constexpr std::array<std::string_view, 6> displays = {"",
                                                      "Bob ",
                                                      "\"Bell, Alexander; <not@uri>\" ",
                                                      "\"quote \\\" and , comma\"\r\n\t",
                                                      "M\xC3\xBCller ",
                                                      "J Rosenberg \r\n "};
constexpr std::array<std::string_view, 5> parameter_lists = {
    "", ";lr", " ; q=0.7;expires=60", ";x=\"a,b;c\"\r\n ;y", ";+sip.instance=\"<urn:uuid:0-1>\""};
constexpr std::array<std::string_view, 5> separators = {",", ", ", " ,\t", ",\r\n ", " \r\n , "};
constexpr std::array<std::string_view, 5> colons = {": ", ":", " : ", "\t:\r\n ", ":\r\n\t "};
constexpr std::array<std::string_view, 5> tails = {"", "", "", " ", "\r\n "};
constexpr std::array<std::string_view, 2> rports = {";rport", ";rport=4321"};
constexpr std::array<std::string_view, 4> via_parameters = {
    ";received=192.0.2.55", ";alias", " ; x = \"a;received=1,2\"", ";maddr=192.0.2.4\r\n ;ttl=3"};
constexpr std::array<std::string_view, 4> unknown_names = {"X-Unknown", "Subject", "!odd-Name0*~_%",
                                                           "UnknownHeaderWithUnusualValue"};
constexpr std::array<std::string_view, 4> unknown_values = {
    ";;,,;;,;", "a line that\r\n goes on\r\n\ton three lines", "\xE6\x97\xA5\xE6\x9C\xAC \"open",
    ""};

std::string pick(Random& random, Words words) { return std::string(random.pick(words)); }

std::string word(Random& random, std::size_t size) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string out;
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(letters[random.below(letters.size())]);
    return out;
}

std::string header_name(Random& random, HeaderId id) {
    static constexpr auto compact =
        std::to_array<std::pair<HeaderId, std::string_view>>({{HeaderId::via, "v"},
                                                              {HeaderId::from, "f"},
                                                              {HeaderId::to, "t"},
                                                              {HeaderId::call_id, "i"},
                                                              {HeaderId::contact, "m"},
                                                              {HeaderId::content_length, "l"}});
    std::string out(sip::name(id));
    for (const auto& [known, letter] : compact) {
        if (known == id && random.one_in(4))
            out = letter;
    }
    if (random.one_in(4)) {
        for (char& c : out) {
            if (ascii::is_alpha(c) && random.one_in(2))
                c = static_cast<char>(c ^ 0x20);
        }
    }
    return out;
}

RandomRow row(Random& random, HeaderId id, std::vector<RandomValue> values) {
    RandomRow out;
    out.id = id;
    out.name = header_name(random, id);
    out.colon = pick(random, colons);
    out.values = std::move(values);
    for (std::size_t i = 1; i < out.values.size(); ++i)
        out.separators.push_back(pick(random, separators));
    out.tail = pick(random, tails);
    return out;
}

RandomRow plain_row(Random& random, HeaderId id, std::string value) {
    RandomValue only;
    only.before = std::move(value);
    return row(random, id, {std::move(only)});
}

RandomValue name_addr(Random& random, bool may_be_bare) {
    RandomValue out;
    out.after = pick(random, parameter_lists);
    if (may_be_bare && random.one_in(3)) {
        out.bracketed = false;
        out.uri = pick(random, bare_uris);
        return out;
    }
    out.before = pick(random, displays) + "<";
    out.uri = pick(random, uris);
    out.after.insert(0, ">");
    return out;
}

RandomValue via_value(Random& random) {
    constexpr std::array<std::string_view, 4> heads = {
        "SIP/2.0/UDP 192.0.2.1:5060", "SIP / 2.0 / TCP\r\n [2001:db8::1] : 5060",
        "SIP/2.0/WSS df7jal23ls0d.invalid", "SIP/2.0/UNKNOWN host.example"};
    RandomValue out;
    out.before = pick(random, heads);
    out.parameters.push_back(";branch=z9hG4bK" + word(random, 12));
    if (random.one_in(2))
        out.parameters.push_back(pick(random, rports));
    for (const auto parameter : via_parameters) {
        if (random.one_in(4))
            out.parameters.emplace_back(parameter);
    }
    return out;
}

void add_rows(Random& random, RandomMessage& message, HeaderId id, std::size_t rows) {
    for (; rows > 0; --rows) {
        std::vector<RandomValue> values;
        for (std::size_t i = 1 + random.below(3); i > 0; --i) {
            const bool via = id == HeaderId::via;
            values.push_back(via ? via_value(random) : name_addr(random, id == HeaderId::contact));
        }
        message.rows.push_back(row(random, id, std::move(values)));
    }
}

void add_unknown_rows(Random& random, RandomMessage& message) {
    for (std::size_t i = random.below(6); i > 0; --i) {
        auto added = plain_row(random, HeaderId::other, pick(random, unknown_values));
        added.name = pick(random, unknown_names);
        if (random.one_in(4))
            added.values.front().before = word(random, 4000);
        message.rows.push_back(std::move(added));
    }
}

std::string binary(Random& random, std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(random.one_in(8) ? "\r\n\0:"[random.below(4)]
                                       : static_cast<char>(random.below(256)));
    return out;
}

/// Two parts, the second one binary and looking like a message of its own.
std::string multipart(Random& random) {
    return "--=_b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--=_b\r\n"
           "Content-Type: message/sipfrag\r\nContent-Transfer-Encoding: binary\r\n\r\n"
           "INVITE sip:inner@example.com SIP/2.0\r\nVia: SIP/2.0/UDP inner\r\n" +
           binary(random, random.below(300)) + "\r\n--=_b--\r\n";
}

void add_body(Random& random, RandomMessage& message) {
    if (random.one_in(2))
        return;
    if (random.one_in(2)) {
        message.body = binary(random, random.below(700));
        return;
    }
    message.body = multipart(random);
    auto type = plain_row(random, HeaderId::other, "multipart/mixed;\r\n boundary=\"=_b\"");
    type.name = random.one_in(2) ? "c" : "Content-Type";
    message.rows.push_back(std::move(type));
}

/// Any order, but each header's own rows among themselves are all alike to a shuffle.
void shuffle(Random& random, std::vector<RandomRow>& rows) {
    for (std::size_t i = rows.size(); i > 1; --i)
        std::swap(rows[i - 1], rows[random.below(i)]);
}

} // namespace

std::uint64_t Random::next() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

std::string RandomValue::text() const {
    std::string out = before + uri + after;
    for (const auto& parameter : parameters)
        out += parameter;
    return out;
}

std::string RandomRow::text() const {
    std::string out = name + colon;
    for (std::size_t i = 0; i < values.size(); ++i)
        out += (i == 0 ? std::string() : separators[i - 1]) + values[i].text();
    return out + tail + "\r\n";
}

std::string RandomMessage::start_line() const {
    if (request)
        return method + " " + uri + " SIP/2.0\r\n";
    return "SIP/2.0 " + std::to_string(status) + " " + reason + "\r\n";
}

std::string RandomMessage::text() const {
    std::string out = start_line();
    for (const auto& row : rows)
        out += row.text();
    return out + "\r\n" + body + excess;
}

bool RandomMessage::has(HeaderId id) const {
    return std::ranges::find(rows, id, &RandomRow::id) != rows.end();
}

RandomMessage random_message(Random& random, bool with_length) {
    RandomMessage out;
    out.request = !random.one_in(3);
    out.method = pick(random, requests);
    // Headers are not allowed in a Request-URI.
    out.uri = pick(random, uris);
    out.uri.resize(std::min(out.uri.find('?'), out.uri.size()));
    out.status = 100 + static_cast<unsigned>(random.below(600));
    out.reason = random.one_in(3) ? "" : "= 2**3 * \xD1\x80 reason";
    add_body(random, out);
    add_rows(random, out, HeaderId::via, 1 + random.below(3));
    for (const auto id : {HeaderId::route, HeaderId::record_route, HeaderId::contact,
                          HeaderId::path, HeaderId::p_asserted_identity})
        add_rows(random, out, id, random.below(4));
    auto from = name_addr(random, true);
    from.after += ";tag=" + word(random, 8);
    out.rows.push_back(row(random, HeaderId::from, {from}));
    out.rows.push_back(row(random, HeaderId::to, {name_addr(random, true)}));
    out.rows.push_back(plain_row(random, HeaderId::call_id, word(random, 20) + "@host"));
    out.rows.push_back(plain_row(random, HeaderId::cseq, "0009\r\n " + out.method));
    if (!random.one_in(4))
        out.rows.push_back(
            plain_row(random, HeaderId::max_forwards, random.one_in(2) ? "0068" : "255"));
    if (with_length || random.one_in(2)) {
        out.rows.push_back(
            plain_row(random, HeaderId::content_length, std::to_string(out.body.size())));
        if (!with_length && random.one_in(2))
            out.excess = binary(random, 40);
    }
    add_unknown_rows(random, out);
    shuffle(random, out.rows);
    return out;
}

} // namespace roundabout::test
