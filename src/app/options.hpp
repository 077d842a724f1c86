#pragma once

#include "config/flags.hpp"
#include "csr/order.hpp"

#include <optional>
#include <string>
#include <variant>

namespace roundabout::app {

/// What the command line asks for.
struct Options {
    std::string config_file; ///< empty: flags are all
    config::Flags flags;
    std::optional<csr::Order> request; ///< make a certificate signing request and end
    bool take_over = false;            ///< take the place of the process that runs
    bool check = false; ///< say what is wrong with the configuration or print it as TOML, and end
};

/// The command line understood; or a text to print and the exit code to end with.
struct Ending {
    std::string text;
    int exit_code = 0;
};

/// Long options by one dash or two, their values after a space or '='. A command line without any
/// is refused: it would relay for everybody.
[[nodiscard]] std::variant<Options, Ending> parse_options(int argc, const char* const* argv);

} // namespace roundabout::app
