#include "roundabout-ctl/watching.hpp"

#include "roundabout-ctl/printer.hpp"

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace roundabout::ctl {
namespace {

using admin::Command;
using admin::Record;
using Clock = std::chrono::steady_clock;

/// One look: what the proxy said, and when.
struct Look {
    std::vector<Record> records;
    Record status;
    Clock::time_point at;
};

Reached<Look> look_at(const Options& options) {
    Look look;
    admin::Request request;
    for (const Command command : {Command::status, Command::servers}) {
        request.command = command;
        const auto answer =
            ask_proxy(options.socket, request, [&look](const admin::Response& response) {
                const auto* record = std::get_if<Record>(&response);
                if (record == nullptr)
                    return;
                if (record->kind == "status")
                    look.status = *record;
                else if (record->kind == "server")
                    look.records.push_back(*record);
            });
        if (!answer)
            return answer.error();
    }
    look.at = Clock::now();
    return look;
}

/// What a counter gained a second; 0 over a restart.
std::int64_t rate(const Look& before, const Look& now, std::string_view key) {
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.at - before.at).count();
    const std::int64_t gained = now.status.number(key) - before.status.number(key);
    return millis <= 0 || gained < 0 ? 0 : gained * 1000 / millis;
}

Record watch_record(const Look& before, const Look& now) {
    Record record = now.status;
    record.kind = "watch";
    record.add("received_a_second", rate(before, now, "received"));
    record.add("sent_a_second", rate(before, now, "sent"));
    return record;
}

void show(const Options& options, const Look& before, const Look& now, std::ostream& out) {
    const Record watched = watch_record(before, now);
    if (options.json) {
        out << admin::to_json(watched) << '\n' << std::flush;
        return;
    }
    if (::isatty(STDOUT_FILENO) != 0)
        out << "\033[H\033[2J"; // top left, and nothing of the look before
    Printer printer(out, Command::status, false);
    printer.print(admin::Response(now.status));
    pad(out, "a second", 14);
    out << watched.number("received_a_second") << " received, " << watched.number("sent_a_second")
        << " sent\n";
    for (const Record& server : now.records)
        printer.print(admin::Response(server));
    printer.finish();
    out << '\n' << std::flush;
}

} // namespace

Reached<admin::End> watch(const Options& options, std::ostream& out) {
    std::optional<Look> before;
    for (long looks = 1; true; ++looks) {
        Reached<Look> now = look_at(options);
        if (now) {
            show(options, before ? *before : *now, *now, out);
            before = std::move(*now);
        } else if (!before) {
            return now.error();
        } else if (!options.json) {
            out << now.error().reason << '\n' << std::flush;
        }
        if (options.count != 0 && looks >= options.count)
            break;
        std::this_thread::sleep_for(options.interval);
    }
    admin::End end;
    end.matched = 1;
    return end;
}

} // namespace roundabout::ctl
