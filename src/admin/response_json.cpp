#include "admin/protocol.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace roundabout::admin {
namespace {

namespace json = boost::json;

template <class Value>
using Field = std::pair<std::string_view, Value BindingRow::*>;

constexpr std::array<Field<std::string>, 12> text_fields{{
    {"id", &BindingRow::id},
    {"aor", &BindingRow::aor},
    {"contact", &BindingRow::contact},
    {"user", &BindingRow::user},
    {"server", &BindingRow::server},
    {"transport", &BindingRow::transport},
    {"remote", &BindingRow::remote},
    {"local", &BindingRow::local},
    {"listener", &BindingRow::listener},
    {"instance", &BindingRow::instance},
    {"call_id", &BindingRow::call_id},
    {"user_agent", &BindingRow::user_agent},
}};
constexpr std::array<Field<std::int64_t>, 6> number_fields{{
    {"expires_in", &BindingRow::expires_in},
    {"registered", &BindingRow::registered},
    {"cseq", &BindingRow::cseq},
    {"reg_id", &BindingRow::reg_id},
    {"keepalive", &BindingRow::keepalive},
    {"q", &BindingRow::q},
}};
constexpr std::array<Field<bool>, 3> flag_fields{{
    {"reachable", &BindingRow::reachable},
    {"behind_nat", &BindingRow::behind_nat},
    {"volatile", &BindingRow::is_volatile},
}};
constexpr std::array<std::pair<std::string_view, Ending>, 4> endings{{
    {"ok", Ending::ok},
    {"refused", Ending::refused},
    {"malformed", Ending::malformed},
    {"failed", Ending::failed},
}};

json::object object_of(const BindingRow& row) {
    json::object object;
    for (const auto& [key, member] : text_fields)
        object[key] = row.*member;
    for (const auto& [key, member] : number_fields)
        object[key] = row.*member;
    for (const auto& [key, member] : flag_fields)
        object[key] = row.*member;
    return object;
}

json::object object_of(const Statistics& statistics) {
    json::object object;
    for (const auto& [key, value] : statistics)
        object[key] = value;
    return object;
}

json::object line_of(const BindingRow& row) { return {{"binding", object_of(row)}}; }
json::object line_of(const Statistics& statistics) { return {{"counters", object_of(statistics)}}; }

json::object line_of(const Notice& notice) { return {{"notice", to_utf8(notice.text)}}; }

json::value value_of(const Value& value) {
    return std::visit(
        [](const auto& each) -> json::value {
            if constexpr (std::is_same_v<std::decay_t<decltype(each)>, std::vector<std::string>>)
                return json::array(each.begin(), each.end());
            else
                return json::value(each);
        },
        value);
}

json::object line_of(const Record& record) {
    json::object fields;
    for (const auto& [key, value] : record.fields)
        fields[key] = value_of(value);
    return {{record.kind, std::move(fields)}};
}

json::object line_of(const End& end) {
    json::object object;
    for (const auto& [word, ending] : endings) {
        if (ending == end.ending)
            object["end"] = word;
    }
    if (!end.reason.empty())
        object["reason"] = to_utf8(end.reason);
    object["matched"] = end.matched;
    object["stored"] = end.stored;
    return object;
}

const json::string* text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_string();
}

bool flag_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    const bool* flag = value == nullptr ? nullptr : value->if_bool();
    return flag != nullptr && *flag;
}

/// Small numbers are signed in a parsed document, others unsigned.
std::optional<std::uint64_t> to_count(const json::value& value) {
    if (const std::uint64_t* number = value.if_uint64())
        return *number;
    const std::int64_t* number = value.if_int64();
    if (number == nullptr || *number < 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

BindingRow row_from(const json::object& object) {
    BindingRow row;
    for (const auto& [key, member] : text_fields) {
        if (const json::string* text = text_at(object, key))
            (row.*member).assign(text->data(), text->size());
    }
    for (const auto& [key, member] : number_fields) {
        const json::value* value = object.if_contains(key);
        const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
        row.*member = number == nullptr ? 0 : *number;
    }
    for (const auto& [key, member] : flag_fields)
        row.*member = flag_at(object, key);
    return row;
}

Parsed<Response> statistics_from(const json::object& object) {
    Statistics statistics;
    for (const json::key_value_pair& each : object) {
        const std::optional<std::uint64_t> number = to_count(each.value());
        if (!number)
            return std::string("a counter is no number");
        statistics.emplace_back(std::string_view(each.key()), *number);
    }
    return Response(std::move(statistics));
}

std::optional<std::vector<std::string>> texts_from(const json::array& array) {
    std::vector<std::string> texts;
    for (const json::value& each : array) {
        const json::string* text = each.if_string();
        if (text == nullptr)
            return std::nullopt;
        texts.emplace_back(text->data(), text->size());
    }
    return texts;
}

Parsed<Response> record_from(std::string_view kind, const json::object& object) {
    Record record;
    record.kind = kind;
    for (const json::key_value_pair& each : object) {
        std::string key(each.key());
        const json::value& value = each.value();
        if (const json::string* text = value.if_string())
            record.add(std::move(key), std::string(text->data(), text->size()));
        else if (const std::int64_t* number = value.if_int64())
            record.add(std::move(key), *number);
        else if (const bool* flag = value.if_bool())
            record.add(std::move(key), *flag);
        else if (auto texts = value.is_array() ? texts_from(value.get_array()) : std::nullopt)
            record.add(std::move(key), std::move(*texts));
        else
            return std::string("a field of a record is of no known kind");
    }
    return Response(std::move(record));
}

Parsed<Response> end_from(const json::object& object, std::string_view word) {
    End end;
    const auto* const known =
        std::ranges::find(endings, word, &std::pair<std::string_view, Ending>::first);
    if (known == endings.end())
        return std::string("an answer ends in an unknown way");
    end.ending = known->second;
    if (const json::string* reason = text_at(object, "reason"))
        end.reason.assign(reason->data(), reason->size());
    if (const json::value* matched = object.if_contains("matched"))
        end.matched = to_count(*matched).value_or(0);
    end.stored = flag_at(object, "stored");
    return Response(std::move(end));
}

} // namespace

Parsed<Response> parse_response(std::string_view line) {
    boost::system::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error);
    const json::object* object = value.if_object();
    if (error || object == nullptr)
        return std::string("an answer is one JSON object a line");
    const auto member = [object](std::string_view key) {
        const json::value* found = object->if_contains(key);
        return found == nullptr ? nullptr : found->if_object();
    };
    if (const json::object* binding = member("binding"))
        return Response(row_from(*binding));
    if (const json::object* counters = member("counters"))
        return statistics_from(*counters);
    if (const json::string* notice = text_at(*object, "notice"))
        return Response(Notice{std::string(notice->data(), notice->size())});
    if (object->size() == 1 && is_record_kind(object->begin()->key()) &&
        object->begin()->value().is_object())
        return record_from(object->begin()->key(), object->begin()->value().get_object());
    if (const json::string* end = text_at(*object, "end"))
        return end_from(*object, {end->data(), end->size()});
    return std::string("a line of the answer is of no known kind");
}

std::string to_line(const Response& response) {
    return std::visit([](const auto& each) { return json::serialize(line_of(each)); }, response) +
           "\n";
}

std::string to_json(const BindingRow& row) { return json::serialize(object_of(row)); }

std::string to_json(const Notice& notice) { return json::serialize(line_of(notice)); }

std::string to_json(const Record& record) { return json::serialize(line_of(record)); }

std::string to_json(const Statistics& statistics) { return json::serialize(object_of(statistics)); }

} // namespace roundabout::admin
