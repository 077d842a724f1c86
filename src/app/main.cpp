#include "app/daemon.hpp"
#include "app/default_listeners.hpp"
#include "app/log_setup.hpp"
#include "app/options.hpp"
#include "app/service_manager.hpp"
#include "app/take_over.hpp"
#include "config/describe.hpp"
#include "config/flag_lines.hpp"
#include "config/load.hpp"

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace roundabout;

/// A folder that a service manager names in the environment; empty: none.
std::string named_folder(const char* variable) {
    const char* folder = std::getenv(variable); // NOLINT(concurrency-mt-unsafe): no threads yet
    return folder != nullptr ? folder : "";
}

config::Source source_of(const app::Options& options) {
    return {options.config_file, options.flags, std::filesystem::current_path().string(),
            named_folder("STATE_DIRECTORY"), named_folder("RUNTIME_DIRECTORY")};
}

/// Who starts it by flags alone has installed nothing. Where it can't be made, the store says what
/// it misses.
void make_folder_of(const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path folder = fs::path(file).parent_path();
    if (fs::create_directory(folder, error))
        fs::permissions(
            folder, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec, error);
}

void print(const config::Loaded& loaded, const config::Flags& flags) {
    const config::Config config = loaded.config() != nullptr ? *loaded.config() : config::Config();
    for (const std::string& line : config::flag_lines(config, flags, loaded.default_listeners))
        std::cerr << line << '\n';
    for (const config::Problem& warning : loaded.warnings)
        std::cerr << "warning: " << config::to_string(warning) << '\n';
    for (const config::Problem& problem : loaded.problems())
        std::cerr << config::to_string(problem) << '\n';
}

/// Nothing, or the exit code: by the control socket that the configuration names.
std::optional<int> take_place(const config::Source& source, std::optional<app::TakeOver>& place) {
    const config::Loaded loaded = config::load(source, {});
    if (loaded.config() == nullptr) {
        print(loaded, source.flags);
        return 2;
    }
    const std::string& control = loaded.config()->control.socket;
    if (control.empty()) {
        std::cerr << "roundabout: without a control socket there is no way to a running process\n";
        return 1;
    }
    auto taken = app::TakeOver::ask(control);
    if (!taken) {
        std::cerr << "roundabout: " << taken.error() << '\n';
        return 1;
    }
    place.emplace(std::move(*taken));
    return std::nullopt;
}

transport::InheritedSockets inherited_sockets(std::optional<app::TakeOver>& take_over) {
    std::vector<std::string> problems;
    transport::InheritedSockets sockets = take_over ? take_over->take_sockets(problems)
                                                    : app::ServiceManager().take_sockets(problems);
    for (const std::string& problem : problems)
        std::cerr << "warning: " << problem << "; it is closed\n";
    return sockets;
}

/// Does not depend on what else runs here at the moment.
int check(const config::Source& source) {
    const config::Loaded loaded = config::load(source, {});
    print(loaded, source.flags);
    if (loaded.config() == nullptr)
        return 2;
    std::cout << config::describe(*loaded.config());
    return 0;
}

int serve(const config::Source& source, std::optional<app::TakeOver> place) {
    transport::InheritedSockets inherited = inherited_sockets(place);
    const config::Loaded loaded =
        config::load(source, [&](Transport transport, const Endpoint& where) {
            return inherited.has(transport, where) ? std::string()
                                                   : app::obstacle_at(transport, where);
        });
    print(loaded, source.flags);
    if (loaded.config() == nullptr)
        return 2;
    if (source.file.empty())
        make_folder_of(loaded.config()->store.path);
    app::set_up_log(loaded.config()->log);
    return app::run_daemon(std::make_shared<const config::Config>(*loaded.config()), source,
                           std::move(inherited), std::move(place));
}

int run(const app::Options& options) {
    if (options.request) {
        csr::Order order = *options.request;
        order.folder = std::filesystem::current_path().string();
        return csr::carry_out(order, std::cout, std::cerr);
    }
    const config::Source source = source_of(options);
    if (options.check)
        return check(source);
    std::optional<app::TakeOver> place;
    if (options.take_over) {
        if (const std::optional<int> ending = take_place(source, place))
            return *ending;
    }
    return serve(source, std::move(place));
}

} // namespace

int main(int argc, char** argv) {
    try {
        const auto parsed = app::parse_options(argc, argv);
        if (const auto* ending = std::get_if<app::Ending>(&parsed)) {
            (ending->exit_code == 0 ? std::cout : std::cerr) << ending->text;
            return ending->exit_code;
        }
        return run(std::get<app::Options>(parsed));
    } catch (const std::exception& error) {
        std::cerr << "roundabout: " << error.what() << '\n';
        return 1;
    }
}
