#pragma once

#include "config/config.hpp"
#include "config/flags.hpp"
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
    std::vector<DefaultListener> default_listeners; ///< what flags asked for, opened or not

    [[nodiscard]] const Config* config() const noexcept { return std::get_if<Config>(&result); }
    /// Empty exactly if there is a configuration.
    [[nodiscard]] const std::vector<Problem>& problems() const noexcept;
};

/// What a configuration is made from: a file, flags, or both, of which flags win.
struct Source {
    std::string file; ///< empty: there is none
    Flags flags;
    std::string folder;       ///< that flags' file names start at: the working directory
    std::string state_folder; ///< as FlagScene's, where there is no file
    std::string run_folder;
};

/// Reads the file, lays the flags over it, and checks all as load_file() does. `probe` is asked for
/// each place that flags alone would listen at.
[[nodiscard]] Loaded load(const Source& source, const ListenerProbe& probe);

/// Reads `path`, checks it, and checks that the files it names can be read. Relative file names in
/// it start at the folder of `path`. Blocks on the file system; for start, reload and --check.
[[nodiscard]] Loaded load_file(const std::string& path);

/// The same from text, without looking at any file; `file` is what problems call it, and what
/// relative file names start at.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& file);

} // namespace roundabout::config
