#pragma once

#include "admin/protocol.hpp"
#include "roundabout-ctl/table.hpp"

#include <iosfwd>
#include <string>

namespace roundabout::ctl {

/// Writes answers: JSON, or for people: a table for list, servers, flows and listeners, all fields
/// for show, names and numbers for stats, sentences for explain. What trace shows is not for it.
class Printer {
  public:
    Printer(std::ostream& out, admin::Command command, bool json);

    void print(const admin::Response& response);
    /// Writes what is still held back.
    void finish();

  private:
    void print_row(const admin::BindingRow& row);
    void print_details(const admin::BindingRow& row);
    void print_statistics(const admin::Statistics& statistics);
    void print_record(const admin::Record& record);

    std::ostream& out_;
    admin::Command command_;
    bool json_;
    Table table_;
    std::string last_kind_; ///< of the records before
    bool several_details_ = false;
};

} // namespace roundabout::ctl
