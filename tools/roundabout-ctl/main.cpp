#include "roundabout-ctl/options.hpp"
#include "roundabout-ctl/printer.hpp"
#include "roundabout-ctl/reach.hpp"
#include "roundabout-ctl/tracing.hpp"
#include "roundabout-ctl/watching.hpp"

#include <exception>
#include <iostream>
#include <unistd.h>

namespace {

using namespace roundabout;
using ctl::Exit;

Exit complain(std::string_view sentence, Exit exit) {
    std::cerr << "roundabout-ctl: " << sentence << '\n';
    return exit;
}

/// Asks on the terminal. Nothing: go on.
std::optional<Exit> confirm(const ctl::Options& options) {
    if (!options.request.all || options.yes)
        return std::nullopt;
    if (::isatty(STDIN_FILENO) == 0)
        return complain("purge --all without a terminal needs --yes", Exit::usage);
    std::cerr << "End every binding? The clients can't be called until they register again. [y/N] ";
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "yes")
        return std::nullopt;
    return complain("nothing was done", Exit::refused);
}

bool is_of_bindings(admin::Command command) {
    return command == admin::Command::list || command == admin::Command::show ||
           command == admin::Command::purge;
}

ctl::Reached<admin::End> ask(const ctl::Options& options, const ctl::Sink& sink) {
    const bool to_proxy_alone = !is_of_bindings(options.request.command) &&
                                options.request.command != admin::Command::stats;
    if (options.socket.empty() && !to_proxy_alone)
        return ctl::ask_database(options.database, options.request, sink);
    auto answer = ctl::ask_proxy(options.socket, options.request, sink);
    if (answer || !answer.error().down || options.database.empty() || to_proxy_alone)
        return answer;
    return ctl::ask_database(options.database, options.request, sink);
}

void tell_purged(const admin::End& end, bool json) {
    if (json)
        std::cout << "{\"purged\":" << end.matched
                  << ",\"stored\":" << (end.stored ? "true" : "false") << "}\n";
    else
        std::cout << end.matched << (end.matched == 1 ? " binding" : " bindings") << " ended"
                  << (end.stored ? "" : "; the file does not say so yet") << '\n';
}

Exit conclude(const ctl::Options& options, const admin::End& end) {
    switch (end.ending) {
    case admin::Ending::ok:
        break;
    case admin::Ending::refused:
        return complain(end.reason, Exit::refused);
    case admin::Ending::malformed:
        return complain("the proxy does not understand: " + end.reason, Exit::usage);
    case admin::Ending::failed:
        return complain(end.reason, options.request.command == admin::Command::reload ||
                                            options.request.command == admin::Command::explain
                                        ? Exit::refused
                                        : Exit::unreachable);
    }
    if (!is_of_bindings(options.request.command))
        return Exit::ok;
    if (options.request.command == admin::Command::purge)
        tell_purged(end, options.json);
    return end.matched == 0 ? Exit::nothing_matched : Exit::ok;
}

ctl::Reached<admin::End> print(const ctl::Options& options) {
    if (options.watch)
        return ctl::watch(options, std::cout);
    if (options.request.command == admin::Command::trace) {
        ctl::Tracing tracing(options, std::cout);
        if (auto problem = tracing.open())
            return ctl::Unreached{std::move(*problem), false, false};
        return ask(options, [&](const admin::Response& response) { tracing.show(response); });
    }
    ctl::Printer printer(std::cout, options.request.command, options.json);
    auto answer = ask(options, [&](const admin::Response& response) { printer.print(response); });
    printer.finish();
    return answer;
}

Exit run(const ctl::Options& options) {
    if (const auto ending = confirm(options))
        return *ending;
    const auto answer = print(options);
    if (!answer)
        return complain(answer.error().reason,
                        answer.error().refused ? Exit::refused : Exit::unreachable);
    return conclude(options, *answer);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const auto parsed = ctl::parse_options(argc, argv);
        if (const auto* ending = std::get_if<ctl::Ending>(&parsed)) {
            (ending->exit == Exit::ok ? std::cout : std::cerr) << ending->text;
            return static_cast<int>(ending->exit);
        }
        return static_cast<int>(run(std::get<ctl::Options>(parsed)));
    } catch (const std::exception& error) {
        return static_cast<int>(complain(error.what(), Exit::unreachable));
    }
}
