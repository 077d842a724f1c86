#pragma once

#include "admin/protocol.hpp"

#include <array>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::ctl {

/// Writes answers: JSON, a table for list, all fields for show, names and numbers for stats. A
/// table's columns are as wide as its first rows need; the rest streams, however long it is.
class Printer {
  public:
    Printer(std::ostream& out, admin::Command command, bool json);

    void print(const admin::Response& response);
    /// Writes what is still held back.
    void finish();

  private:
    static constexpr std::size_t columns = 9;
    using Cells = std::array<std::string, columns>;

    void print_row(const admin::BindingRow& row);
    void print_details(const admin::BindingRow& row);
    void print_statistics(const admin::Statistics& statistics);
    void add_cells(Cells cells);
    void write_cells(const Cells& cells);

    std::ostream& out_;
    admin::Command command_;
    bool json_;
    std::vector<Cells> held_; ///< the first rows, until the widths are known
    std::array<std::size_t, columns> widths_{};
    bool streaming_ = false;
};

/// Control characters as '?': what a client sent must not steer the operator's terminal.
[[nodiscard]] std::string harmless(std::string_view text);

} // namespace roundabout::ctl
