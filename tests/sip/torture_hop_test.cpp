#include "sip/corpus.hpp"
#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr std::string_view our_via = "SIP/2.0/TLS [2001:db8::5]:5061;branch=z9hG4bKours";
constexpr std::string_view outer = "<sip:token@[2001:db8::5]:5061;transport=tls;lr>";
constexpr std::string_view inner = "<sip:token@192.0.2.5;lr>";
constexpr std::string_view our_uri = "sip:roundabout.example:5061;transport=tls;rb=abcd";

/// The edits that a hop makes to nearly every request.
std::string hop(const Message& message) {
    Edits edits(message);
    edits.stamp_top_via("192.0.2.77", 40077);
    edits.prepend(HeaderId::via, our_via);
    edits.decrement_max_forwards();
    edits.prepend(HeaderId::record_route, outer);
    edits.prepend(HeaderId::record_route, inner);
    for (const auto& value : values(message, HeaderId::contact))
        edits.replace_uri(value.text, our_uri);
    return edits.apply(true);
}

/// The rows of what left, without those that the hop added; each must be there once.
std::vector<HeaderField> without_added(const Message& before, const Message& after) {
    std::vector<std::string> added{"Via: " + std::string(our_via) + "\r\n",
                                   "Record-Route: " + std::string(outer) + "\r\n",
                                   "Record-Route: " + std::string(inner) + "\r\n"};
    if (!before.has(HeaderId::max_forwards))
        added.emplace_back("Max-Forwards: 70\r\n");
    if (!before.has(HeaderId::content_length))
        added.push_back("Content-Length: " + std::to_string(before.body().size()) + "\r\n");
    std::vector<HeaderField> rows(after.headers().begin(), after.headers().end());
    for (const auto& line : added) {
        const auto row = std::ranges::find_if(
            rows, [&](const HeaderField& field) { return after.text(field.line) == line; });
        REQUIRE(row != rows.end());
        rows.erase(row);
    }
    return rows;
}

void check_stamped(std::string_view before, std::string_view after) {
    const auto old_via = parse_via(ValueCursor(before).next().value_or("")).value();
    const auto new_via = parse_via(ValueCursor(after).next().value_or("")).value();
    CHECK(new_via.protocol == old_via.protocol);
    CHECK(new_via.transport == old_via.transport);
    CHECK(new_via.sent_by == old_via.sent_by);
    CHECK(new_via.branch() == old_via.branch());
    CHECK(new_via.parameters.find("received") == "192.0.2.77");
    if (old_via.parameters.find("rport") == "")
        CHECK(new_via.parameters.find("rport") == "40077");
    else
        CHECK(new_via.parameters.find("rport") == old_via.parameters.find("rport"));
}

void check_contact(std::string_view before, std::string_view after) {
    ValueCursor old_values(before);
    ValueCursor new_values(after);
    while (const auto value = old_values.next()) {
        const auto old_address = parse_name_addr(*value).value();
        const auto new_address = parse_name_addr(new_values.next().value_or("")).value();
        CHECK(new_address.uri == our_uri);
        CHECK(new_address.bracketed);
        CHECK(new_address.display == old_address.display);
        CHECK(new_address.parameters.text() == old_address.parameters.text());
    }
    CHECK_FALSE(new_values.next().has_value());
}

/// The one row that may differ here must differ as it may; all others are the same bytes.
void check_row(const Message& before, const HeaderField& old_row, const Message& after,
               const HeaderField& new_row) {
    const auto old_value = before.text(old_row.value);
    const auto new_value = after.text(new_row.value);
    if (old_row.id == HeaderId::contact)
        return check_contact(old_value, new_value);
    if (old_row.id == HeaderId::max_forwards) {
        CHECK(*parse_max_forwards(new_value) + 1 == *parse_max_forwards(old_value));
        return;
    }
    if (&old_row == before.find(HeaderId::via))
        return check_stamped(old_value, new_value);
    CHECK(after.text(new_row.line) == before.text(old_row.line));
}

} // namespace

TEST_CASE("R37 one hop changes only the permitted lines of each torture message to be forwarded") {
    std::size_t forwarded = 0;
    for (const auto& source : test::torture_messages()) {
        if (source.expect != "forward" && source.expect != "forward-register")
            continue;
        CAPTURE(source.file);
        ++forwarded;
        const auto before = index_message(source.bytes, Framing::datagram).value();
        const auto after = index_message(hop(before), Framing::stream).value();
        CHECK(after.defect() == Error::none);
        CHECK_FALSE(check_message(after).has_value());
        CHECK(after.text(after.start_line()) == before.text(before.start_line()));
        CHECK(after.body() == before.body());
        const auto rows = without_added(before, after);
        REQUIRE(rows.size() == before.headers().size());
        for (std::size_t i = 0; i < rows.size(); ++i)
            check_row(before, before.headers()[i], after, rows[i]);
        CHECK(first_value(after, HeaderId::via) == our_via);
        CHECK(first_value(after, HeaderId::record_route) == outer);
    }
    CHECK(forwarded > 25);
}
