#include "config/limit_keys.hpp"

#include <array>
#include <cmath>
#include <string_view>
#include <variant>

namespace roundabout::config {
namespace {

using Count = std::uint64_t Limits::*;
using Time = std::chrono::milliseconds Limits::*;

struct Key {
    std::string_view name;
    std::variant<Count, Time> value;
    double least; ///< a count, or seconds
    double most;
};

constexpr double day = 86'400;
constexpr double many = 10'000'000;
constexpr double large = 1 << 30U;
constexpr double largest_message = 64 << 20U;

constexpr auto keys = std::to_array<Key>({
    {"message", &Limits::message, 1024, largest_message},
    {"header", &Limits::header, 1024, largest_message},
    {"http_header", &Limits::http_header, 512, 1 << 20U},
    {"message_time", &Limits::message_time, 0.1, day},
    {"connections", &Limits::connections, 1, many},
    {"connections_per_source", &Limits::connections_per_source, 1, many},
    {"handshakes", &Limits::handshakes, 1, many},
    {"handshakes_per_source", &Limits::handshakes_per_source, 1, many},
    {"handshake_time", &Limits::handshake_time, 0.1, day},
    {"idle_time", &Limits::idle_time, 0.1, day},
    {"websocket_idle_time", &Limits::websocket_idle_time, 0.1, day},
    {"answer_time", &Limits::answer_time, 0.1, 60},
    {"keepalive_interval", &Limits::keepalive_interval, 0, day},
    {"keepalive_answer_time", &Limits::keepalive_answer_time, 0.1, 600},
    {"udp_keepalive_interval", &Limits::udp_keepalive_interval, 0, day},
    {"transactions", &Limits::transactions, 1, 100 * many},
    {"retry_after", &Limits::retry_after, 1, 3600},
    {"messages_per_source", &Limits::messages_per_source, 1, many},
    {"messages_burst", &Limits::messages_burst, 1, many},
    {"client_messages", &Limits::client_messages, 0, many},
    {"client_burst", &Limits::client_burst, 1, many},
    {"sources", &Limits::sources, 16, many},
    {"queue_messages", &Limits::queue_messages, 1, many},
    {"queue_bytes", &Limits::queue_bytes, 1024, large},
    {"udp_queue_messages", &Limits::udp_queue_messages, 1, many},
    {"udp_queue_bytes", &Limits::udp_queue_bytes, 65'536, large},
    {"udp_receive_buffer", &Limits::udp_receive_buffer, 65'536, large},
    {"udp_send_buffer", &Limits::udp_send_buffer, 65'536, large},
    {"backlog", &Limits::backlog, 1, 65'535},
    {"accept_pause", &Limits::accept_pause, 0.001, 10},
});

void check_part(std::string_view part, std::uint64_t size, std::string_view whole,
                std::uint64_t bound, Report& report) {
    const std::string part_path = "limits." + std::string(part);
    const std::string whole_path = "limits." + std::string(whole);
    if (size <= bound || report.is_faulty(part_path) || report.is_faulty(whole_path))
        return;
    // Where only the whole was written, it is the whole that has to be looked at.
    const bool blame_part = report.is_written(part_path) || !report.is_written(whole_path);
    report.error(blame_part ? part_path : whole_path,
                 std::string(part) + " is " + std::to_string(size) + " and " + std::string(whole) +
                     " only " + std::to_string(bound),
                 "write " + std::string(part) + " = " + std::to_string(bound) +
                     " or less, or a larger " + std::string(whole));
}

} // namespace

void interpret_limits(Section& section, Limits& limits) {
    for (const Key& key : keys) {
        if (const auto* count = std::get_if<Count>(&key.value)) {
            if (const auto value = section.integer(key.name, static_cast<std::int64_t>(key.least),
                                                   static_cast<std::int64_t>(key.most)))
                limits.*(*count) = static_cast<std::uint64_t>(*value);
        } else if (const auto value = section.number(key.name, key.least, key.most)) {
            limits.*std::get<Time>(key.value) =
                std::chrono::milliseconds(static_cast<std::int64_t>(std::lround(*value * 1000)));
        }
    }
}

void validate_limits(const Limits& limits, Report& report) {
    check_part("header", limits.header, "message", limits.message, report);
    check_part("message", limits.message, "queue_bytes", limits.queue_bytes, report);
    check_part("connections_per_source", limits.connections_per_source, "connections",
               limits.connections, report);
    check_part("handshakes_per_source", limits.handshakes_per_source, "handshakes",
               limits.handshakes, report);
}

std::vector<std::pair<std::string, std::string>> describe_limits(const Limits& limits) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const Key& key : keys) {
        const auto* count = std::get_if<Count>(&key.value);
        all.emplace_back(key.name, count != nullptr
                                       ? std::to_string(limits.*(*count))
                                       : seconds_text(limits.*std::get<Time>(key.value)));
    }
    return all;
}

std::string seconds_text(std::chrono::milliseconds time) {
    std::string text = std::to_string(time.count() / 1000);
    if (const auto rest = time.count() % 1000; rest != 0) {
        text += "." + std::to_string(1000 + rest).substr(1);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text;
}

} // namespace roundabout::config
