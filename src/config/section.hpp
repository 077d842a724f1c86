#pragma once

#include "config/document.hpp"
#include "config/report.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roundabout::config {

/// One table of the document while it is read. Each reader leaves what it is given alone where the
/// key is absent, and where the value is wrong reports that; it returns true only if it took a
/// value. Which keys exist follows from what was asked for: `finish()` reports all others.
class Section {
  public:
    /// `path` is empty for the top. Both must outlive the section.
    Section(const Table& table, std::string path, Report& report);

    bool text(std::string_view key, std::string& into);
    bool flag(std::string_view key, bool& into);
    /// A list of strings. One string alone is refused, with the brackets as remedy.
    bool texts(std::string_view key, std::vector<std::string>& into);
    /// A file name, made relative to the folder of the configuration file.
    bool file(std::string_view key, std::string& into);
    /// A whole number between the two, both included.
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least,
                                        std::int64_t most);
    /// A number, perhaps with a fraction, between the two, both included.
    std::optional<double> number(std::string_view key, double least, double most);
    /// One of the words, as its position among them.
    std::optional<std::size_t> choice(std::string_view key,
                                      std::span<const std::string_view> words);
    /// A [section]; null if absent or of the wrong kind.
    const Table* table(std::string_view key);
    /// The [[sections]] of that key, in order; none if one of them is of the wrong kind. `example`:
    /// a value for it, where it is better written as a list.
    std::vector<const Table*> tables(std::string_view key, std::string_view example = {});

    /// Reports unknown keys, each with the nearest known one.
    void finish();

    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] std::string path_of(std::string_view key) const;
    [[nodiscard]] Report& report() noexcept { return report_; }
    void error(std::string_view key, std::string message, std::string remedy);
    /// Reports that a key that must be there is not. `example`: a value for it, as in the file.
    void missing(std::string_view key, std::string_view example);

  private:
    const Node* find(std::string_view key);
    void wrong_kind(std::string_view key, const Node& found, std::string_view expected,
                    std::string remedy);
    [[nodiscard]] std::string remedy_for_unknown(std::string_view key) const;

    const Table& table_;
    std::string path_;
    Report& report_;
    std::vector<std::string_view> known_;
};

} // namespace roundabout::config
