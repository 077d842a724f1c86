#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace roundabout::config {

/// A place in the configuration file, both from 1; line 0: nowhere in particular.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    friend bool operator==(const Position&, const Position&) = default;
};

/// One thing that is wrong in a configuration, or, as a warning, one that its author should know.
struct Problem {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string key;     ///< "server.port"; empty where no key is concerned (syntax, file)
    std::string message; ///< what is wrong; no full stop
    std::string remedy;  ///< what to write instead; no full stop; may be empty for a warning

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// "roundabout.toml:12:8: server.port: 70000 is no port; write a number from 1 to 65535".
[[nodiscard]] std::string to_string(const Problem& problem);

/// What a pass over a configuration found.
struct Findings {
    std::vector<Problem> errors;
    std::vector<Problem> warnings;
};

} // namespace roundabout::config
