#include "roundabout-ctl/printer.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace roundabout::ctl {
namespace {

constexpr std::size_t held_rows = 200;

/// How many characters UTF-8 text has.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

void pad(std::ostream& out, std::string_view text, std::size_t width) {
    out << text;
    for (std::size_t i = width_of(text); i < width; ++i)
        out << ' ';
}

std::string expiry(std::int64_t seconds) {
    return seconds > 0 ? std::to_string(seconds) + " s" : "expired";
}

} // namespace

std::string harmless(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                        static_cast<unsigned char>(text[i + 1]) < 0xA0; // U+0080 to U+009F
        if (c1)
            ++i;
        out += c1 || byte < 0x20 || byte == 0x7F ? '?' : text[i];
    }
    return out;
}

Printer::Printer(std::ostream& out, admin::Command command, bool json)
    : out_(out)
    , command_(command)
    , json_(json) {}

void Printer::print(const admin::Response& response) {
    if (const auto* row = std::get_if<admin::BindingRow>(&response))
        print_row(*row);
    if (const auto* statistics = std::get_if<admin::Statistics>(&response))
        print_statistics(*statistics);
    if (const auto* notice = std::get_if<admin::Notice>(&response))
        out_ << (json_ ? admin::to_json(*notice) : harmless(notice->text)) << '\n';
}

void Printer::print_row(const admin::BindingRow& row) {
    if (json_) {
        out_ << admin::to_json(row) << '\n';
    } else if (command_ == admin::Command::show) {
        print_details(row);
    } else {
        if (held_.empty() && !streaming_)
            add_cells({"ID", "AOR", "SERVER", "TRANSPORT", "REMOTE", "EXPIRES IN", "REACHABLE",
                       "STORED", "CONTACT"});
        add_cells({row.id, harmless(row.aor), harmless(row.server), row.transport, row.remote,
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
    if (std::exchange(streaming_, true))
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

void Printer::add_cells(Cells cells) {
    if (streaming_)
        return write_cells(cells);
    for (std::size_t i = 0; i < columns; ++i)
        widths_[i] = std::max(widths_[i], width_of(cells[i]));
    held_.push_back(std::move(cells));
    if (held_.size() >= held_rows)
        finish();
}

void Printer::write_cells(const Cells& cells) {
    for (std::size_t i = 0; i + 1 < columns; ++i)
        pad(out_, cells[i], widths_[i] + 2);
    out_ << cells.back() << '\n';
}

void Printer::finish() {
    for (const Cells& cells : std::exchange(held_, {}))
        write_cells(cells);
    streaming_ = true;
    out_.flush();
}

} // namespace roundabout::ctl
