#include "admin/protocol.hpp"
#include "registration/aor.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <utility>

namespace roundabout::admin {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, Command>, 5> commands{{
    {"list", Command::list},
    {"show", Command::show},
    {"purge", Command::purge},
    {"stats", Command::stats},
    {"reload", Command::reload},
}};
/// 68 years: past any expiry, and short of an overflow.
constexpr std::int64_t longest_wait = 0x7FFFFFFF;

using Problem = std::optional<std::string>;

Problem take_text(BindingFilter& filter, std::string_view key, const std::string& text) {
    if (key == "id") {
        filter.id = parse_id(text);
        if (!filter.id)
            return "\"id\" is no binding's id";
    } else if (key == "aor") {
        Result<std::string> aor = registration::canonical_aor(text);
        if (!aor)
            return "\"aor\" is no SIP URI";
        filter.aor = std::move(*aor);
    } else if (key == "user") {
        filter.user = text;
    } else if (key == "server") {
        filter.server = text;
    } else if (key == "transport") {
        const Result<Transport> transport = parse_transport(text);
        if (!transport)
            return "\"transport\" is none of udp, tcp, tls, ws, wss";
        filter.transport = *transport;
    } else {
        return "\"" + std::string(key) + "\" is no condition on text";
    }
    return std::nullopt;
}

Problem take_condition(BindingFilter& filter, std::string_view key, const json::value& value) {
    if (const json::string* text = value.if_string())
        return take_text(filter, key, std::string(text->data(), text->size()));
    if (key == "expiring_within") {
        const std::int64_t* seconds = value.if_int64();
        if (seconds == nullptr || *seconds < 0 || *seconds > longest_wait)
            return "\"expiring_within\" is no number of seconds";
        filter.expiring_within = std::chrono::seconds(*seconds);
        return std::nullopt;
    }
    if (key == "expired" && value.is_bool()) {
        filter.expired = value.get_bool();
        return std::nullopt;
    }
    return "\"" + std::string(key) + "\" is no condition, or its value is of another kind";
}

Problem take_command(Request& request, const json::value& value) {
    const json::string* word = value.if_string();
    for (const auto& [name, command] : commands) {
        if (word != nullptr && *word == name) {
            request.command = command;
            return std::nullopt;
        }
    }
    return "\"command\" is none of list, show, purge, stats, reload";
}

Problem take_member(Request& request, std::string_view key, const json::value& value) {
    if (key == "command")
        return take_command(request, value);
    if (key == "all" && value.is_bool()) {
        request.all = value.get_bool();
        return std::nullopt;
    }
    const json::object* filter = value.if_object();
    if (key != "filter" || filter == nullptr)
        return "\"" + std::string(key) + "\" is no member of a request";
    for (const json::key_value_pair& condition : *filter) {
        if (Problem problem = take_condition(request.filter, condition.key(), condition.value()))
            return problem;
    }
    return std::nullopt;
}

Problem fault_of(const Request& request) {
    if (request.command == Command::show && !request.filter.id && !request.filter.aor)
        return "show needs an id or an aor";
    if (request.command == Command::reload && (request.all || !request.filter.empty()))
        return "reload knows no conditions";
    if (request.command == Command::purge && request.all != request.filter.empty())
        return "purge needs either a condition or \"all\"";
    return std::nullopt;
}

} // namespace

Parsed<Request> parse_request(std::string_view line) {
    boost::system::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error);
    if (error || !value.is_object())
        return std::string("a request is one JSON object on a line");
    if (!value.get_object().contains("command"))
        return std::string("a request has a \"command\"");
    Request request;
    for (const json::key_value_pair& member : value.get_object()) {
        if (Problem problem = take_member(request, member.key(), member.value()))
            return std::move(*problem);
    }
    if (Problem problem = fault_of(request))
        return std::move(*problem);
    return request;
}

std::string to_line(const Request& request) {
    json::object filter;
    if (request.filter.id)
        filter["id"] = id_text(*request.filter.id);
    if (request.filter.aor)
        filter["aor"] = to_utf8(*request.filter.aor);
    if (request.filter.user)
        filter["user"] = to_utf8(*request.filter.user);
    if (request.filter.server)
        filter["server"] = to_utf8(*request.filter.server);
    if (request.filter.transport)
        filter["transport"] = name(*request.filter.transport);
    if (request.filter.expiring_within)
        filter["expiring_within"] = request.filter.expiring_within->count();
    if (request.filter.expired)
        filter["expired"] = true;
    json::object object;
    for (const auto& [word, command] : commands) {
        if (command == request.command)
            object["command"] = word;
    }
    if (!filter.empty())
        object["filter"] = std::move(filter);
    if (request.all)
        object["all"] = true;
    return json::serialize(object) + "\n";
}

} // namespace roundabout::admin
