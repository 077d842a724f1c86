#include "roundabout-ctl/table.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace roundabout::ctl {
namespace {

constexpr std::size_t held_rows = 200;

} // namespace

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

void pad(std::ostream& out, std::string_view text, std::size_t width) {
    out << text;
    for (std::size_t i = width_of(text); i < width; ++i)
        out << ' ';
}

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

void Table::add(std::vector<std::string> cells) {
    if (streaming_)
        return write(cells);
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i)
        widths_[i] = std::max(widths_[i], width_of(cells[i]));
    held_.push_back(std::move(cells));
    if (held_.size() < held_rows)
        return;
    for (const auto& row : std::exchange(held_, {}))
        write(row);
    streaming_ = true;
}

void Table::write(const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i + 1 < cells.size(); ++i)
        pad(out_, cells[i], widths_[i] + 2);
    out_ << cells.back() << '\n';
}

void Table::finish() {
    for (const auto& row : std::exchange(held_, {}))
        write(row);
    widths_.clear();
    streaming_ = false;
    out_.flush();
}

} // namespace roundabout::ctl
