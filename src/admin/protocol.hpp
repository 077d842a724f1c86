#pragma once

#include "admin/binding_filter.hpp"
#include "admin/binding_row.hpp"
#include "admin/record.hpp"
#include "admin/statistics.hpp"
#include "admin/trace_filter.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What is said over the control socket: a line of JSON each way.
///
/// A request is one object: {"command":"list","filter":{"user":"alice"}}. The answer is any number
/// of lines and one that ends it: {"binding":{...}} for each binding, {"counters":{...}},
/// {"notice":"+ drain = 7"} for each line that reload has to say, a Record under its kind for what
/// the other commands have to say, then {"end":"ok","matched":2}. Further requests may follow on
/// the same connection; a trace goes on until the next one, or the connection's end.
namespace roundabout::admin {

enum class Command : std::uint8_t {
    list,
    show,
    purge,
    stats,
    reload,
    status,
    servers,
    flows,
    trace,
    explain,
    take_over, ///< the line that ends the answer comes with one end of a link; HandOver
};

/// "list" and so on.
[[nodiscard]] std::string_view name(Command command) noexcept;
[[nodiscard]] std::optional<Command> parse_command(std::string_view name) noexcept;

/// A request that is to be explained, and how it would come in.
struct Question {
    std::string message; ///< as received
    Endpoint source;
    Transport transport = Transport::udp;
    std::optional<Endpoint> at; ///< the listener's address; else the first of that transport

    friend bool operator==(const Question&, const Question&) = default;
};

struct Request {
    Command command = Command::list;
    BindingFilter filter;
    bool all = false;  ///< purge: every binding. A purge has this or a condition, never neither
    TraceFilter trace; ///< trace alone
    Question explain;  ///< explain alone, which must have a message

    friend bool operator==(const Request&, const Request&) = default;
};

/// How an answer ends.
enum class Ending : std::uint8_t {
    ok,
    refused,   ///< whoever asks may not do that
    malformed, ///< the request is not one
    failed,    ///< something else, see the reason
};

struct End {
    Ending ending = Ending::ok;
    std::string reason;        ///< a sentence, unless ok
    std::uint64_t matched = 0; ///< bindings listed or purged
    bool stored = true;        ///< purge: the file has it too; false: memory only so far

    friend bool operator==(const End&, const End&) = default;
};

/// A line for whoever asked, of an answer to reload.
struct Notice {
    std::string text;

    friend bool operator==(const Notice&, const Notice&) = default;
};

using Response = std::variant<BindingRow, Statistics, Notice, Record, End>;

/// A value, or in a sentence what is wrong with the line.
template <class T>
using Parsed = boost::system::result<T, std::string>;

/// The longest request that is read, its line end included.
inline constexpr std::size_t max_request = std::size_t{512} * 1024;

/// The keys of "filter": "id", "aor", "user", "server", "transport" (text), "expiring_within"
/// (seconds), "expired" (true). An unknown key is an error: a condition that is not understood must
/// not widen a purge. Those of "trace": "user", "call_id", "server", "source" (an address), "port".
/// Those of "explain": "message" or "message_base64url", "source" (with its port), "transport",
/// "at".
[[nodiscard]] Parsed<Request> parse_request(std::string_view line);
[[nodiscard]] Parsed<Response> parse_response(std::string_view line);

/// With the line end.
[[nodiscard]] std::string to_line(const Request& request);
[[nodiscard]] std::string to_line(const Response& response);

/// What stands under "binding" and "counters": one JSON object, no line end.
[[nodiscard]] std::string to_json(const BindingRow& row);
[[nodiscard]] std::string to_json(const Statistics& statistics);
/// The whole object.
[[nodiscard]] std::string to_json(const Notice& notice);
[[nodiscard]] std::string to_json(const Record& record);

} // namespace roundabout::admin
