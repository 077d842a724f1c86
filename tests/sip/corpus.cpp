#include "sip/corpus.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace roundabout::test {
namespace {

[[nodiscard]] std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);)
        parts.push_back(part);
    return parts;
}

[[nodiscard]] std::vector<TortureMessage> load() {
    std::vector<TortureMessage> messages;
    std::istringstream manifest(read_data("torture/manifest.tsv"));
    std::string line;
    std::getline(manifest, line); // the column names
    while (std::getline(manifest, line)) {
        const std::vector<std::string> columns = split(line, '\t');
        REQUIRE(columns.size() > 6);
        messages.push_back({columns[0], read_data("torture/" + columns[0]), columns[5],
                            split(columns[6] == "-" ? "" : columns[6], ',')});
    }
    return messages;
}

} // namespace

std::string read_data(const std::filesystem::path& file) {
    std::ifstream in(std::filesystem::path(ROUNDABOUT_TEST_DATA) / file, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), file.string());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const std::vector<TortureMessage>& torture_messages() {
    static const std::vector<TortureMessage> messages = load();
    return messages;
}

} // namespace roundabout::test
