#include "sip/row_copy.hpp"

#include "base/ascii.hpp"
#include "sip/grammar.hpp"

namespace roundabout::sip {

namespace {

/// A bare LF ends a row too, as index_message() has it: the row is whole, and gets its CRLF here.
std::string_view without_line_end(std::string_view line) noexcept {
    if (line.ends_with('\n'))
        line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    return line;
}

} // namespace

bool is_one_line(std::string_view text) noexcept {
    if (text.find('\0') != std::string_view::npos && grammar::has_stray_nul(text))
        return false;
    std::size_t at = 0;
    while ((at = text.find_first_of("\r\n", at)) != std::string_view::npos) {
        const bool fold =
            text.substr(at, 2) == "\r\n" && at + 2 < text.size() && ascii::is_space(text[at + 2]);
        if (!fold)
            return false;
        at += 3;
    }
    return true;
}

std::string_view copyable_row(const Message& message, const HeaderField& field) noexcept {
    const auto row = without_line_end(message.text(field.line));
    return is_one_line(row) ? row : std::string_view();
}

void append_row(std::string& out, const Message& message, const HeaderField& field) {
    const auto row = copyable_row(message, field);
    if (!row.empty())
        out.append(row).append("\r\n");
}

bool append_first_row(std::string& out, const Message& message, HeaderId id) {
    const auto before = out.size();
    if (const auto* field = message.find(id))
        append_row(out, message, *field);
    return out.size() != before;
}

void append_rows(std::string& out, const Message& message, HeaderId id) {
    for (const auto& field : message.headers()) {
        if (field.id == id)
            append_row(out, message, field);
    }
}

} // namespace roundabout::sip
