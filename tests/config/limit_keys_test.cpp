#include "config/limit_keys.hpp"
#include "config/loading.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

constexpr std::string_view small = R"([[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
[[server]]
name = "pbx"
addresses = ["192.0.2.10"]
[limits]
)";

std::vector<std::string> limit_errors(std::string_view lines) {
    return errors_of(std::string(small) + std::string(lines));
}

std::vector<std::string> one(std::string text) { return {std::move(text)}; }

} // namespace

TEST_CASE("limits: each key reaches its place, and no other") {
    const auto defaults = describe_limits(Limits{});
    for (std::size_t i = 0; i < defaults.size(); ++i) {
        auto expected = defaults;
        auto& [key, value] = expected[i];
        CAPTURE(key);
        Node node;
        if (key.ends_with("_time") || key == "accept_pause") {
            node.value = 1.25;
            value = "1.25";
        } else {
            const std::int64_t other = std::max(std::stoll(value) / 2, 1LL);
            node.value = other;
            value = std::to_string(other);
        }
        Report report("r.toml");
        const Table table{{key, {}, node}};
        Section section(table, "limits", report);
        Limits limits;
        interpret_limits(section, limits);
        section.finish();
        CHECK(report.error_count() == 0);
        CHECK(describe_limits(limits) == expected);
    }
}

TEST_CASE("limits: a value that makes no sense is told the range") {
    CHECK(limit_errors("connections = 0\n") ==
          one("r.toml:8:15: limits.connections: 0 is out of range; write a number from 1 to "
              "10000000"));
    CHECK(limit_errors("message = 10\nheader = 5\n").size() == 2);
    CHECK(limit_errors("handshake_time = 0\n") ==
          one("r.toml:8:18: limits.handshake_time: 0 is out of range; write a number from 0.1 to "
              "86400"));
    CHECK(limit_errors("idle_time = \"1h\"\n").size() == 1);
    CHECK(limit_errors("conections = 10\n") ==
          one("r.toml:8:1: limits.conections: unknown key; write connections"));
}

TEST_CASE("limits: a part that is larger than its whole is an error where it was written") {
    CHECK(limit_errors("connections = 100\nconnections_per_source = 200\n") ==
          one("r.toml:9:26: limits.connections_per_source: connections_per_source is 200 and "
              "connections only 100; write connections_per_source = 100 or less, or a larger "
              "connections"));
    CHECK(limit_errors("connections = 100\n") ==
          one("r.toml:8:15: limits.connections: connections_per_source is 2000 and connections "
              "only 100; write connections_per_source = 100 or less, or a larger connections"));
    CHECK(limit_errors("header = 400000\n").size() == 1);
    CHECK(limit_errors("queue_bytes = 100000\n").size() == 1);
    CHECK(limit_errors("handshakes = 10\nhandshakes_per_source = 11\n").size() == 1);
    CHECK(limit_errors("handshakes = 10\nhandshakes_per_source = 10\n").empty());
}

TEST_CASE("limits: the example file shows each key with its default") {
    std::ifstream file(ROUNDABOUT_SOURCE "/etc/roundabout.toml");
    std::stringstream text;
    text << file.rdbuf();
    for (const auto& [key, value] : describe_limits(Limits{}))
        CHECK_MESSAGE(text.str().find("\n#" + key + " = " + value + "\n") != std::string::npos,
                      key);
}

TEST_CASE("seconds: as many decimals as are needed") {
    using namespace std::chrono_literals;
    CHECK(seconds_text(2s) == "2");
    CHECK(seconds_text(250ms) == "0.25");
    CHECK(seconds_text(1001ms) == "1.001");
    CHECK(seconds_text(0ms) == "0");
}
