#include "config/difference.hpp"
#include "config/loading.hpp"

using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

using Lines = std::vector<std::string>;

const std::string listener = "[[listen]]\ntransport = \"udp\"\nbind = \"192.0.2.1\"\n";

std::string server(const std::string& name, const std::string& more = "") {
    return "[[server]]\nname = \"" + name +
           "\"\naddresses = [\"192.0.2.9\"]\ntransport = \"udp\"\n" + more;
}

} // namespace

TEST_CASE("difference: none between the same, however it is written") {
    CHECK(difference(good(listener), good("drain = 5\n" + listener)).empty());
}

TEST_CASE("difference: a changed key is shown as it was and as it is") {
    CHECK(difference(good(listener), good("drain = 7\n" + listener)) ==
          Lines{"- drain = 5", "+ drain = 7"});
}

TEST_CASE("difference: a server is known by its name, not by its place") {
    const auto before =
        good(listener + server("a", "port = 5061\n") + server("b", "port = 5062\n"));
    const auto after = good(listener + server("b", "port = 5063\n") + server("a", "port = 5061\n"));
    CHECK(difference(before, after) ==
          Lines{"- [[server]] b: port = 5062", "+ [[server]] b: port = 5063"});
}

TEST_CASE("difference: tables that came or went are shown key by key") {
    const auto with = good(listener + "[[listen]]\ntransport = \"tcp\"\nbind = \"192.0.2.1\"\n");
    const Lines lines = difference(good(listener), with);
    REQUIRE_FALSE(lines.empty());
    for (const std::string& line : lines)
        CHECK(line.starts_with("+ [[listen]] tcp 192.0.2.1:5060: "));
    CHECK(difference(with, good(listener)).size() == lines.size());
}
