#include "roundabout-ctl/records.hpp"

#include "roundabout-ctl/table.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <utility>

namespace roundabout::ctl {
namespace {

using admin::Record;

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts)
        all.append(all.empty() ? "" : ", ").append(text);
    return all;
}

void write_line(std::ostream& out, std::string_view name, const std::string& value) {
    constexpr std::size_t name_width = 14;
    if (value.empty())
        return;
    pad(out, name, name_width);
    out << harmless(value) << '\n';
}

std::string number(const Record& record, std::string_view key) {
    return std::to_string(record.number(key));
}

void write_status(std::ostream& out, const Record& record) {
    const std::string still = record.flag("bindings_complete") ? "" : ", still being read";
    write_line(out, "state", record.text("state"));
    write_line(out, "version",
               record.text("version") + ", process " + number(record, "pid") + ", up " +
                   span_of_time(record.number("uptime")));
    write_line(out, "configuration", record.text("config"));
    write_line(out, "workers", number(record, "workers"));
    write_line(out, "bindings", number(record, "bindings") + still);
    write_line(out, "connections", number(record, "connections"));
    write_line(out, "requests",
               number(record, "requests_under_way") + " under way, " +
                   number(record, "transactions") + " transactions");
    write_line(out, "messages",
               number(record, "received") + " received, " + number(record, "sent") + " sent");
    write_line(out, "store",
               record.flag("store_degraded") ? "degraded: " + record.text("store_problem") + "; " +
                                                   number(record, "store_waiting") + " wait for it"
                                             : "well");
}

const char* sentence(const std::string& verdict) {
    if (verdict == "forward")
        return "it would be forwarded";
    if (verdict == "answer")
        return "it would be answered";
    return verdict == "malformed" ? "it is malformed, and would be answered"
                                  : "it would be dropped";
}

void write_decision(std::ostream& out, const Record& record) {
    std::string verdict = sentence(record.text("verdict"));
    if (record.number("status") != 0)
        verdict += ", with " + number(record, "status");
    write_line(out, "verdict", verdict);
    write_line(out, "why", record.text("rule"));
    write_line(out, "from", record.text("source"));
}

void write_target(std::ostream& out, const Record& record) {
    const std::int64_t q = record.number("q");
    write_line(out, "target",
               record.text("target") + (q == 1000 ? "" : ", q " + std::to_string(q) + "/1000"));
    const char* name = "places";
    for (const std::string& place : record.texts("places"))
        write_line(out, std::exchange(name, ""), place);
    write_line(out, "way", record.text("way"));
    write_line(out, "problem", record.text("problem"));
    for (const std::string& edit : record.texts("edits"))
        out << "  " << harmless(edit) << '\n';
}

} // namespace

std::string span_of_time(std::int64_t seconds) {
    constexpr std::int64_t day = 86'400;
    std::array<char, 16> clock{};
    std::snprintf(clock.data(), clock.size(), "%02d:%02d:%02d",
                  static_cast<int>(seconds % day / 3600), static_cast<int>(seconds % 3600 / 60),
                  static_cast<int>(seconds % 60));
    return (seconds >= day ? std::to_string(seconds / day) + " d " : "") + clock.data();
}

bool has_columns(std::string_view kind) {
    return kind == "listener" || kind == "server" || kind == "flow";
}

std::vector<std::string> heads_of(std::string_view kind) {
    if (kind == "listener")
        return {"TRANSPORT", "LISTENER", "SERVES", "CERTIFICATE"};
    if (kind == "server")
        return {"SERVER", "TRANSPORT", "ADDRESS", "STATE", "FOR", "TIMES DOWN", "BINDINGS"};
    return {"WORKER", "CONNECTION", "TRANSPORT", "REMOTE", "LOCAL", "OPENED BY", "SERVER", "AOR"};
}

std::vector<std::string> cells_of(const Record& record) {
    if (record.kind == "listener") {
        const std::int64_t days = record.number("certificate_days_left");
        const bool tls = record.has("certificate_days_left");
        return {record.text("transport"), record.text("bind"), joined(record.texts("serves")),
                tls ? std::to_string(days) + " days left" : ""};
    }
    if (record.kind == "server")
        return {harmless(record.text("name")),
                record.text("transport"),
                record.text("address"),
                record.text("state"),
                record.has("for") ? span_of_time(record.number("for")) : "",
                number(record, "times_down"),
                number(record, "bindings")};
    return {number(record, "worker"),
            number(record, "connection"),
            record.text("transport"),
            record.text("remote"),
            record.text("local"),
            record.text("direction") == "outgoing" ? "us" : "them",
            harmless(record.text("server")),
            harmless(joined(record.texts("aors")))};
}

void write_lines(std::ostream& out, const Record& record) {
    if (record.kind == "status")
        write_status(out, record);
    else if (record.kind == "decision")
        write_decision(out, record);
    else if (record.kind == "target")
        write_target(out, record);
}

} // namespace roundabout::ctl
