#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::ctl {

/// Rows in columns that are as wide as the first rows need; the rest streams, however long it is.
class Table {
  public:
    explicit Table(std::ostream& out)
        : out_(out) {}

    /// One row, as many cells as the first one had. The first one is the head.
    void add(std::vector<std::string> cells);
    /// Writes what is still held back. A head that comes after begins a table anew.
    void finish();
    [[nodiscard]] bool empty() const noexcept { return held_.empty() && !streaming_; }

  private:
    void write(const std::vector<std::string>& cells);

    std::ostream& out_;
    std::vector<std::vector<std::string>> held_; ///< the first rows, until the widths are known
    std::vector<std::size_t> widths_;
    bool streaming_ = false;
};

/// Writes text and spaces after it, up to that many characters of UTF-8.
void pad(std::ostream& out, std::string_view text, std::size_t width);

/// How many characters UTF-8 text has.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// Control characters as '?': what a client sent must not steer the operator's terminal.
[[nodiscard]] std::string harmless(std::string_view text);

} // namespace roundabout::ctl
