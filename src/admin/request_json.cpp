#include "admin/protocol.hpp"
#include "registration/aor.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace roundabout::admin {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 11> commands{"list",   "show",    "purge",    "stats",
                                                    "reload", "status",  "servers",  "flows",
                                                    "trace",  "explain", "take-over"};
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
    const auto command =
        word == nullptr ? std::nullopt : parse_command({word->data(), word->size()});
    if (command) {
        request.command = *command;
        return std::nullopt;
    }
    std::string known;
    for (const std::string_view each : commands)
        known.append(known.empty() ? "" : ", ").append(each);
    return "\"command\" is none of " + known;
}

Problem take_trace(TraceFilter& trace, std::string_view key, const json::value& value) {
    const std::int64_t* number = value.if_int64();
    if (key == "port" && number != nullptr && *number > 0 && *number <= 0xFFFF) {
        trace.port = static_cast<std::uint16_t>(*number);
        return std::nullopt;
    }
    const json::string* found = value.if_string();
    const std::string text = found == nullptr ? "" : std::string(found->data(), found->size());
    if (found != nullptr && key == "user") {
        trace.user = text;
    } else if (found != nullptr && key == "call_id") {
        trace.call_id = text;
    } else if (found != nullptr && key == "server") {
        trace.server = text;
    } else if (found != nullptr && key == "source") {
        const auto address = IpAddress::parse(text);
        if (!address)
            return "\"source\" is no address";
        trace.source = *address;
    } else {
        return "\"" + std::string(key) + "\" is no condition of a trace, or of another kind";
    }
    return std::nullopt;
}

Problem take_endpoint(std::string_view key, const std::string& text, Endpoint& into) {
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint)
        return "\"" + std::string(key) + "\" is no address with a port";
    into = *endpoint;
    return std::nullopt;
}

Problem take_question(Question& question, std::string_view key, const json::value& value) {
    const json::string* found = value.if_string();
    if (found == nullptr)
        return "\"" + std::string(key) + "\" is no text";
    const std::string text(found->data(), found->size());
    if (key == "message") {
        question.message = text;
    } else if (key == "message_base64url") {
        question.message = Record{"", {{std::string(key), text}}}.bytes("message");
    } else if (key == "source") {
        return take_endpoint(key, text, question.source);
    } else if (key == "at") {
        return take_endpoint(key, text, question.at.emplace());
    } else if (key == "transport") {
        const Result<Transport> transport = parse_transport(text);
        if (!transport)
            return "\"transport\" is none of udp, tcp, tls, ws, wss";
        question.transport = *transport;
    } else {
        return "\"" + std::string(key) + "\" is no part of what is to be explained";
    }
    return std::nullopt;
}

Problem take_member(Request& request, std::string_view key, const json::value& value) {
    if (key == "command")
        return take_command(request, value);
    if (key == "all" && value.is_bool()) {
        request.all = value.get_bool();
        return std::nullopt;
    }
    const json::object* parts = value.if_object();
    if (parts == nullptr || (key != "filter" && key != "trace" && key != "explain"))
        return "\"" + std::string(key) + "\" is no member of a request";
    for (const json::key_value_pair& part : *parts) {
        Problem problem = key == "filter" ? take_condition(request.filter, part.key(), part.value())
                          : key == "trace"
                              ? take_trace(request.trace, part.key(), part.value())
                              : take_question(request.explain, part.key(), part.value());
        if (problem)
            return problem;
    }
    return std::nullopt;
}

bool takes_filter(Command command) noexcept {
    return command == Command::list || command == Command::show || command == Command::purge;
}

Problem fault_of(const Request& request) {
    if (request.command == Command::show && !request.filter.id && !request.filter.aor)
        return "show needs an id or an aor";
    if (!takes_filter(request.command) && request.command != Command::stats &&
        (request.all || !request.filter.empty()))
        return std::string(name(request.command)) + " knows no conditions";
    if (request.command != Command::trace && request.trace != TraceFilter{})
        return "\"trace\" is for trace alone";
    if (request.command != Command::explain && request.explain != Question{})
        return "\"explain\" is for explain alone";
    if (request.command == Command::explain && request.explain.message.empty())
        return "explain needs a message";
    if (request.command == Command::purge && request.all != request.filter.empty())
        return "purge needs either a condition or \"all\"";
    return std::nullopt;
}

} // namespace

std::string_view name(Command command) noexcept {
    return commands[static_cast<std::size_t>(command)];
}

std::optional<Command> parse_command(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(commands, name);
    if (found == commands.end())
        return std::nullopt;
    return static_cast<Command>(found - commands.begin());
}

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

namespace {

json::object object_of(const BindingFilter& conditions) {
    json::object filter;
    if (conditions.id)
        filter["id"] = id_text(*conditions.id);
    if (conditions.aor)
        filter["aor"] = to_utf8(*conditions.aor);
    if (conditions.user)
        filter["user"] = to_utf8(*conditions.user);
    if (conditions.server)
        filter["server"] = to_utf8(*conditions.server);
    if (conditions.transport)
        filter["transport"] = name(*conditions.transport);
    if (conditions.expiring_within)
        filter["expiring_within"] = conditions.expiring_within->count();
    if (conditions.expired)
        filter["expired"] = true;
    return filter;
}

json::object object_of(const TraceFilter& conditions) {
    json::object trace;
    if (conditions.user)
        trace["user"] = to_utf8(*conditions.user);
    if (conditions.call_id)
        trace["call_id"] = to_utf8(*conditions.call_id);
    if (conditions.server)
        trace["server"] = to_utf8(*conditions.server);
    if (conditions.source)
        trace["source"] = conditions.source->to_string();
    if (conditions.port)
        trace["port"] = *conditions.port;
    return trace;
}

json::object object_of(const Question& question) {
    json::object explain;
    if (question.message.empty())
        return explain;
    Record message;
    message.add_bytes("message", question.message);
    explain[message.fields.front().first] = std::get<std::string>(message.fields.front().second);
    explain["source"] = question.source.to_string();
    explain["transport"] = name(question.transport);
    if (question.at)
        explain["at"] = question.at->to_string();
    return explain;
}

} // namespace

std::string to_line(const Request& request) {
    json::object object;
    object["command"] = name(request.command);
    const auto add = [&object](std::string_view key, json::object part) {
        if (!part.empty())
            object[key] = std::move(part);
    };
    add("filter", object_of(request.filter));
    add("trace", object_of(request.trace));
    add("explain", object_of(request.explain));
    if (request.all)
        object["all"] = true;
    return json::serialize(object) + "\n";
}

} // namespace roundabout::admin
