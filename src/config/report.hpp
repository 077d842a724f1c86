#pragma once

#include "config/problem.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace roundabout::config {

/// What problems call the place of what flags said.
inline constexpr std::string_view command_line = "command line";

/// What the passes over one configuration file share: where each key stands, and what was found.
/// A path names one value: "server[1].domains[0]", counted from 0.
class Report {
  public:
    explicit Report(std::string file)
        : file_(std::move(file)) {}

    /// Notes where `path` stands.
    void place(const std::string& path, Position at) { places_[path] = at; }

    /// `path`, and what is below it, was given by that flag of the command line: its problems name
    /// the flag.
    void given_by(const std::string& path, std::string flag) { flags_[path] = std::move(flag); }

    /// `by_flag` where a flag gave `path`, else `in_file`: what to do about it.
    [[nodiscard]] std::string remedy(const std::string& path, std::string in_file,
                                     std::string by_flag) const {
        return flags_.contains(path) ? std::move(by_flag) : std::move(in_file);
    }

    /// True if the file has that key (its value may be a default otherwise).
    [[nodiscard]] bool is_written(const std::string& path) const { return places_.contains(path); }

    /// True if an error was reported for that very path: what was made of it is a guess, and checks
    /// that build on it would only add noise.
    [[nodiscard]] bool is_faulty(const std::string& path) const { return faulty_.contains(path); }

    /// True if an error was reported for that path or one below it.
    [[nodiscard]] bool is_faulty_below(const std::string& path) const;
    [[nodiscard]] std::size_t error_count() const noexcept { return findings_.errors.size(); }

    /// `path` is shown without its counts; the place is that of the path, or of the nearest path
    /// above it that the file has.
    void error(const std::string& path, std::string message, std::string remedy);
    void warning(const std::string& path, std::string message, std::string remedy);

    [[nodiscard]] const std::string& file() const noexcept { return file_; }

    /// `name` as seen from the folder of the configuration file.
    [[nodiscard]] std::string resolve_file(const std::string& name) const;

    /// All that was found, sorted by place.
    [[nodiscard]] Findings take();

  private:
    [[nodiscard]] Problem problem(const std::string& path, std::string message,
                                  std::string remedy) const;

    std::string file_;
    std::map<std::string, Position, std::less<>> places_;
    std::map<std::string, std::string, std::less<>> flags_;
    std::set<std::string, std::less<>> faulty_;
    Findings findings_;
};

/// `text` in double quotes, cut after 60 characters, control characters as '?': a value in a
/// message.
[[nodiscard]] std::string quoted(std::string_view text);

} // namespace roundabout::config
