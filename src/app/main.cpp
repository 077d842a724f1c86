#include "app/daemon.hpp"
#include "app/log_setup.hpp"
#include "app/options.hpp"
#include "config/describe.hpp"
#include "config/load.hpp"

#include <exception>
#include <iostream>
#include <memory>

namespace {

using namespace roundabout;

int run(const app::Options& options) {
    const config::Loaded loaded = config::load_file(options.config_file);
    for (const config::Problem& warning : loaded.warnings)
        std::cerr << "warning: " << config::to_string(warning) << '\n';
    for (const config::Problem& problem : loaded.problems())
        std::cerr << config::to_string(problem) << '\n';
    if (loaded.config() == nullptr)
        return 2;
    if (options.check) {
        std::cout << config::describe(*loaded.config());
        return 0;
    }
    app::set_up_log(loaded.config()->log);
    return app::run_daemon(std::make_shared<const config::Config>(*loaded.config()));
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
