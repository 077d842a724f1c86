// A message as it may come from anywhere, index, edits, index again: only the headers that the
// edits name may differ. What is written in answer to it must be well formed, however faulty it
// was.

#include "sip/edits.hpp"
#include "sip/hop_requests.hpp"
#include "sip/parser.hpp"
#include "sip/response.hpp"
#include "sip/values.hpp"
#include "support/random_message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr std::array<HeaderId, 6> editable = {HeaderId::via,     HeaderId::route,
                                              HeaderId::path,    HeaderId::record_route,
                                              HeaderId::contact, HeaderId::p_asserted_identity};

void require(bool condition) {
    if (!condition)
        std::abort();
}

/// The last bytes choose the edits; they stay part of the message, so that any message is a useful
/// input.
std::uint64_t seed_of(std::string_view bytes) {
    std::uint64_t seed = 0;
    for (const char c : bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 4)))
        seed = seed * 256 + static_cast<unsigned char>(c);
    return seed;
}

bool may_be_edited(HeaderId id) {
    return std::ranges::find(editable, id) != editable.end() || id == HeaderId::max_forwards ||
           id == HeaderId::content_length;
}

/// The rows that no edit here names, in order.
std::vector<std::string> other_rows(const Message& message) {
    std::vector<std::string> rows;
    for (const auto& field : message.headers()) {
        if (!may_be_edited(field.id))
            rows.emplace_back(message.text(field.line));
    }
    return rows;
}

void edit(test::Random& random, Edits& edits) {
    const auto id = random.pick(editable);
    switch (random.below(8)) {
    case 0:
        return edits.prepend(id, "<sip:new@example.com>");
    case 1:
        return edits.append(id, "<sip:new@example.com>");
    case 2:
        return edits.remove_first_values(id, random.below(4));
    case 3:
        return edits.remove_last_value(id);
    case 4:
        return edits.remove_all(id);
    case 5:
        return edits.stamp_top_via("2001:db8::1", 5060);
    case 6:
        return edits.decrement_max_forwards();
    default:
        for (const auto& value : values(edits.message(), id))
            edits.replace_uri(value.text, "sip:us@example.com;x=y");
    }
}

void check_edits(const Message& message, test::Random& random) {
    Edits edits(message);
    require(edits.apply(false) ==
            message.bytes().substr(0, message.bytes().size() - message.excess()));
    for (std::size_t i = random.below(10); i > 0; --i)
        edit(random, edits);
    const auto out = index_message(edits.apply(true), Framing::stream);
    require(out.has_value());
    if (out->defect() == Error::too_many_headers)
        return; // the rows that were added
    require(out->defect() == Error::none);
    require(out->text(out->start_line()) == message.text(message.start_line()));
    require(out->body() == message.body());
    require(other_rows(*out) == other_rows(message));
}

void check_written(const std::string& bytes) {
    const auto message = index_message(bytes, Framing::stream);
    require(message.has_value());
    if (message->defect() == Error::too_many_headers)
        return; // as many Vias as a message may have, and our own rows
    require(message->defect() == Error::none);
    require(message->body().empty() && message->value(HeaderId::content_length) == "0");
}

} // namespace

// The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    test::Random random(seed_of(bytes));
    const auto framing = random.one_in(2) ? Framing::datagram : Framing::stream;
    const auto message = index_message(bytes, framing);
    if (!message)
        return 0;
    if (message->is_request()) {
        check_written(make_response(*message, {.status = 400, .to_tag = "t"}));
        check_written(make_response(
            *message, {.status = 100, .to_tag = "t", .received = "192.0.2.1", .rport = 1}));
    }
    if (message->defect() != Error::none)
        return 0;
    check_edits(*message, random);
    if (message->is_request()) {
        check_written(make_cancel(*message));
        check_written(make_ack(*message, *message));
    }
    return 0;
}
