#include "routing/hop_oracle.hpp"

#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace roundabout::test {

using sip::HeaderField;
using sip::HeaderId;
using sip::Message;

namespace {

/// A header row as it is compared: its bytes, or a word for what was found right by itself.
struct Row {
    HeaderId id = HeaderId::other;
    std::string text;
    std::string name;
    std::string value;
};
using Rows = std::vector<Row>;

Rows rows_of(const Message& message) {
    Rows rows;
    for (const HeaderField& field : message.headers())
        rows.push_back({field.id, std::string(message.text(field.line)),
                        std::string(message.text(field.name)),
                        std::string(message.text(field.value))});
    return rows;
}

/// The first row of that header; fails if there is none.
Rows::iterator first(Rows& rows, HeaderId id) {
    const auto row = std::ranges::find(rows, id, &Row::id);
    REQUIRE(row != rows.end());
    return row;
}

std::string take_first(Rows& rows, HeaderId id) {
    const auto row = first(rows, id);
    std::string value = row->value;
    rows.erase(row);
    return value;
}

void drop_all(Rows& rows, HeaderId id) {
    std::erase_if(rows, [id](const Row& row) { return row.id == id; });
}

/// These rows were compared by their values; their names and places still have to agree.
void mark_compared(Rows& rows, HeaderId id) {
    for (Row& row : rows) {
        if (row.id == id)
            row.text = row.name;
    }
}

std::vector<std::string> texts(const Rows& rows) {
    std::vector<std::string> all;
    for (const Row& row : rows)
        all.push_back(row.text);
    return all;
}

std::vector<std::string> values_of(const Message& message, HeaderId id) {
    std::vector<std::string> all;
    for (const sip::ValueAt& value : sip::values(message, id))
        all.emplace_back(value.text);
    return all;
}

void check_stamped(std::string_view before, std::string_view after, const Permitted& permitted) {
    sip::ValueCursor old_values(before);
    sip::ValueCursor new_values(after);
    const auto old_via = sip::parse_via(old_values.next().value_or("")).value();
    const auto new_via = sip::parse_via(new_values.next().value_or("")).value();
    CHECK(new_via.protocol == old_via.protocol);
    CHECK(new_via.transport == old_via.transport);
    CHECK(new_via.sent_by == old_via.sent_by);
    CHECK(new_via.branch() == old_via.branch());
    CHECK(new_via.parameters.find("received") == permitted.received);
    if (old_via.parameters.find("rport") == "")
        CHECK(new_via.parameters.find("rport") == std::to_string(permitted.rport));
    else
        CHECK(new_via.parameters.find("rport") == old_via.parameters.find("rport"));
    for (auto old_value = old_values.next(); old_value; old_value = old_values.next())
        CHECK(new_values.next() == old_value);
    CHECK_FALSE(new_values.next().has_value());
}

void check_contact(std::string_view before, std::string_view after, const Permitted& permitted) {
    const auto was = sip::parse_name_addr(before).value();
    const auto now = sip::parse_name_addr(after).value();
    CHECK(now.display == was.display);
    CHECK(now.parameters.text() == was.parameters.text());
    const auto old_uri = sip::parse_uri(was.uri).value();
    const auto new_uri = sip::parse_uri(now.uri).value();
    if (!old_uri.is_sip() || old_uri.parameter("gr")) {
        CHECK(now.uri == was.uri);
        return;
    }
    CHECK(now.bracketed);
    CHECK(new_uri.host_port == permitted.contact_host);
    CHECK(new_uri.user == old_uri.user);
    CHECK(new_uri.scheme == old_uri.scheme);
    CHECK(new_uri.parameter("rb").has_value());
}

void check_contacts(const Message& before, const Message& after, const Permitted& permitted) {
    const auto was = values_of(before, HeaderId::contact);
    const auto now = values_of(after, HeaderId::contact);
    REQUIRE(was.size() == now.size());
    for (std::size_t i = 0; i < was.size(); ++i)
        check_contact(was[i], now[i], permitted);
}

void check_max_forwards(Rows& old_rows, Rows& new_rows) {
    const bool had =
        std::ranges::find(old_rows, HeaderId::max_forwards, &Row::id) != old_rows.end();
    if (!had) {
        CHECK(take_first(new_rows, HeaderId::max_forwards) == "70");
        return;
    }
    CHECK(*sip::parse_max_forwards(first(new_rows, HeaderId::max_forwards)->value) + 1 ==
          *sip::parse_max_forwards(first(old_rows, HeaderId::max_forwards)->value));
    mark_compared(old_rows, HeaderId::max_forwards);
    mark_compared(new_rows, HeaderId::max_forwards);
}

void check_routes(const Message& before, Rows& old_rows, const Message& after, Rows& new_rows,
                  std::size_t popped) {
    auto routes = values_of(before, HeaderId::route);
    REQUIRE(routes.size() >= popped);
    routes.erase(routes.begin(), routes.begin() + static_cast<std::ptrdiff_t>(popped));
    CHECK(values_of(after, HeaderId::route) == routes);
    if (popped == 0)
        return;
    drop_all(old_rows, HeaderId::route);
    drop_all(new_rows, HeaderId::route);
}

/// What both directions have in common, after what only one of them may change was taken out.
void compare(const Message& before, Rows old_rows, const Message& after, Rows new_rows,
             const Permitted& permitted) {
    if (permitted.drop_identity)
        drop_all(old_rows, HeaderId::p_asserted_identity);
    if (permitted.length && !before.has(HeaderId::content_length))
        CHECK(take_first(new_rows, HeaderId::content_length) ==
              std::to_string(after.body().size()));
    if (!permitted.contact_host.empty()) {
        check_contacts(before, after, permitted);
        mark_compared(old_rows, HeaderId::contact);
        mark_compared(new_rows, HeaderId::contact);
    }
    CHECK(texts(new_rows) == texts(old_rows));
    CHECK(after.body() == before.body());
}

} // namespace

void check_forwarded_request(const Message& before, const Message& after,
                             const Permitted& permitted) {
    CHECK(after.method_name() == before.method_name());
    CHECK(after.request_uri() ==
          (permitted.request_uri.empty() ? before.request_uri() : permitted.request_uri));
    Rows old_rows = rows_of(before);
    Rows new_rows = rows_of(after);
    CHECK(take_first(new_rows, HeaderId::via).starts_with(permitted.via_head + ";branch=z9hG4bK"));
    const auto old_top = first(old_rows, HeaderId::via);
    const auto new_top = first(new_rows, HeaderId::via);
    check_stamped(old_top->value, new_top->value, permitted);
    old_top->text = old_top->name;
    new_top->text = new_top->name;
    if (permitted.record_routes) {
        const std::string added = take_first(new_rows, HeaderId::record_route);
        sip::ValueCursor cursor(added);
        CHECK((cursor.next() && cursor.next() && !cursor.next()));
    }
    check_max_forwards(old_rows, new_rows);
    check_routes(before, old_rows, after, new_rows, permitted.pop_routes);
    compare(before, std::move(old_rows), after, std::move(new_rows), permitted);
}

void check_forwarded_response(const Message& before, const Message& after,
                              const Permitted& permitted) {
    if (permitted.status_line.empty())
        CHECK(after.text(after.start_line()) == before.text(before.start_line()));
    else
        CHECK(after.text(after.start_line()) == permitted.status_line);
    auto vias = values_of(before, HeaderId::via);
    vias.erase(vias.begin());
    CHECK(values_of(after, HeaderId::via) == vias);
    Rows old_rows = rows_of(before);
    Rows new_rows = rows_of(after);
    const std::string top = take_first(old_rows, HeaderId::via);
    sip::ValueCursor cursor(top);
    (void)cursor.next();
    if (cursor.next()) // others shared its row
        (void)take_first(new_rows, HeaderId::via);
    compare(before, std::move(old_rows), after, std::move(new_rows), permitted);
}

} // namespace roundabout::test
