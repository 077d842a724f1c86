#pragma once

#include "config/config.hpp"
#include "config/problem.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roundabout::config {

/// A configuration, or everything that is wrong with it, in the order of the file. `warnings` holds
/// what is allowed but must be said aloud at start (strict_host switched off, for one).
struct Loaded {
    std::variant<Config, std::vector<Problem>> result;
    std::vector<Problem> warnings;

    [[nodiscard]] const Config* config() const noexcept { return std::get_if<Config>(&result); }
    /// Empty exactly if there is a configuration.
    [[nodiscard]] const std::vector<Problem>& problems() const noexcept;
};

/// Reads `path`, checks it, and checks that the files it names can be read. Relative file names in
/// it start at the folder of `path`. Blocks on the file system; for start, reload and --check.
[[nodiscard]] Loaded load_file(const std::string& path);

/// The same from text, without looking at any file; `file` is what problems call it, and what
/// relative file names start at.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& file);

} // namespace roundabout::config
