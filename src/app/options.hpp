#pragma once

#include <string>
#include <variant>

namespace roundabout::app {

/// What the command line asks for.
struct Options {
    std::string config_file;
    bool check = false; ///< read the configuration, say what is wrong or what it means, and end
};

/// The command line understood; or a text to print and the exit code to end with.
struct Ending {
    std::string text;
    int exit_code = 0;
};

[[nodiscard]] std::variant<Options, Ending> parse_options(int argc, const char* const* argv);

} // namespace roundabout::app
