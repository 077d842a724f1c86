#include "roundabout-ctl/printer.hpp"

#include "roundabout-ctl/records.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace roundabout::ctl {
namespace {

std::string expiry(std::int64_t seconds) {
    return seconds > 0 ? std::to_string(seconds) + " s" : "expired";
}

} // namespace

Printer::Printer(std::ostream& out, admin::Command command, bool json)
    : out_(out)
    , command_(command)
    , json_(json)
    , table_(out) {}

void Printer::print(const admin::Response& response) {
    if (const auto* row = std::get_if<admin::BindingRow>(&response))
        print_row(*row);
    if (const auto* statistics = std::get_if<admin::Statistics>(&response))
        print_statistics(*statistics);
    if (const auto* notice = std::get_if<admin::Notice>(&response))
        out_ << (json_ ? admin::to_json(*notice) : harmless(notice->text)) << '\n';
    if (const auto* record = std::get_if<admin::Record>(&response))
        print_record(*record);
}

void Printer::print_row(const admin::BindingRow& row) {
    if (json_) {
        out_ << admin::to_json(row) << '\n';
    } else if (command_ == admin::Command::show) {
        print_details(row);
    } else {
        if (table_.empty())
            table_.add({"ID", "AOR", "SERVER", "TRANSPORT", "REMOTE", "EXPIRES IN", "REACHABLE",
                        "STORED", "CONTACT"});
        table_.add({row.id, harmless(row.aor), harmless(row.server), row.transport, row.remote,
                    expiry(row.expires_in), row.reachable ? "yes" : "no",
                    row.is_volatile ? "no" : "yes", harmless(row.contact)});
    }
}

void Printer::print_details(const admin::BindingRow& row) {
    const auto lines = std::to_array<std::pair<std::string_view, std::string>>({
        {"id", row.id},
        {"aor", row.aor},
        {"contact", row.contact},
        {"user", row.user},
        {"server", row.server},
        {"transport", row.transport},
        {"remote", row.remote},
        {"local", row.local},
        {"listener", row.listener},
        {"reachable", row.reachable ? "yes" : "no"},
        {"stored", row.is_volatile ? "no: volatile, a restart would forget it" : "yes"},
        {"behind NAT", row.behind_nat ? "yes" : "no"},
        {"NAT holds", row.keepalive == 0 ? "" : std::to_string(row.keepalive) + " s"},
        {"expires in", expiry(row.expires_in)},
        {"registered", std::to_string(row.registered)},
        {"Call-ID", row.call_id},
        {"CSeq", std::to_string(row.cseq)},
        {"instance", row.instance},
        {"reg-id", row.reg_id == 0 ? "" : std::to_string(row.reg_id)},
        {"q", std::to_string(row.q) + "/1000"},
        {"User-Agent", row.user_agent},
    });
    constexpr std::size_t name_width = 12;
    if (std::exchange(several_details_, true))
        out_ << '\n';
    for (const auto& [name, value] : lines) {
        if (value.empty())
            continue;
        pad(out_, name, name_width);
        out_ << harmless(value) << '\n';
    }
}

void Printer::print_statistics(const admin::Statistics& statistics) {
    if (json_) {
        out_ << admin::to_json(statistics) << '\n';
        return;
    }
    std::size_t width = 0;
    for (const auto& [name, value] : statistics)
        width = std::max(width, name.size());
    for (const auto& [name, value] : statistics) {
        pad(out_, harmless(name), width + 2);
        out_ << value << '\n';
    }
}

void Printer::print_record(const admin::Record& record) {
    if (json_) {
        out_ << admin::to_json(record) << std::endl; // whoever reads may wait for this very line
        return;
    }
    if (record.kind != last_kind_ && !last_kind_.empty()) {
        table_.finish();
        out_ << '\n';
    }
    last_kind_ = record.kind;
    if (has_columns(record.kind)) {
        if (table_.empty())
            table_.add(heads_of(record.kind));
        table_.add(cells_of(record));
    } else {
        write_lines(out_, record);
    }
}

void Printer::finish() {
    table_.finish();
    out_.flush();
}

} // namespace roundabout::ctl
