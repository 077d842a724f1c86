#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace roundabout::test {

/// The bytes of a file below tests/data; fails the test if there is none.
[[nodiscard]] std::string read_data(const std::filesystem::path& file);

struct TortureMessage {
    std::string file; ///< "rfc4475/wsinv.dat"
    std::string bytes;
    std::string expect;               ///< what a proxy does with it: "forward", "400", "drop" ...
    std::vector<std::string> also_ok; ///< what is right as well
};

/// All messages of RFC 4475 and RFC 5118, in the order of tests/data/torture/manifest.tsv.
[[nodiscard]] const std::vector<TortureMessage>& torture_messages();

} // namespace roundabout::test
