#pragma once

#include "config/load.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

template <>
struct doctest::StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines)
            text += "\n    " + line;
        return text.c_str();
    }
};

namespace roundabout::config::testing {

inline std::vector<std::string> texts(const std::vector<Problem>& problems) {
    std::vector<std::string> out;
    out.reserve(problems.size());
    for (const Problem& problem : problems)
        out.push_back(to_string(problem));
    return out;
}

/// Everything that is wrong with the text, each as it would be printed; the file is "r.toml".
inline std::vector<std::string> errors_of(std::string_view toml) {
    return texts(load_text(toml, "r.toml").problems());
}

inline std::vector<std::string> warnings_of(std::string_view toml) {
    return texts(load_text(toml, "r.toml").warnings);
}

/// The configuration that the text makes; the test fails if it makes none.
inline Config good(std::string_view toml) {
    Loaded loaded = load_text(toml, "r.toml");
    for (const std::string& text : texts(loaded.problems()))
        MESSAGE(text);
    REQUIRE(loaded.config() != nullptr);
    return std::get<Config>(std::move(loaded.result));
}

/// A listener for each transport over IPv4, and the certificate that two of them need.
inline constexpr std::string_view five_listeners = R"(
[[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
[[listen]]
transport = "tcp"
bind = "192.0.2.1:5060"
[[listen]]
transport = "tls"
bind = "192.0.2.1:5061"
[[listen]]
transport = "ws"
bind = "192.0.2.1:80"
[[listen]]
transport = "wss"
bind = "192.0.2.1:443"
[tls]
certificate = "/c.pem"
key = "/k.pem"
)";

/// `top`, then the five listeners, then `rest`.
inline std::string with_listeners(std::string_view top, std::string_view rest) {
    return std::string(top) + std::string(five_listeners) + std::string(rest);
}

} // namespace roundabout::config::testing
