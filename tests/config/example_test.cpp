#include "config/loading.hpp"

#include <fstream>
#include <set>
#include <sstream>

using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

std::vector<std::string> example_lines() {
    std::ifstream file(ROUNDABOUT_SOURCE "/etc/roundabout.toml");
    REQUIRE(file.good());
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

// "#key = value" or "#[section]", where prose has a space after the '#'.
bool is_commented_out(const std::string& line) {
    return line.size() > 1 && line[0] == '#' && line[1] != ' ';
}

// The runs of commented-out lines that follow each other, as first line and line past the last.
std::vector<std::pair<std::size_t, std::size_t>> commented_blocks() {
    const auto lines = example_lines();
    std::vector<std::pair<std::size_t, std::size_t>> blocks;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!is_commented_out(lines[i]))
            continue;
        const std::size_t first = i;
        while (i < lines.size() && is_commented_out(lines[i]))
            ++i;
        blocks.emplace_back(first, i);
    }
    return blocks;
}

std::string text_with(const std::set<std::size_t>& enabled) {
    const auto lines = example_lines();
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i)
        text += (enabled.contains(i) ? lines[i].substr(1) : lines[i]) + "\n";
    return text;
}

} // namespace

TEST_CASE("example configuration: it loads as it is, with all its files, and warns of nothing") {
    const Loaded loaded = load_file(ROUNDABOUT_SOURCE "/etc/roundabout.toml");
    CHECK(texts(loaded.problems()).empty());
    CHECK(texts(loaded.warnings).empty());
}

TEST_CASE("example configuration: each commented-out key, and each block of them, is right") {
    const auto blocks = commented_blocks();
    CHECK(blocks.size() > 20);
    for (const auto& [first, past] : blocks) {
        std::set<std::size_t> enabled;
        for (std::size_t i = first; i < past; ++i)
            enabled.insert(i);
        const std::string where = "lines from " + std::to_string(first + 1);
        CAPTURE(where);
        CHECK(errors_of(text_with(enabled)).empty());
        CHECK(warnings_of(text_with(enabled)).empty());
    }
}

TEST_CASE("example configuration: all commented-out keys together are right") {
    std::set<std::size_t> enabled;
    for (const auto& [first, past] : commented_blocks()) {
        for (std::size_t i = first; i < past; ++i)
            enabled.insert(i);
    }
    for (const std::string& error : errors_of(text_with(enabled)))
        MESSAGE(error);
    CHECK(errors_of(text_with(enabled)).empty());
}

TEST_CASE("example configuration: the commented-out top keys show the defaults") {
    const Config config = good(text_with({}));
    std::set<std::size_t> top;
    const auto lines = example_lines();
    for (std::size_t i = 0; i < lines.size() && lines[i] != "[[listen]]"; ++i) {
        if (is_commented_out(lines[i]) && !lines[i].starts_with("#name_servers"))
            top.insert(i);
    }
    REQUIRE(top.size() > 5);
    const Config shown = good(text_with(top));
    CHECK(shown.strict_host == config.strict_host);
    CHECK(shown.strict_client == config.strict_client);
    CHECK(shown.unknown_source == config.unknown_source);
    CHECK(shown.default_transport == config.default_transport);
    CHECK(shown.ack_target == config.ack_target);
    CHECK(shown.contact_host == config.contact_host);
    CHECK(shown.workers == config.workers);
    CHECK(shown.park == config.park);
    CHECK(shown.drain == config.drain);
}
