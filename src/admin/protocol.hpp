#pragma once

#include "admin/binding_filter.hpp"
#include "admin/binding_row.hpp"
#include "admin/statistics.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// What is said over the control socket: a line of JSON each way.
///
/// A request is one object: {"command":"list","filter":{"user":"alice"}}. The answer is any number
/// of lines and one that ends it: {"binding":{...}} for each binding, {"counters":{...}},
/// {"notice":"+ drain = 7"} for each line that reload has to say, then {"end":"ok","matched":2}.
/// Further requests may follow on the same connection.
namespace roundabout::admin {

enum class Command : std::uint8_t { list, show, purge, stats, reload };

struct Request {
    Command command = Command::list;
    BindingFilter filter;
    bool all = false; ///< purge: every binding. A purge has this or a condition, never neither

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

using Response = std::variant<BindingRow, Statistics, Notice, End>;

/// A value, or in a sentence what is wrong with the line.
template <class T>
using Parsed = boost::system::result<T, std::string>;

/// The longest request that is read, its line end included.
inline constexpr std::size_t max_request = 4096;

/// The keys of "filter": "id", "aor", "user", "server", "transport" (text), "expiring_within"
/// (seconds), "expired" (true). An unknown key is an error: a condition that is not understood must
/// not widen a purge.
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

} // namespace roundabout::admin
